# Three slips: averages instead of maxima (RC7a); deltas for the size without a logarithm (RC3a);
# boxes of background are trained (RC11).
#: rest = "ada"

# %% roi_max_pool
def roi_max_pool(feat, rois, out, scale):
    oh, ow = np.broadcast_to(out, 2)
    result = []
    for x1, y1, x2, y2 in np.round(rois * scale).astype(int):
        h, w = y2 - y1, x2 - x1
        for i in range(oh):
            for j in range(ow):
                rows = slice(y1 + i * h // oh, y1 - (-(i + 1) * h // oh))
                cols = slice(x1 + j * w // ow, x1 - (-(j + 1) * w // ow))
                result.append(np.mean(feat[rows, cols], axis=(0, 1)))
    return np.reshape(result, (len(rois), oh, ow, -1))

# %% encode_deltas
def encode_deltas(anchors, gt):
    wh = anchors[:, 2:] - anchors[:, :2]
    gt_wh = gt[:, 2:] - gt[:, :2]
    shift = gt[:, :2] + gt_wh / 2 - anchors[:, :2] - wh / 2
    return np.hstack([shift / wh, gt_wh / wh])

# %% rpn_loss
def rpn_loss(labels, deltas_true, logits, deltas_pred):
    keep = labels >= 0
    y, z = labels[keep], logits[keep]
    boxes = ops.sum(smooth_l1(deltas_pred[keep] - deltas_true[keep]))
    return ops.mean(ops.softplus(z)) - ops.mean(y * z) + boxes / max((labels == 1).sum(), 1)
