# One slip, in decode_yolo: half of the size is forgotten (YO6b).  detect, which calls it, is right.
#: rest = "lucia"

# %% decode_yolo
def decode_yolo(y, img):
    h, w = (img, img) if isinstance(img, int) else img
    n = len(y)
    i, j = np.nonzero(y[..., 0] > 0)
    cells = y[i, j]
    cx, cy = (j + cells[:, 1]) * w / n, (i + cells[:, 2]) * h / n
    bh, bw = cells[:, 3] * h / n, cells[:, 4] * w / n
    boxes = np.stack([cx - bw, cy - bh, cx + bw, cy + bh], axis=1)
    return boxes, cells[:, 0] * cells[:, 5:].max(axis=1), cells[:, 5:].argmax(axis=1)
