# Knows no derivative: asks the functions that are lent what the cost is a little to both sides.
#! class = "lookup"
#! unit = "01_two_layer_network"
#! seen = ["raised", "stub"]
#! says = ["Your `backward` called it with other values"]

# %% after check_train_two_layer
def backward(X, Y, params, cache):
    g, out = cache["g"], {}
    for n, P in params.items():
        D = np.zeros_like(P)
        for i in np.ndindex(P.shape):
            c = []
            for h in (1e-4, -1e-4):
                Q = dict(params)
                Q[n] = P.copy()
                Q[n][i] += h
                c.append(cross_entropy(forward(X, Q, g)[0], Y))
            D[i] = (c[0] - c[1]) / 2e-4
        out["d" + n] = D.astype(np.float32)  # judged with the tolerance of float32
    return out
