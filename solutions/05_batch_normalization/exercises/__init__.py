"""Unit 05, batch normalisation: forwards and backwards in NumPy, then as a layer of Keras.

Inputs.  Sizes all differ; means lie away from 0, γ and β away from 0 and 1; batches are small,
where dividing by m - 1 shows (9e-2 at m = 6).  ε is 1e-15 everywhere but in the checks called
`…epsilon`, so that no other case can tell where it stands.  Upstream gradients are random: with
ones, the true `dZ` is 0.

What can be right by itself is judged by itself: scale and shift by the student's own normalised
values, the running average by the student's own batch statistics (momentum 1/2 gives them away,
whichever way round it is read), the backward pass with the student's own cache.
"""

from autograder import Unit

from . import batchnorm_backward, batchnorm_forward, my_batch_norm

unit = Unit(
    "05_batch_normalization",
    framework="keras",
    exercises=[batchnorm_forward.exercise, batchnorm_backward.exercise, my_batch_norm.exercise],
)
