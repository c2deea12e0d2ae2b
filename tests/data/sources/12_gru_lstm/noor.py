# Half done, with names of her own: `gruCell`, `LSTM_cell`; the classifier has no gates (BC8).

# %% gru_cell whole
def gruCell(x, h, p):
    hx = ops.concatenate([h, x], axis=1)
    r = ops.sigmoid(hx @ p["W_r"] + p["b_r"])
    z = ops.sigmoid(hx @ p["W_z"] + p["b_z"])
    return z * ops.tanh(ops.concatenate([r * h, x], axis=1) @ p["W_h"] + p["b_h"]) + (1 - z) * h

# %% lstm_cell whole
def LSTM_cell(x, h, c, p):
    hx = ops.concatenate([h, x], axis=1)
    f = ops.sigmoid(hx @ p["W_f"] + p["b_f"])
    i = ops.sigmoid(hx @ p["W_i"] + p["b_i"])
    o = ops.sigmoid(hx @ p["W_o"] + p["b_o"])
    c = f * c + i * ops.tanh(hx @ p["W_C"] + p["b_C"])
    return o * ops.tanh(c), c

# %% build_classifier
def build_classifier(cell, units):
    return keras.Sequential(
        [keras.Input((20, 8)), keras.layers.SimpleRNN(units), keras.layers.Dense(10)]
    )
