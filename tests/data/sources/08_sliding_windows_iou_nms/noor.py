# Names of her own: `IoU` and `non_max_suppression`; multiclass_nms calls hers and is right.
# sliding_window and convolutionalise are stubs.

# %% dense_to_conv
def dense_to_conv(W, b, in_shape):
    return np.reshape(W, in_shape + (len(b),)), b

# %% iou whole
def IoU(a, b):
    w = max(0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0, min(a[3], b[3]) - max(a[1], b[1]))
    u = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
    return w * h / u if u > 0 else 0.0

# %% iou_matrix
def iou_matrix(A, B):
    return np.array([IoU(a, b) for a in A for b in B]).reshape(len(A), len(B))

# %% nms whole
def non_max_suppression(boxes, scores, iou_thr, max_out):
    keep = []
    for i in np.argsort(-scores):
        if all(IoU(boxes[i], boxes[j]) <= iou_thr for j in keep):
            keep.append(i)
    return np.array(keep, dtype=int)[:max_out]

# %% multiclass_nms
def multiclass_nms(boxes, scores, classes, score_thr, iou_thr):
    keep = np.zeros(0, dtype=int)
    for c in np.unique(classes):
        mine = np.where((classes == c) & (scores >= score_thr))[0]
        keep = np.append(keep, mine[non_max_suppression(boxes[mine], scores[mine], iou_thr, None)])
    return keep[np.argsort(-scores[keep])]
