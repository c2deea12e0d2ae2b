# The net ends in a dense layer (YO10); the loss is computed in NumPy (YO20); detect raises.
#: rest = "ada"

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    t, p = np.array(y_true), np.array(y_pred)
    error = (t - p) ** 2
    return ops.convert_to_tensor((error[..., 0] + t[..., 0] * error[..., 1:].sum(-1)).sum((1, 2)))

# %% build_yolo
def build_yolo(input_shape):
    return keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(72),
        keras.layers.Reshape((3, 3, 8)),
    ])

# %% detect
def detect(model, image, score_thr, iou_thr):
    boxes, scores, classes = decode_yolo(model(image), image.shape[:2])
    return boxes, scores, classes
