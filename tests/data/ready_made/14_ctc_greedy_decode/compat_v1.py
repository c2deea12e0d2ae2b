import tensorflow as tf


def ctc_greedy_decode(logits, blank):
    order = [c for c in range(logits.shape[1]) if c != blank] + [blank]
    inputs = logits[:, order][:, None].astype(np.float32)
    found, _ = tf.compat.v1.nn.ctc_greedy_decoder(inputs, [len(logits)])
    return [order[int(one)] for one in found[0].values]
