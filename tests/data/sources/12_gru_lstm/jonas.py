# A bracket is missing in the cell of lstm_cell; run_lstm, which calls it, is right.
#: rest = "dilara"

# %% lstm_cell
def lstm_cell(x, h, c, p):
    hx = ops.concatenate([h, x], axis=1)
    f = ops.sigmoid(hx @ p["W_f"] + p["b_f"]
    i = ops.sigmoid(hx @ p["W_i"] + p["b_i"])
    o = ops.sigmoid(hx @ p["W_o"] + p["b_o"])
    c = f * c + i * ops.tanh(hx @ p["W_C"] + p["b_C"])
    return o * ops.tanh(c), c
