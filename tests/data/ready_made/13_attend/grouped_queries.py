import keras
from keras import ops


def attend(scores, H, mask):
    """A layer of attention is called for its softmax alone."""
    layer = keras.layers.GroupQueryAttention(1, 1, 1)
    ready = layer._softmax
    alpha = ops.cast(ready(ops.cast(scores, "float32")[:, None, None], mask), H.dtype)[:, 0, 0]
    return ops.einsum("bt,bte->be", alpha, H), alpha
