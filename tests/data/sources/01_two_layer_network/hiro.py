# Two slips: the cost is averaged over the outputs too (FB11b), gd_step writes into the caller's
# arrays through a shallow copy (FB12c).
#: rest = "ada"

# %% cross_entropy
def cross_entropy(A2, Y):
    p = np.clip(A2, 1e-12, 1 - 1e-12)
    return np.mean(-(Y * np.log(p)) - (1 - Y) * np.log(1 - p))

# %% gd_step
def gd_step(params, grads, lr):
    # copy, so that the old parameters are safe
    updated = params.copy()
    for key in ["W1", "b1", "W2", "b2"]:
        updated[key] -= lr * grads["d" + key]
    return updated
