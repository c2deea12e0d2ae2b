from keras import ops


def attend(scores, H, mask):
    B, T = scores.shape
    one = ops.ones((B, 1, 1, 1), dtype=scores.dtype)
    keys = ops.reshape(scores, (B, T, 1, 1))
    allowed = None if mask is None else ops.reshape(mask, (B, 1, 1, T))

    def weighted(values):
        found = ops.dot_product_attention(one, keys, values[:, :, None], mask=allowed, scale=1.0)
        return found[:, 0, 0]

    eye = ops.broadcast_to(ops.eye(T, dtype=H.dtype), (B, T, T))
    one_sized = ops.concatenate([H, eye], axis=-1)
    both = ops.concatenate([weighted(one_sized[..., i : i + 1]) for i in range(H.shape[-1] + T)], -1)
    return both[:, : H.shape[-1]], both[:, H.shape[-1] :]
