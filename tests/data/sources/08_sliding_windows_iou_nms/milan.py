# Two slips: counts pixels, +1 (IO3a), and lists what stays in the order of the places (NM14).
# Saved by a notebook server of 2014, in format 3.
#: rest = "bao"
#: format = 3

# %% iou
def iou(a, b):
    inter_w = max(0, min(a[2], b[2]) - max(a[0], b[0]) + 1)
    inter_h = max(0, min(a[3], b[3]) - max(a[1], b[1]) + 1)
    inter = inter_w * inter_h
    if inter == 0:
        return 0.0
    size_a = (a[2] - a[0] + 1) * (a[3] - a[1] + 1)
    size_b = (b[2] - b[0] + 1) * (b[3] - b[1] + 1)
    return inter / (size_a + size_b - inter)

# %% nms
def nms(boxes, scores, iou_thr, max_out):
    keep = np.zeros(len(boxes), dtype=bool)
    for i in np.argsort(scores)[::-1]:
        if max_out is not None and keep.sum() == max_out:
            break
        keep[i] = not keep.any() or iou_matrix(boxes[[i]], boxes[keep]).max() <= iou_thr
    return np.where(keep)[0]
