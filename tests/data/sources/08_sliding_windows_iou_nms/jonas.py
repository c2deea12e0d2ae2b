# A syntax error in the cell of nms: a colon is missing.  multiclass_nms, which calls it, is right.
#: rest = "ada"

# %% nms
def nms(boxes, scores, iou_thr, max_out):
    order = list(np.argsort(-scores))
    kept = []
    while order
        best = order.pop(0)
        kept.append(best)
        order = [other for other in order if iou(boxes[best], boxes[other]) <= iou_thr]
    return kept[:max_out]
