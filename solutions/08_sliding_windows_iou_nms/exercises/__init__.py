"""Unit 08, sliding windows as convolutions, intersection over union, non-max suppression.

Inputs.  Pictures, kernels and windows are rectangular.  Scores are all different, and no overlap
lies within 0.02 of a threshold, so that neither ties nor `>` against `>=` matter.  Heaps of boxes
overlap each other and one neighbour in part, which no threshold but the case's tells apart; what
chains, classes, limits and low scores do has checks of its own, so that a slip there costs once.

Keras computes in float32, and is judged as such; boxes are NumPy, in float64.
"""

from autograder import Unit

from . import convolutionalise, dense_to_conv, iou, iou_matrix, multiclass_nms, nms, sliding_window

unit = Unit(
    "08_sliding_windows_iou_nms",
    framework="keras",
    exercises=[
        dense_to_conv.exercise,
        convolutionalise.exercise,
        sliding_window.exercise,
        iou.exercise,
        iou_matrix.exercise,
        nms.exercise,
        multiclass_nms.exercise,
    ],
)
