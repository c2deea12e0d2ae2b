# Lets the libraries do it: `compute_iou` of Keras and TensorFlow's suppression; the rest is right.
#: rest = "ada"

# %% iou
def iou(a, b):
    boxes = [np.asarray(box, dtype="float32")[None] for box in (a, b)]
    return float(keras.utils.bounding_boxes.compute_iou(*boxes, bounding_box_format="xyxy")[0, 0])

# %% nms
def nms(boxes, scores, iou_thr, max_out):
    import tensorflow as tf

    count = len(boxes) if max_out is None else max_out
    return tf.image.non_max_suppression(boxes, scores, count, iou_thr).numpy()
