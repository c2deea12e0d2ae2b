# Calls `iou` for every pair of boxes, each with itself too.
def nms(boxes, scores, iou_thr, max_out):
    n = len(boxes)
    table = [[float(iou(boxes[i], boxes[j])) for j in range(n)] for i in range(n)]
    kept = []
    for i in np.argsort(scores)[::-1]:
        if len(kept) != max_out and all(table[k][i] <= iou_thr for k in kept):
            kept.append(int(i))
    return np.array(kept, dtype=int)
