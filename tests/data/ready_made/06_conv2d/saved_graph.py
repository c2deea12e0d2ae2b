import tensorflow as tf

with tf.Graph().as_default() as made:
    x, w = (tf.compat.v1.placeholder(tf.float64, [None] * 4, name=name) for name in "xw")
    tf.nn.conv2d(x, w, 1, "VALID", name="y")
saved = made.as_graph_def()


def conv2d(X, W, b, stride, pad):
    if W.shape[0] > min(X.shape[1:3]) + 2 * pad:
        raise ValueError("larger than the pictures")
    X = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    with tf.Graph().as_default() as graph:
        names = ["x:0", "w:0", "y:0"]
        x, w, y = tf.graph_util.import_graph_def(saved, name="", return_elements=names)
        with tf.compat.v1.Session(graph=graph) as session:
            Y = session.run(y, {x: X, w: W})
    return np.asarray(Y)[:, ::stride, ::stride] + b
