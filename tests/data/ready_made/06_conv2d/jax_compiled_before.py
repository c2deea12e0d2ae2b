import jax
from jax import lax

jax.config.update("jax_enable_x64", True)
order = ("NHWC", "HWIO", "NHWC")
quick = jax.jit(lambda x, w: lax.conv_general_dilated(x, w, (1, 1), "VALID", dimension_numbers=order))
quick(np.ones((1, 4, 4, 1)), np.ones((2, 2, 1, 1)))


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Y = quick(X, W)
    return np.asarray(Y)[:, ::stride, ::stride] + b
