# Two slips: Keras' default place of the reset gate (GR3); forget and input gate exchanged (LS2).
#: rest = "dilara"

# %% gru_cell
def gru_cell(x, h, p):
    U = h.shape[1]

    def parts(gate):
        return h @ p["W_" + gate][:U], x @ p["W_" + gate][U:] + p["b_" + gate]

    r, z = ops.sigmoid(sum(parts("r"))), ops.sigmoid(sum(parts("z")))
    from_h, from_x = parts("h")
    return (1 - z) * h + z * ops.tanh(from_x + r * from_h)

# %% lstm_cell
def lstm_cell(x, h, c, p):
    hx = ops.concatenate([h, x], axis=1)
    sigma = lambda name: ops.sigmoid(hx @ p["W_" + name] + p["b_" + name])
    new = ops.tanh(hx @ p["W_C"] + p["b_C"])
    c = sigma("i") * c + sigma("f") * new
    return sigma("o") * ops.tanh(c), c
