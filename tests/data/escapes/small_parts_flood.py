# The same from many small values, which take fifty times as much when they are decoded.
#! class = "limits"
#! seen = ["failed|memory", "raised|memory"]

# %% after check_minimise
flood = [[]] * 60_000
momentum_step = lambda w, dw, v, lr, beta1: (flood, v)
rmsprop_step = lambda w, dw, s, lr, beta2, eps: (flood, s)
bias_correct = lambda v, beta, t: flood
adam_step = lambda *args: (flood,)
minimise = lambda step, grad_fn, w0, steps: flood
