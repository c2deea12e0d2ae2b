# The net ends in a sigmoid (YO8); nine looks instead of one (YO9).  The rest is right.
#: rest = "ada"

# %% build_yolo
def build_yolo(input_shape):
    model = keras.Sequential([keras.Input(input_shape)])
    for filters, pool in ((16, 2), (32, 2), (48, 3)):
        model.add(keras.layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(keras.layers.MaxPooling2D(pool))
    model.add(keras.layers.Conv2D(8, 1, activation="sigmoid"))
    return model

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
