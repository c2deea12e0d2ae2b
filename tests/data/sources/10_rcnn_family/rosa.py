# roi_max_pool raises for small regions: some bins are empty. The ratio is applied to one side (RC2).
# A softmax over all anchors of a cell (BR1).
#: rest = "ada"

# %% roi_max_pool
def roi_max_pool(feat, rois, out, scale):
    oh, ow = (out, out) if isinstance(out, int) else out
    pooled = np.zeros((len(rois), oh, ow, feat.shape[2]))
    for r, (x1, y1, x2, y2) in enumerate(np.round(rois * scale).astype(int)):
        ys = y1 + np.arange(oh + 1) * (y2 - y1) // oh
        xs = x1 + np.arange(ow + 1) * (x2 - x1) // ow
        for i in range(oh):
            for j in range(ow):
                pooled[r, i, j] = feat[ys[i]:ys[i + 1], xs[j]:xs[j + 1]].max(axis=(0, 1))
    return pooled

# %% generate_anchors
def generate_anchors(Hf, Wf, stride, scales, ratios):
    anchors = []
    for i in range(Hf):
        for j in range(Wf):
            for s in scales:
                for r in ratios:
                    x, y = stride * (j + 0.5), stride * (i + 0.5)
                    anchors.append([x - s / 2, y - s * r / 2, x + s / 2, y + s * r / 2])
    return np.array(anchors)

# %% build_rpn
def build_rpn(features, n_anchors, filters):
    x = layers.Conv2D(filters, (3, 3), padding="same", activation="relu")(features.output)
    scores = layers.Conv2D(n_anchors * 2, (1, 1), activation="softmax")(x)
    deltas = layers.Conv2D(n_anchors * 4, (1, 1))(x)
    scores, deltas = layers.Reshape((-1, 2))(scores), layers.Reshape((-1, 4))(deltas)
    return keras.Model(inputs=features.input, outputs=[scores, deltas])
