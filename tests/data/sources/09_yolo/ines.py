# Sizes are parts of the picture (YO6), nine looks instead of one (YO9); no net yet.
#: rest = "lucia"

# %% encode_yolo
def encode_yolo(boxes_xyxy, classes, img, grid=3, n_classes=3):
    H, W = (img, img) if isinstance(img, int) else img
    y = np.zeros((grid, grid, 5 + n_classes))
    for k, (x1, y1, x2, y2) in enumerate(boxes_xyxy):
        bx, by, bh, bw = (x1 + x2) / 2 / W, (y1 + y2) / 2 / H, (y2 - y1) / H, (x2 - x1) / W
        col, row = min(int(grid * bx), grid - 1), min(int(grid * by), grid - 1)
        y[row, col, 0:5] = 1, grid * bx - col, grid * by - row, bh, bw
        y[row, col, 5 + classes[k]] = 1
    return y

# %% detect
def detect(model, image, score_thr, iou_thr):
    import tensorflow as tf

    h, w = image.shape[0] // 3, image.shape[1] // 3
    y = np.zeros((3, 3, 8))
    for i in range(3):
        for j in range(3):
            piece = image[i * h:(i + 1) * h, j * w:(j + 1) * w]
            y[i, j] = model(piece[None])[0, 0, 0]
    boxes, scores, classes = decode_yolo(y, image.shape[:2])
    kept = []
    for c in range(3):
        own = [i for i in range(len(scores)) if classes[i] == c and scores[i] >= score_thr]
        if own:
            stay = tf.image.non_max_suppression(boxes[own], scores[own], len(own), iou_thr)
            kept += [own[i] for i in stay.numpy()]
    kept.sort(key=lambda i: -scores[i])
    return boxes[kept], scores[kept], classes[kept]
