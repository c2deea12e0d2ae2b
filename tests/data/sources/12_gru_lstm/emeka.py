# Follows the notes' words: z keeps the old state (GR1); so no sign changes on the way to Keras (GK1).
#: rest = "dilara"

# %% gru_cell
def gru_cell(x, h, p):
    hx = ops.concatenate([h, x], axis=1)
    r = ops.sigmoid(hx @ p["W_r"] + p["b_r"])
    keep = ops.sigmoid(hx @ p["W_z"] + p["b_z"])  # near 1: h stays
    new = ops.tanh(ops.concatenate([r * h, x], axis=1) @ p["W_h"] + p["b_h"])
    return new + keep * (h - new)

# %% gru_to_keras
def gru_to_keras(p):
    U = p["b_z"].shape[0]
    W = np.hstack([np.asarray(p["W_" + gate]) for gate in "zrh"])
    b = np.hstack([np.asarray(p["b_" + gate]) for gate in "zrh"])
    return [W[U:], W[:U], b]
