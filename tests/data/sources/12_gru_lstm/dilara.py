# Everything right but the two networks, which she did not get to.

# %% gru_cell
def gru_cell(x, h, p):
    hx = ops.concatenate([h, x], axis=1)
    r = ops.sigmoid(ops.matmul(hx, p["W_r"]) + p["b_r"])
    z = ops.sigmoid(ops.matmul(hx, p["W_z"]) + p["b_z"])
    rhx = ops.concatenate([ops.multiply(r, h), x], axis=1)
    new_memory = ops.tanh(ops.matmul(rhx, p["W_h"]) + p["b_h"])
    return ops.multiply(z, new_memory) + ops.multiply(1 - z, h)

# %% lstm_cell
def lstm_cell(x, h, c, p):
    hx = ops.concatenate([h, x], axis=1)
    f, i, o = (ops.sigmoid(ops.matmul(hx, p[f"W_{g}"]) + p[f"b_{g}"]) for g in ("f", "i", "o"))
    new_memory = ops.tanh(ops.matmul(hx, p["W_C"]) + p["b_C"])
    c = ops.multiply(f, c) + ops.multiply(i, new_memory)
    return ops.multiply(o, ops.tanh(c)), c

# %% run_gru
def run_gru(X, h0, p):
    B, T, D = X.shape
    h = h0
    H = []
    for t in range(T):
        h = gru_cell(X[:, t], h, p)
        H += [ops.expand_dims(h, 1)]
    return ops.concatenate(H, axis=1)

# %% run_lstm
def run_lstm(X, h0, c0, p):
    B, T, D = X.shape
    h, c = h0, c0
    H = []
    for t in range(T):
        h, c = lstm_cell(X[:, t], h, c, p)
        H += [ops.expand_dims(h, 1)]
    return ops.concatenate(H, axis=1)

# %% gru_to_keras
def gru_to_keras(p):
    U = p["b_h"].shape[0]
    W = np.concatenate([-np.asarray(p["W_z"]), p["W_r"], p["W_h"]], axis=1)
    b = np.concatenate([-np.asarray(p["b_z"]), p["b_r"], p["b_h"]])
    return [W[U:, :], W[:U, :], b]
