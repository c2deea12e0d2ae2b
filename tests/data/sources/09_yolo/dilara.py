# Half done: build_yolo and detect are stubs; the rest is right.
#: rest = "ada"

# %% build_yolo whole
def build_yolo(input_shape):
    # tomorrow
    raise NotImplementedError()

# %% detect whole
def detect(model, image, score_thr, iou_thr):
    raise NotImplementedError()
