# Names of her own: `encodeYolo`, `loss`; decode_yolo gives centre and size; two stubs.

# %% encode_yolo whole
def encodeYolo(boxes_xyxy, classes, img, grid=3, n_classes=3):
    return np.zeros((grid, grid, 5 + n_classes))

# %% decode_yolo
def decode_yolo(y, img):
    h, w = (img, img) if isinstance(img, int) else img
    n = len(y)
    i, j = np.nonzero(y[..., 0] > 0)
    cells = y[i, j]
    boxes = np.stack(
        [
            (j + cells[:, 1]) * w / n,
            (i + cells[:, 2]) * h / n,
            cells[:, 4] * w / n,
            cells[:, 3] * h / n,
        ],
        axis=1,
    )
    return boxes, cells[:, 0] * cells[:, 5:].max(axis=1), cells[:, 5:].argmax(axis=1)

# %% yolo_loss whole
def loss(y_true, y_pred):
    d = ops.square(y_true - y_pred)
    return ops.sum(d[..., 0], axis=(1, 2)) + ops.sum(y_true[..., :1] * d[..., 1:], axis=(1, 2, 3))
