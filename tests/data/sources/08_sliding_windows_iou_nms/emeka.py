# One slip, in iou: the sides of the intersection may be negative (IO1).  iou_matrix and nms, which
# call it, are right.
#: rest = "ada"

# %% iou
def iou(a, b):
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = a, b
    inter = (min(ax2, bx2) - max(ax1, bx1)) * (min(ay2, by2) - max(ay1, by1))
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - inter
    if union == 0:
        return 0.0
    return inter / union
