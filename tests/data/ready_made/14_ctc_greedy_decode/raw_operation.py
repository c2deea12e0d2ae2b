import tensorflow as tf


def ctc_greedy_decode(logits, blank):
    order = [c for c in range(logits.shape[1]) if c != blank] + [blank]
    inputs = logits[:, order][:, None].astype(np.float32)
    found = tf.raw_ops.CTCGreedyDecoder(
        inputs=inputs, sequence_length=[len(logits)], merge_repeated=True
    )
    return [order[int(one)] for one in found.decoded_values]
