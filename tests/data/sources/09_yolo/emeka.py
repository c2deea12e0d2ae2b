# One slip, in encode_yolo: width before height (YO2).  build_yolo is a stub.
#: rest = "lucia"

# %% encode_yolo
def encode_yolo(boxes_xyxy, classes, img, grid=3, n_classes=3):
    h, w = (img, img) if isinstance(img, int) else img
    out = np.zeros((grid, grid, 5 + n_classes))
    for (x1, y1, x2, y2), c in zip(boxes_xyxy, classes):
        cx, cy = (x1 + x2) * grid / (2 * w), (y1 + y2) * grid / (2 * h)
        i, j = min(int(cy), grid - 1), min(int(cx), grid - 1)
        out[i, j, :5] = [1, cx - j, cy - i, (x2 - x1) * grid / w, (y2 - y1) * grid / h]
        out[i, j, 5 + c] = 1
    return out
