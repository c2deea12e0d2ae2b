# Half done: crop_and_resize, match_anchors, rpn_loss and build_rpn are stubs; the rest is right.
#: rest = "ada"

# %% crop_and_resize whole
def crop_and_resize(image, rois, size):
    # TODO
    raise NotImplementedError()

# %% match_anchors whole
def match_anchors(anchors, gt, pos=0.7, neg=0.3):
    raise NotImplementedError()

# %% rpn_loss whole
def rpn_loss(labels, deltas_true, logits, deltas_pred):
    raise NotImplementedError()

# %% build_rpn whole
def build_rpn(features, n_anchors, filters):
    raise NotImplementedError()
