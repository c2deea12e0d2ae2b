# Everything right, close to the notes.
#: executed = true

# %% dense_to_conv
def dense_to_conv(W, b, in_shape):
    h, w, c = in_shape
    return W.reshape(h, w, c, len(b)), b

# %% convolutionalise
def convolutionalise(model):
    channels = model.input_shape[3]
    inputs = keras.Input(shape=(None, None, channels))
    x = inputs
    for layer in model.layers:
        kind = layer.__class__.__name__
        if kind == "Flatten":
            shape = layer.input.shape[1:]
        elif kind == "Dense":
            W, b = layer.get_weights()
            kernel, bias = dense_to_conv(W, b, tuple(shape))
            conv = keras.layers.Conv2D(len(b), shape[:2], activation=layer.activation)
            x = conv(x)
            conv.set_weights([kernel, bias])
            shape = (1, 1, len(b))
        else:
            x = layer(x)
    return keras.Model(inputs, x)

# %% sliding_window
def sliding_window(model, image, win, stride):
    if isinstance(win, int):
        win = (win, win)
    h, w = win
    H, W, _ = image.shape
    answers = []
    for y in range(0, H - h + 1, stride):
        row = [image[y:y + h, x:x + w] for x in range(0, W - w + 1, stride)]
        answers.append(ops.convert_to_numpy(model(np.array(row))))
    return np.array(answers)

# %% iou
def iou(a, b):
    x1, y1 = max(a[0], b[0]), max(a[1], b[1])
    x2, y2 = min(a[2], b[2]), min(a[3], b[3])
    intersection = max(x2 - x1, 0) * max(y2 - y1, 0)
    if intersection == 0:
        return 0.0
    area_a = (a[2] - a[0]) * (a[3] - a[1])
    area_b = (b[2] - b[0]) * (b[3] - b[1])
    return intersection / (area_a + area_b - intersection)

# %% iou_matrix
def iou_matrix(A, B):
    result = np.zeros((len(A), len(B)))
    for i in range(len(A)):
        for j in range(len(B)):
            result[i, j] = iou(A[i], B[j])
    return result

# %% nms
def nms(boxes, scores, iou_thr, max_out):
    order = list(np.argsort(-scores))
    kept = []
    while order:
        best = order.pop(0)
        kept.append(int(best))
        order = [other for other in order if iou(boxes[best], boxes[other]) <= iou_thr]
    return kept if max_out is None else kept[:max_out]

# %% multiclass_nms
def multiclass_nms(boxes, scores, classes, score_thr, iou_thr):
    kept = []
    for c in set(classes):
        places = [i for i in range(len(boxes)) if classes[i] == c and scores[i] >= score_thr]
        if places:
            stay = nms(boxes[places], scores[places], iou_thr, None)
            kept += [places[i] for i in stay]
    kept.sort(key=lambda i: scores[i], reverse=True)
    return kept
