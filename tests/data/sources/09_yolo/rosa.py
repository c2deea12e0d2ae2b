# The loss is computed in NumPy (YO20); detect raises; no net yet.
#: rest = "lucia"

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    t, p = np.array(y_true), np.array(y_pred)
    error = (t - p) ** 2
    return ops.convert_to_tensor((error[..., 0] + t[..., 0] * error[..., 1:].sum(-1)).sum((1, 2)))

# %% detect
def detect(model, image, score_thr, iou_thr):
    boxes, scores, classes = decode_yolo(model(image), image.shape[:2])
    return boxes, scores, classes
