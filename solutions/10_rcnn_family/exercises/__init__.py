"""Unit 10, the R-CNN family: proposals, crops, RoI pooling, anchors, deltas, matching, losses.

Inputs.  Pictures, maps, crops and bins are rectangular.  No case hangs on a convention that is
free: nothing ties, nothing rounds from exactly a half, no bright regions touch at a corner only, no
overlap lies within 0.02 of a threshold, and the anchor that is best for a box overlaps no other
more.  Maps have negative values where a maximum could be mixed up with a zero.

Boxes are NumPy in float64, xyxy with exclusive ends, as in unit 08.  Losses are written in Keras:
gradients pass through them.

Networks are trained on drawn scenes in daylight.  What is trained is a small part on given edges,
so that a training takes seconds.
"""

from autograder import Unit

from . import (
    build_rpn,
    crop_and_resize,
    decode_deltas,
    encode_deltas,
    generate_anchors,
    match_anchors,
    propose_regions,
    roi_max_pool,
    rpn_loss,
    smooth_l1,
    svm_loss,
)

unit = Unit(
    "10_rcnn_family",
    framework="keras",
    exercises=[
        propose_regions.exercise,
        crop_and_resize.exercise,
        svm_loss.exercise,
        roi_max_pool.exercise,
        generate_anchors.exercise,
        encode_deltas.exercise,
        decode_deltas.exercise,
        match_anchors.exercise,
        smooth_l1.exercise,
        rpn_loss.exercise,
        build_rpn.exercise,
    ],
)
