"""Unit 09, YOLO on a 3×3 grid: encoding, decoding, the loss, a small net, a detector.

Inputs.  Boxes are wide or tall, pictures are not square, cells of row and column differ.  What can
be right by itself is judged by itself: which cell, where in it, how large, which class; boxes,
scores and classes of a decoded answer.  A later function is judged with the student's own earlier
ones, and where those are wrong, with right ones.
"""

from autograder import Unit

from . import build_yolo, decode_yolo, detect, encode_yolo, yolo_loss

unit = Unit(
    "09_yolo",
    framework="keras",
    exercises=[
        encode_yolo.exercise,
        decode_yolo.exercise,
        yolo_loss.exercise,
        build_yolo.exercise,
        detect.exercise,
    ],
)
