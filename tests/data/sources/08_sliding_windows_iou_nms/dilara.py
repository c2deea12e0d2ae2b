# Half done: sliding_window and multiclass_nms are stubs; the rest is right.
#: rest = "ada"

# %% sliding_window whole
def sliding_window(model, image, win, stride):
    # TODO
    raise NotImplementedError()

# %% multiclass_nms whole
def multiclass_nms(boxes, scores, classes, score_thr, iou_thr):
    raise NotImplementedError()
