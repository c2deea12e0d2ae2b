# Two slips: the score is p_c alone (YO7), and the loss counts all numbers of every cell (YO5).
#: rest = "lucia"

# %% decode_yolo
def decode_yolo(y, img):
    h, w = (img, img) if isinstance(img, int) else img
    n = len(y)
    i, j = np.nonzero(y[..., 0] > 0)
    cells = y[i, j]
    cx, cy = (j + cells[:, 1]) * w / n, (i + cells[:, 2]) * h / n
    bh, bw = cells[:, 3] * h / n, cells[:, 4] * w / n
    boxes = np.stack([cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2], axis=1)
    return boxes, cells[:, 0], cells[:, 5:].argmax(axis=1)

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    return ops.sum((y_true - y_pred) ** 2, axis=[1, 2, 3])
