# Two slips: boxes end one pixel early (PR1); ignored anchors are negatives (RC8b).
# Saved by a notebook server of 2014, in format 3.
#: rest = "bao"
#: format = 3

# %% propose_regions
def propose_regions(image, thr):
    components, count = ndimage.label((image > thr).any(axis=2))
    boxes = np.zeros((count, 4))
    for k in range(count):
        ys, xs = np.where(components == k + 1)
        boxes[k] = xs.min(), ys.min(), xs.max(), ys.max()
    return boxes

# %% rpn_loss
def rpn_loss(labels, deltas_true, logits, deltas_pred):
    y = (labels == 1).astype(float)
    entropy = np.mean(np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits))))
    boxes = smooth_l1(deltas_pred - deltas_true)[labels == 1]
    return entropy + boxes.sum() / max(len(boxes), 1)
