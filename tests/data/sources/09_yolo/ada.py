# Everything right, close to the notes.
#: executed = true

# %% encode_yolo
def encode_yolo(boxes_xyxy, classes, img, grid=3, n_classes=3):
    if isinstance(img, int):
        img = (img, img)
    H, W = img
    cell_h, cell_w = H / grid, W / grid
    y = np.zeros((grid, grid, 5 + n_classes))
    for box, k in zip(boxes_xyxy, classes):
        x1, y1, x2, y2 = box
        bx, by = (x1 + x2) / 2 / cell_w, (y1 + y2) / 2 / cell_h
        col = min(int(bx), grid - 1)
        row = min(int(by), grid - 1)
        y[row, col, 0] = 1
        y[row, col, 1] = bx - col
        y[row, col, 2] = by - row
        y[row, col, 3] = (y2 - y1) / cell_h
        y[row, col, 4] = (x2 - x1) / cell_w
        y[row, col, 5 + k] = 1
    return y

# %% decode_yolo
def decode_yolo(y, img):
    if isinstance(img, int):
        img = (img, img)
    grid = len(y)
    cell_h, cell_w = img[0] / grid, img[1] / grid
    boxes, scores, classes = [], [], []
    for row in range(grid):
        for col in range(grid):
            p, bx, by, bh, bw = y[row, col, :5]
            c = y[row, col, 5:]
            if p > 0:
                x, yy = (col + bx) * cell_w, (row + by) * cell_h
                w, h = bw * cell_w, bh * cell_h
                boxes.append([x - w / 2, yy - h / 2, x + w / 2, yy + h / 2])
                scores.append(p * c.max())
                classes.append(c.argmax())
    return np.array(boxes).reshape(-1, 4), np.array(scores), np.array(classes, dtype=int)

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    error = (y_true - y_pred) ** 2
    p_loss = error[..., 0]
    box_loss = y_true[..., 0] * ops.sum(error[..., 1:], axis=-1)
    return ops.sum(p_loss + box_loss, axis=[1, 2])

# %% build_yolo
def build_yolo(input_shape):
    return keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(32, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(3),
        keras.layers.Conv2D(64, 3, padding="same", activation="relu"),
        keras.layers.Conv2D(8, 1),
    ])

# %% detect
def detect(model, image, score_thr, iou_thr):
    y = np.array(model(image[None]))[0]
    boxes, scores, classes = decode_yolo(y, image.shape[:2])
    left = [i for i in np.argsort(-scores) if scores[i] >= score_thr]
    kept = []

    def iou(a, b):
        w = max(0, min(a[2], b[2]) - max(a[0], b[0]))
        h = max(0, min(a[3], b[3]) - max(a[1], b[1]))
        return w * h / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h)

    for i in left:
        if all(classes[i] != classes[k] or iou(boxes[i], boxes[k]) <= iou_thr for k in kept):
            kept.append(i)
    return boxes[kept], scores[kept], classes[kept]
