# The name that is missing is an expression that takes a regular-expression engine for ever.
#! class = "readers"
#! seen = ["missing", "stub"]
#! says = ["`momentum_step` is not defined"]
#! experiment = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

# %% after check_minimise
from autograder.guest.worker import MissingName


def momentum_step(w, dw, v, lr, beta1):
    raise MissingName("(a|a|a*)*$")


def rmsprop_step(w, dw, s, lr, beta2, eps):
    raise MissingName("([")


def bias_correct(v, beta, t):
    raise MissingName("x" * 10**7)
