# Everything right, gru_cell in float32; cells out of order, one of her own fails.
#: rest = "ada"
#: executed = true
#: move = [["gru_to_keras", "setup"], ["gru_cell", "check_run_lstm"]]

# %% gru_cell
def gru_cell(x, h, p):
    x, h = ops.cast(x, "float32"), ops.cast(h, "float32")
    p = {name: ops.cast(value, "float32") for name, value in p.items()}
    hx = ops.concatenate([h, x], axis=-1)
    r = ops.sigmoid(hx @ p["W_r"] + p["b_r"])
    z = ops.sigmoid(hx @ p["W_z"] + p["b_z"])
    return z * ops.tanh(ops.concatenate([r * h, x], axis=-1) @ p["W_h"] + p["b_h"]) + (1 - z) * h

# %% after check_lstm_cell
gru_cell(ops.ones((1, 2)), ops.zeros((1, 3)), {})  # defined further down, I ran that first

# %% note after check_gru_to_keras
# **Question:** why does Keras have it the other way round?
