"""Unit 04, regularisation: dropout, L2 and L1, early stopping, augmentation, in NumPy.

What is random is drawn from a generator that the observation makes itself.  How often something
happens is judged by its law; everything else is judged in a form in which the draw does not
matter: an entry that is kept over the entry that it was, an image over the images that it can have
become.  So `u < keep`, `u > 1 - keep` and a binomial draw are all right.

Probabilities are never one half alone, where keeping and dropping are the same; λ is never 1, and
neither is m.  A check that a function without an answer would pass (nothing is dropped, nothing
moves) also asks that something happens.  And where a pass counts alone, its answers are others for
every seed: probabilities, factors, stretches of a script are drawn with the case.  What is random
comes back as it is, masks and images, and is measured outside.

What no check here can see, since no function of this unit is told:
- ES4, the training cost monitored instead of the validation cost: `update` gets one number.
- AU3 in its form of augmented validation images: `random_shift` gets images, whatever they are for.
  What can be seen is an array that is written to, so that the validation part of one data set
  changes with the training part (`shift_arguments_unchanged`).
- L2d in its form of a decay in the training loop beside the gradient: the loop is not the
  student's.  What can be seen is an `l2_grad` that shrinks the weights itself.
The notebook shows the first of them at work ("Break it").
"""

from autograder import Unit

from . import (
    dropout_backward,
    dropout_forward,
    early_stopper,
    l1_grad,
    l1_penalty,
    l2_grad,
    l2_penalty,
    random_flip,
    random_shift,
)

unit = Unit(
    "04_regularization",
    exercises=[
        dropout_forward.exercise,
        dropout_backward.exercise,
        l2_penalty.exercise,
        l2_grad.exercise,
        l1_penalty.exercise,
        l1_grad.exercise,
        early_stopper.exercise,
        random_shift.exercise,
        random_flip.exercise,
    ],
)
