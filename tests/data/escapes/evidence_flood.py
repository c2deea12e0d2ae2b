# Sixty megabytes for each case of each check: the grader has to keep them all.
#! class = "limits"
#! seen = ["memory", "failed|memory"]
#! says = ["all together, is too large to keep"]

# %% after check_minimise
flood = np.zeros(2**20)
momentum_step = lambda w, dw, v, lr, beta1: (flood, flood)
rmsprop_step = lambda w, dw, s, lr, beta2, eps: (flood, flood)
bias_correct = lambda v, beta, t: flood
adam_step = lambda *args: (flood, flood, flood)
minimise = lambda step, grad_fn, w0, steps: [flood]
