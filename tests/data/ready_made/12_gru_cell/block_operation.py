import tensorflow as tf


def gru_cell(x, h, p):
    x, h = tf.cast(x, "float32"), tf.cast(h, "float32")
    p = {key: tf.cast(value, "float32") for key, value in p.items()}
    U = p["b_r"].shape[0]
    swap = lambda W: tf.concat([W[U:], W[:U]], 0)
    gates = tf.concat([swap(p["W_r"]), -swap(p["W_z"])], 1)
    biases = tf.concat([p["b_r"], -p["b_z"]], 0)
    return tf.raw_ops.GRUBlockCell(
        x=x, h_prev=h, w_ru=gates, w_c=swap(p["W_h"]), b_ru=biases, b_c=p["b_h"]
    ).h
