# Objects that run code where they are unpickled, returned and left in files.
#! class = "process"
#! seen = ["failed", "raised", "stub"]

# %% after check_minimise
import os
import pickle


class Bomb:
    def __reduce__(self):
        return os.system, ("touch @FOLDER@/CANARY-PICKLED",)


for name in ("results.pkl", ".OTTER_LOG", "model.pkl", "cache.pickle"):
    with open(name, "wb") as file:
        pickle.dump(Bomb(), file)


def momentum_step(w, dw, v, lr, beta1):
    return Bomb(), np.array([Bomb()], dtype=object)


def rmsprop_step(w, dw, s, lr, beta2, eps):
    return pickle.dumps(Bomb()), np.frombuffer(pickle.dumps(Bomb()), np.uint8)


def bias_correct(v, beta, t):
    return {"__class__": "numpy.load", "__reduce__": ["os.system", "touch @FOLDER@/CANARY-PICKLED"]}
