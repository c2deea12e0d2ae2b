# Everything right, close to the notebook's formulas.
#: executed = true

# %% propose_regions
def propose_regions(image, thr):
    bright = image.max(axis=2) > thr
    H, W = bright.shape
    seen = np.zeros((H, W), dtype=bool)
    boxes = []
    for y0 in range(H):
        for x0 in range(W):
            if not bright[y0, x0] or seen[y0, x0]:
                continue
            stack = [(y0, x0)]
            seen[y0, x0] = True
            x1, y1, x2, y2 = x0, y0, x0, y0
            while stack:
                y, x = stack.pop()
                x1, y1, x2, y2 = min(x1, x), min(y1, y), max(x2, x), max(y2, y)
                for v, u in [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)]:
                    if 0 <= v < H and 0 <= u < W and bright[v, u] and not seen[v, u]:
                        seen[v, u] = True
                        stack.append((v, u))
            boxes.append([float(x1), float(y1), float(x2 + 1), float(y2 + 1)])
    return np.array(boxes).reshape(len(boxes), 4)

# %% crop_and_resize
def crop_and_resize(image, rois, size):
    if isinstance(size, int):
        size = (size, size)
    h, w = size
    result = np.zeros((len(rois), h, w, image.shape[2]))
    for k in range(len(rois)):
        x1, y1, x2, y2 = [int(v) for v in rois[k]]
        crop = image[y1:y2, x1:x2]
        n, m = crop.shape[:2]
        s = np.clip((np.arange(h) + 0.5) * n / h - 0.5, 0, n - 1)
        t = np.clip((np.arange(w) + 0.5) * m / w - 0.5, 0, m - 1)
        s0, t0 = np.floor(s).astype(int), np.floor(t).astype(int)
        s1, t1 = np.minimum(s0 + 1, n - 1), np.minimum(t0 + 1, m - 1)
        a, b = (s - s0)[:, None, None], (t - t0)[None, :, None]
        top = crop[s0][:, t0] * (1 - b) + crop[s0][:, t1] * b
        bottom = crop[s1][:, t0] * (1 - b) + crop[s1][:, t1] * b
        result[k] = top * (1 - a) + bottom * a
    return result

# %% svm_loss
def svm_loss(W, b, X, Y, C):
    N = X.shape[0]
    margins = Y * (X @ W + b)
    pays = margins < 1
    loss = 0.5 * np.sum(W ** 2) + C / N * np.sum(np.where(pays, 1 - margins, 0))
    G = np.where(pays, -Y, 0) * C / N
    return loss, W + X.T @ G, G.sum(axis=0)

# %% roi_max_pool
def roi_max_pool(feat, rois, out, scale):
    if isinstance(out, int):
        out = (out, out)
    oh, ow = out
    pooled = np.zeros((len(rois), oh, ow, feat.shape[2]))
    for r, roi in enumerate(rois):
        x1, y1, x2, y2 = np.rint(roi * scale).astype(int)
        h, w = y2 - y1, x2 - x1
        for i in range(oh):
            a, b = y1 + i * h // oh, y1 + ((i + 1) * h + oh - 1) // oh
            for j in range(ow):
                c, d = x1 + j * w // ow, x1 + ((j + 1) * w + ow - 1) // ow
                pooled[r, i, j] = feat[a:b, c:d].max(axis=(0, 1))
    return pooled

# %% generate_anchors
def generate_anchors(Hf, Wf, stride, scales, ratios):
    anchors = []
    for i in range(Hf):
        for j in range(Wf):
            cx, cy = (j + 0.5) * stride, (i + 0.5) * stride
            for s in scales:
                for r in ratios:
                    w, h = s / np.sqrt(r), s * np.sqrt(r)
                    anchors.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
    return np.array(anchors)

# %% encode_deltas
def encode_deltas(anchors, gt):
    wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    w, h = gt[:, 2] - gt[:, 0], gt[:, 3] - gt[:, 1]
    xa, ya = anchors[:, 0] + wa / 2, anchors[:, 1] + ha / 2
    x, y = gt[:, 0] + w / 2, gt[:, 1] + h / 2
    return np.stack([(x - xa) / wa, (y - ya) / ha, np.log(w / wa), np.log(h / ha)], axis=1)

# %% decode_deltas
def decode_deltas(anchors, d):
    wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    x = anchors[:, 0] + wa / 2 + d[:, 0] * wa
    y = anchors[:, 1] + ha / 2 + d[:, 1] * ha
    w, h = wa * np.exp(d[:, 2]), ha * np.exp(d[:, 3])
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)

# %% match_anchors
def match_anchors(anchors, gt, pos=0.7, neg=0.3):
    labels = -np.ones(len(anchors), dtype=int)
    index = -np.ones(len(anchors), dtype=int)
    if len(gt) == 0:
        return labels + 1, index
    ious = iou_matrix(anchors, gt)
    best = ious.max(axis=1)
    labels[best < neg] = 0
    labels[best >= pos] = 1
    for j in range(len(gt)):
        labels[np.argmax(ious[:, j])] = 1
    index[labels == 1] = ious[labels == 1].argmax(axis=1)
    return labels, index

# %% smooth_l1
def smooth_l1(x, beta=1.0):
    return ops.where(ops.abs(x) < beta, 0.5 * x ** 2 / beta, ops.abs(x) - 0.5 * beta)

# %% rpn_loss
def rpn_loss(labels, deltas_true, logits, deltas_pred):
    counted, positive = (labels != -1).astype(float), (labels == 1).astype(float)
    cross_entropy = ops.softplus(logits) - positive * logits
    loss = ops.sum(counted * cross_entropy) / counted.sum()
    if positive.any():
        boxes = ops.sum(smooth_l1(deltas_pred - deltas_true), axis=1)
        loss = loss + ops.sum(positive * boxes) / positive.sum()
    return loss

# %% build_rpn
def build_rpn(features, n_anchors, filters):
    hidden = layers.Conv2D(filters, 3, padding="same", activation="relu")(features.output)
    objectness = layers.Conv2D(2 * n_anchors, 1)(hidden)
    objectness = layers.Reshape((-1, 2))(objectness)
    objectness = layers.Activation("softmax")(objectness)
    deltas = layers.Reshape((-1, 4))(layers.Conv2D(4 * n_anchors, 1)(hidden))
    return keras.Model(features.input, [objectness, deltas])
