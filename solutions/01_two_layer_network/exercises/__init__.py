"""Unit 01: a two-layer network, forwards, backwards and trained, in NumPy.

Sizes of the cases all differ, so that no stray transpose fits; all numbers come from the case's
`rng`.  Laws are judged together with the reference's values, so that no constant satisfies them.
Each parameter has checks of its own, and a later layer is judged by what the same call computed
for the layer before: one slip leaves what is right its points.
Where a key is missing from what a function returned, the check gives all of it to the judge, which
then says what is missing.
"""

from autograder import Unit

from . import (
    backward,
    cross_entropy,
    forward,
    gd_step,
    numerical_gradient,
    sigmoid,
    train_two_layer,
)

unit = Unit(
    "01_two_layer_network",
    exercises=[
        sigmoid.exercise,
        forward.exercise,
        cross_entropy.exercise,
        backward.exercise,
        gd_step.exercise,
        numerical_gradient.exercise,
        train_two_layer.exercise,
    ],
)
