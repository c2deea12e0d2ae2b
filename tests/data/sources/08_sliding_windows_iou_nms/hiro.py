# Two slips: the last windows are missing (SL1), and boxes without area lead to 0/0 (IM5).
#: rest = "bao"

# %% sliding_window
def sliding_window(model, image, win, stride):
    h, w = (win, win) if type(win) is int else win
    rows = []
    y = 0
    while y < image.shape[0] - h:
        row, x = [], 0
        while x < image.shape[1] - w:
            row.append(model(image[None, y:y + h, x:x + w])[0])
            x += stride
        rows.append(row)
        y += stride
    return np.array(rows)

# %% iou_matrix
def iou_matrix(A, B):
    lo = np.maximum(A[:, None, :2], B[:, :2])
    hi = np.minimum(A[:, None, 2:], B[:, 2:])
    inter = np.prod(np.where(hi > lo, hi - lo, 0), axis=-1)
    sizes_a = np.prod(A[:, 2:] - A[:, :2], axis=1)[:, None]
    sizes_b = np.prod(B[:, 2:] - B[:, :2], axis=1)
    return inter / (sizes_a + sizes_b - inter)
