# One slip, in gru_cell: right numbers, but in NumPy (GR8).  run_gru, which uses it, is right.
#: rest = "dilara"

# %% gru_cell
def gru_cell(x, h, p):
    x, h = np.asarray(x), np.asarray(h)
    p = {name: np.asarray(value) for name, value in p.items()}
    sigmoid = lambda a: 1 / (1 + np.exp(-a))
    hx = np.hstack([h, x])
    r, z = sigmoid(hx @ p["W_r"] + p["b_r"]), sigmoid(hx @ p["W_z"] + p["b_z"])
    return z * np.tanh(np.hstack([r * h, x]) @ p["W_h"] + p["b_h"]) + (1 - z) * h
