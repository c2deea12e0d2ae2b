# Two slips: the loss leaves empty cells out (YO5b), and detect suppresses over all classes (DT1).
#: rest = "lucia"

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    mask = y_true[:, :, :, 0:1]
    return ops.sum(mask * ops.square(y_pred - y_true), axis=(1, 2, 3))

# %% detect
def detect(model, image, score_thr, iou_thr):
    import tensorflow as tf

    boxes, scores, classes = decode_yolo(np.asarray(model(image[None])[0]), image.shape[:2])
    good = np.flatnonzero(scores >= score_thr)
    if not good.size:
        return boxes[good], scores[good], classes[good]
    kept = tf.image.non_max_suppression(boxes[good], scores[good], good.size, iou_thr).numpy()
    return boxes[good[kept]], scores[good[kept]], classes[good[kept]]
