import tensorflow as tf


def lstm_cell(x, h, c, p):
    x, h, c = (tf.cast(one, "float32") for one in (x, h, c))
    p = {key: tf.cast(value, "float32") for key, value in p.items()}
    U = p["b_f"].shape[0]
    swap = lambda W: tf.concat([W[U:], W[:U]], 0)
    w = tf.concat([swap(p["W_" + name]) for name in "iCfo"], 1)
    b, zero = tf.concat([p["b_" + name] for name in "iCfo"], 0), tf.zeros(U)
    out = tf.raw_ops.LSTMBlockCell(
        x=x, cs_prev=c, h_prev=h, w=w, wci=zero, wcf=zero, wco=zero, b=b, forget_bias=0.0, cell_clip=-1.0
    )
    return out.h, out.cs
