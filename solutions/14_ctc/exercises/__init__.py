"""Unit 14, CTC: collapse, greedy decoding, the loss with its gradient, prefix beam search, a CRNN.

Inputs.  A skip over equal labels shows only where labels repeat, and most where frames are few;
underflow shows only where they are many.  So labels with equal neighbours have a check of their
own, with just enough frames and with many; elsewhere neighbours differ, so that this slip costs
once.  The blank is column 0 except where a case says so.

Infinite log-probabilities are put in by the observations, for a case's inputs are moved by one
rounding error to learn how much a result depends on them.
"""

from autograder import Unit

from . import (
    ctc_collapse,
    ctc_extend,
    ctc_grad,
    ctc_greedy_decode,
    ctc_nll,
    ctc_prefix_beam,
    train_crnn,
)

unit = Unit(
    "14_ctc",
    framework="keras",
    exercises=[
        ctc_collapse.exercise,
        ctc_greedy_decode.exercise,
        ctc_extend.exercise,
        ctc_nll.exercise,
        ctc_grad.exercise,
        ctc_prefix_beam.exercise,
        train_crnn.exercise,
    ],
)
