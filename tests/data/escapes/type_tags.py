# Values that name a type or function, for decoders which look it up.
#! class = "wire"
#! seen = ["failed", "raised", "stub"]

# %% after check_minimise
def momentum_step(w, dw, v, lr, beta1):
    return {"type": "load", "value": "@FOLDER@/CANARY"}, {"py/object": "os.system", "args": ["true"]}


def rmsprop_step(w, dw, s, lr, beta2, eps):
    return {"__numpy__": True, "dtype": "O", "data": "CANARY"}, "!!python/object/apply:os.system [true]"


class load(np.ndarray):
    pass


def bias_correct(v, beta, t):
    return np.zeros(np.shape(v)).view(load)
