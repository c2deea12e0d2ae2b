# Two slips: in nms the dropped go on dropping (NM3), and multiclass_nms forgets the classes (NM1).
#: rest = "bao"
#: executed = true

# %% nms
def nms(boxes, scores, iou_thr, max_out):
    overlap = iou_matrix(boxes, boxes) > iou_thr
    worse = scores[:, None] < scores[None, :]
    stay = np.flatnonzero(~np.any(overlap & worse, axis=1))
    stay = stay[np.argsort(-scores[stay])]
    return stay[: len(stay) if max_out is None else max_out]

# %% multiclass_nms
def multiclass_nms(boxes, scores, classes, score_thr, iou_thr):
    sure = np.flatnonzero(scores >= score_thr)
    return sure[nms(boxes[sure], scores[sure], iou_thr, None)]
