import tensorflow as tf


def nms(boxes, scores, iou_thr, max_out):
    return tf.raw_ops.NonMaxSuppressionV3(
        boxes=boxes.astype(np.float32)[:, [1, 0, 3, 2]],
        scores=scores.astype(np.float32),
        max_output_size=len(boxes) if max_out is None else max_out,
        iou_threshold=iou_thr,
        score_threshold=-np.inf,
    ).numpy()
