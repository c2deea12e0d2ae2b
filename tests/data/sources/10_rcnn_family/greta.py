# Two slips: anchors on the corners of cells (RC1); a box without a good anchor gets none (RC9).
#: rest = "ada"

# %% generate_anchors
def generate_anchors(Hf, Wf, stride, scales, ratios):
    anchors = []
    for cell in range(Hf * Wf):
        cy, cx = divmod(cell, Wf)
        cy, cx = cy * stride, cx * stride
        for s in scales:
            for r in ratios:
                h = s * r ** 0.5
                w = h / r
                anchors.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
    return np.array(anchors)

# %% match_anchors
def match_anchors(anchors, gt, pos=0.7, neg=0.3):
    labels = np.zeros(len(anchors), dtype=int)
    index = np.full(len(anchors), -1)
    for i, anchor in enumerate(anchors):
        ious = iou_matrix(anchor[None], gt)[0]
        if len(gt) and ious.max() >= pos:
            labels[i], index[i] = 1, ious.argmax()
        elif len(gt) and ious.max() >= neg:
            labels[i] = -1
    return labels, index
