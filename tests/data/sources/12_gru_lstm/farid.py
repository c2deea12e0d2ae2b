# Two slips: the notes' odd bracket taken at its word (LS1); run_lstm forgets the memory (RN4).
#: rest = "dilara"

# %% lstm_cell
def lstm_cell(x, h, c, p):
    hx = ops.concatenate([h, x], axis=1)
    U = h.shape[1]
    f = ops.sigmoid(h @ p["W_f"][:U] + x @ p["W_f"][U:] + p["b_f"])
    i = ops.sigmoid(h @ p["W_i"][:U] + x @ p["W_i"][U:] + p["b_i"])
    o = ops.sigmoid(h @ p["W_o"][:U] + x @ p["W_o"][U:] + p["b_o"])
    c_new = f * c + i * (ops.tanh(hx @ p["W_C"]) + p["b_C"])
    return o * ops.tanh(c_new), c_new

# %% run_lstm
def run_lstm(X, h0, c0, p):
    states = []
    h = h0
    for x in ops.unstack(X, axis=1):
        h = lstm_cell(x, h, c0, p)[0]
        states.append(h)
    return ops.stack(states, axis=1)
