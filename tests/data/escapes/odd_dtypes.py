# Masked, structured, object, text and 128-bit arrays, and matrices.
#! class = "wire"
#! seen = ["failed", "raised", "stub"]

# %% after check_minimise
import itertools

forms = itertools.cycle(
    [
        lambda a: np.ma.masked_all_like(np.asarray(a, float)),
        lambda a: np.asarray(a, object),
        lambda a: np.asarray(a, np.longdouble),
        lambda a: np.asarray(a, "U10"),
        lambda a: np.zeros(np.shape(a), [("x", "f8")]),
        lambda a: np.zeros(np.shape(a), "datetime64[s]"),
        lambda a: np.asarray(a, np.float16),
        lambda a: np.matrix(np.atleast_1d(a)),
    ]
)
momentum_step = lambda w, dw, v, lr, beta1: (next(forms)(w), next(forms)(v))
bias_correct = lambda v, beta, t: next(forms)(v)
