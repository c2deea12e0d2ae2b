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
    each = ops.maximum(logits, 0) - y * logits + ops.log1p(ops.exp(-ops.abs(logits)))
    boxes = ops.sum(smooth_l1(deltas_pred - deltas_true), axis=1)
    return ops.mean(each) + ops.sum(y * boxes) / max(y.sum(), 1)
