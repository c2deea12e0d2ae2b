# An endless loop in nms: the best box is never taken out.  The rest is right.
#: rest = "ada"

# %% nms
def nms(boxes, scores, iou_thr, max_out):
    left = list(range(len(boxes)))
    kept = []
    while left:
        best = max(left, key=lambda i: scores[i])
        if best not in kept:
            kept.append(best)
        left = [i for i in left if i == best or iou(boxes[best], boxes[i]) <= iou_thr]
    return kept[:max_out]
