import tensorflow as tf

shapes = [((None, 4), tf.float32), ((None,), tf.float32), ((), tf.int32), ((), tf.float32)]


@tf.function(input_signature=[tf.TensorSpec(*one) for one in shapes])
def chosen(boxes, scores, most, threshold):
    return tf.image.non_max_suppression(boxes, scores, most, threshold)


chosen = chosen.get_concrete_function()


def nms(boxes, scores, iou_thr, max_out):
    most = len(boxes) if max_out is None else max_out
    single = [tf.constant(one, tf.float32) for one in (boxes[:, [1, 0, 3, 2]], scores, iou_thr)]
    return chosen(*single[:2], tf.constant(most), single[2]).numpy()
