"""Unit 11, neural style transfer: content cost, Gram matrix, style costs, a step on the picture.

Inputs.  Height, width and channels all differ, so that no reshape or transposition passes; one
place or one layer alone is a case of its own, where most slips don't show, so that partial work
keeps some points.  Costs are judged in float64 with their gradients; the step in float32, which is
what pictures and networks are made of, with plain gradient descent: Adam's first step keeps nothing
of a gradient but its sign.

Laws of the Gram matrix and the costs (symmetry, no negative eigenvalue, k² and k⁴, nothing where
nothing differs) follow from the values, which are compared to a billionth; test_unit_11.py has them
for the reference.  Two are checks, since they are the idea: neither the order of places
nor the number of tiles matters.
"""

from autograder import Unit

from . import content_cost, gram_matrix, style_cost, style_layer_cost, style_step, total_cost

unit = Unit(
    "11_style_transfer",
    framework="keras",
    backends=("tensorflow",),
    exercises=[
        content_cost.exercise,
        gram_matrix.exercise,
        style_layer_cost.exercise,
        style_cost.exercise,
        total_cost.exercise,
        style_step.exercise,
    ],
)
