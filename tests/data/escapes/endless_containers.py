# Lists in themselves, and values of a million parts.
#! class = "wire"
#! seen = ["raised", "stub"]

# %% after check_minimise
loop = []
loop.append(loop)
ring = {}
ring["ring"] = ring
momentum_step = lambda w, dw, v, lr, beta1: (loop, loop)
rmsprop_step = lambda w, dw, s, lr, beta2, eps: (ring, [[]] * 300_000)
bias_correct = lambda v, beta, t: {str(n): n for n in range(300_000)}
