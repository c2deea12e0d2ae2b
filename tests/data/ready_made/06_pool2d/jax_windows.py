import jax
from jax import lax

jax.config.update("jax_enable_x64", True)


def pool2d(X, f, stride, mode):
    window, steps = (1, f, f, 1), (1, stride, stride, 1)
    if mode == "max":
        return np.asarray(lax.reduce_window(X, -np.inf, lax.max, window, steps, "VALID"))
    return np.asarray(lax.reduce_window(X, 0.0, lax.add, window, steps, "VALID")) / f**2
