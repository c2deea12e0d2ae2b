# An exception with ten megabytes of message, from a thousand frames, caused by others.
#! class = "readers"
#! seen = ["raised", "stub"]

# %% after check_minimise
def momentum_step(w, dw, v, lr, beta1):
    def deep(n):
        try:
            return deep(n - 1) if n else 1 / 0
        except Exception as error:
            raise ValueError("M" * 10**5) from error

    deep(400)


class Endless(Exception):
    def __str__(self):
        raise Endless


def rmsprop_step(w, dw, s, lr, beta2, eps):
    raise Endless


class Large(Exception):
    __str__ = __repr__ = lambda self: "L" * 10**7


def bias_correct(v, beta, t):
    raise ExceptionGroup("g" * 10**5, [Large() for _ in range(100)])
