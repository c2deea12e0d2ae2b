"""Unit 03, optimisers: momentum, RMSprop, bias correction, Adam, and the loop that drives them.

Inputs.  Gradients stay between 0.1 and 2 in size and change from update to update, ε is 1e-15, so
that no case but `small_gradients` can tell where ε stands; there gradients are near 1e-5 and ε is
1e-8.  Decay rates are never 0.5, where β and 1 - β are the same.

Averages and moves are judged apart: averages from the gradients alone, a move by the averages that
the same call returned, or that the case handed in.  One slip leaves what is right its points.
"""

from autograder import Unit

from . import adam_step, bias_correct, minimise, momentum_step, rmsprop_step

unit = Unit(
    "03_optimizers",
    exercises=[
        momentum_step.exercise,
        rmsprop_step.exercise,
        bias_correct.exercise,
        adam_step.exercise,
        minimise.exercise,
    ],
)
