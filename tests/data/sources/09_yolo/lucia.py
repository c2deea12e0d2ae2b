# Everything right but the net, a stub; cells out of order, and one of her own fails.
#: executed = true
#: move = [["encode_yolo", "check_detect"]]

# %% after setup
decode_yolo(np.zeros((3, 3, 8)), 36)  # defined further down, I ran that first

# %% encode_yolo
def encode_yolo(boxes_xyxy, classes, img, grid=3, n_classes=3):
    h, w = (img, img) if isinstance(img, int) else img
    out = np.zeros((grid, grid, 5 + n_classes))
    for (x1, y1, x2, y2), c in zip(boxes_xyxy, classes):
        cx, cy = (x1 + x2) * grid / (2 * w), (y1 + y2) * grid / (2 * h)
        i, j = min(int(cy), grid - 1), min(int(cx), grid - 1)
        out[i, j, :5] = [1, cx - j, cy - i, (y2 - y1) * grid / h, (x2 - x1) * grid / w]
        out[i, j, 5 + c] = 1
    return out

# %% decode_yolo
def decode_yolo(y, img):
    h, w = (img, img) if isinstance(img, int) else img
    n = len(y)
    i, j = np.nonzero(y[..., 0] > 0)
    cells = y[i, j]
    cx, cy = (j + cells[:, 1]) * w / n, (i + cells[:, 2]) * h / n
    bh, bw = cells[:, 3] * h / n, cells[:, 4] * w / n
    boxes = np.stack([cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2], axis=1)
    return boxes, cells[:, 0] * cells[:, 5:].max(axis=1), cells[:, 5:].argmax(axis=1)

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    d = ops.square(y_true - y_pred)
    return ops.sum(d[..., 0], axis=(1, 2)) + ops.sum(y_true[..., :1] * d[..., 1:], axis=(1, 2, 3))

# %% detect
def detect(model, image, score_thr, iou_thr):
    import tensorflow as tf

    boxes, scores, classes = decode_yolo(np.asarray(model(image[None])[0]), image.shape[:2])
    kept = np.zeros(0, dtype=int)
    for c in set(classes.tolist()):
        own = np.where((classes == c) & (scores >= score_thr))[0]
        if len(own):
            best = tf.image.non_max_suppression(boxes[own], scores[own], len(own), iou_thr)
            kept = np.append(kept, own[best.numpy()])
    kept = kept[np.argsort(scores[kept])[::-1]]
    return boxes[kept], scores[kept], classes[kept]
