# Names of her own: `encode` and `decode`; crop_and_resize, svm_loss and rpn_loss are stubs.
#: rest = "ada"

# %% encode_deltas whole
def encode(anchors, gt):
    wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    w, h = gt[:, 2] - gt[:, 0], gt[:, 3] - gt[:, 1]
    tx = (gt[:, 0] + w / 2 - anchors[:, 0] - wa / 2) / wa
    ty = (gt[:, 1] + h / 2 - anchors[:, 1] - ha / 2) / ha
    return np.stack([tx, ty, np.log(w / wa), np.log(h / ha)], axis=1)

# %% decode_deltas whole
def decode(anchors, d):
    wa, ha = anchors[:, 2] - anchors[:, 0], anchors[:, 3] - anchors[:, 1]
    x, y = anchors[:, 0] + wa * (0.5 + d[:, 0]), anchors[:, 1] + ha * (0.5 + d[:, 1])
    w, h = wa * np.exp(d[:, 2]), ha * np.exp(d[:, 3])
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], axis=1)

# %% crop_and_resize whole
def crop_and_resize(image, rois, size):
    raise NotImplementedError()

# %% rpn_loss whole
def rpn_loss(labels, deltas_true, logits, deltas_pred):
    raise NotImplementedError()

# %% svm_loss whole
def svm_loss(W, b, X, Y, C):
    raise NotImplementedError()
