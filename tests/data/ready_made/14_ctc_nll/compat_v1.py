import tensorflow as tf


def ctc_nll(log_probs, labels, blank):
    V = log_probs.shape[1]
    order = [c for c in range(V) if c != blank] + [blank]
    places = [[0, i] for i in range(len(labels))]
    values = np.array([order.index(one) for one in labels], np.int32)
    sparse = tf.SparseTensor(np.reshape(places, (-1, 2)).astype(int), values, [1, max(1, len(labels))])
    logits = np.maximum(log_probs[:, order], -1e4)[:, None].astype(np.float32)
    return float(tf.compat.v1.nn.ctc_loss(sparse, logits, [len(log_probs)])[0])
