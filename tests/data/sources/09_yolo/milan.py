# Two slips: rows and columns exchanged (YO3), and one number for the whole batch (YO18b).
# Saved by a notebook server of 2014, in format 3.
#: rest = "lucia"
#: format = 3

# %% encode_yolo
def encode_yolo(boxes_xyxy, classes, img, grid=3, n_classes=3):
    out = np.zeros((grid, grid, 5 + n_classes))
    h, w = (img, img) if isinstance(img, int) else img
    for box, label in zip(boxes_xyxy, classes):
        x, y = (box[0] + box[2]) / 2 / w * grid, (box[1] + box[3]) / 2 / h * grid
        i, j = min(int(x), grid - 1), min(int(y), grid - 1)
        out[i, j, :5] = [1, x - i, y - j, (box[3] - box[1]) / h * grid, (box[2] - box[0]) / w * grid]
        out[i, j, 5 + label] = 1
    return out

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    d = (y_true - y_pred) ** 2
    return ops.sum(d[..., 0] + y_true[..., 0] * ops.sum(d[..., 1:], axis=-1))
