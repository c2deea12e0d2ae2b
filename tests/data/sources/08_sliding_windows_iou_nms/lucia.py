# Everything right; cells out of order, and one of her own fails.
#: rest = "ada"
#: executed = true
#: move = [["iou", "check_multiclass_nms"]]

# %% after setup
nms(np.zeros((0, 4)), np.zeros(0), 0.5, None)  # defined further down, I ran that first

# %% iou
def iou(a, b):
    def length(k):
        return max(0.0, min(a[k + 2], b[k + 2]) - max(a[k], b[k]))

    def area(box):
        return (box[2] - box[0]) * (box[3] - box[1])

    both = length(0) * length(1)
    return both and both / (area(a) + area(b) - both)
