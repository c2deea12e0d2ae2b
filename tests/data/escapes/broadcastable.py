# Empty and one-element arrays, which broadcast to whatever is wanted.
#! class = "wire"
#! seen = ["failed", "raised"]

# %% after check_minimise
momentum_step = lambda w, dw, v, lr, beta1: (np.zeros((0,)), np.zeros((1, 1, 1)))
rmsprop_step = lambda w, dw, s, lr, beta2, eps: (np.zeros((0, 3)), np.zeros(()))
bias_correct = lambda v, beta, t: np.zeros((0,) * 20)
adam_step = lambda *args: ([], [], [])
minimise = lambda step, grad_fn, w0, steps: np.zeros((steps + 1, 0))
