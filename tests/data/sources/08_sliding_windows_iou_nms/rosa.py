# iou divides by the smaller box (IO5); sliding_window cuts out nothing and raises.
#: rest = "ada"

# %% sliding_window
def sliding_window(model, image, win, stride):
    h, w = win
    return np.array([[model(image[None, y:y + h, x:x + w])[0] for x in range(0, image.shape[1], stride)] for y in range(0, image.shape[0], stride)])

# %% iou
def iou(a, b):
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    if w <= 0 or h <= 0:
        return 0.0
    return w * h / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
