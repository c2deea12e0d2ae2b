# One slip, in bias_correct: β·t for β to the power t (BC2).  Adam, which uses it, is right.
#: rest = "ada"
#: executed = true

# %% bias_correct
def bias_correct(v, beta, t):
    factor = 1 / (1 - t * beta)
    return factor * v
