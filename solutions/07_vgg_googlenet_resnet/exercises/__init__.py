"""Unit 07: blocks of VGG, GoogLeNet and ResNet, and a small network of each.

How networks are judged.  No number of a network with some seed is stored.  What must be so for any
weights is observed: shapes, counts, what a zeroed part leaves.  And where the docstring pins the
layers, weights are put in that depend on the case's seed, the shape of each weight and how many of
that shape came before it (`fill`), so that every right network gets the same ones in whatever style
it is written: outputs and gradients must then be the reference's.  What is free is made to have no
effect: the ε of a batch normalisation is set, the bias of a convolution before it is 0, the order
of concatenation is read off (`branch_channels`), and strides meet odd sizes, on which "same" and
explicit padding agree.

A network is judged on stand-ins for its blocks (`build`): what it calls, in which order, with what,
and what it does with the results.  So a slip in a block costs nothing in the network, although
layers can't be borrowed from another process as arrays can.  Sizes are drawn, so that shapes,
parameter counts and calls are no answers that are known beforehand.  But they follow from what
comes in, without a network: they count beside outputs and gradients.

Everything is computed in float64.  Models are called without `training`, which is a prediction;
with `training=False` Keras would mend a batch normalisation that was told to train always.
"""

from autograder import Unit

from . import (
    build_googlenet_mini,
    build_resnet_mini,
    build_vgg_mini,
    identity_block,
    inception_block,
    projection_block,
    vgg_block,
)

unit = Unit(
    "07_vgg_googlenet_resnet",
    framework="keras",
    exercises=[
        vgg_block.exercise,
        build_vgg_mini.exercise,
        inception_block.exercise,
        build_googlenet_mini.exercise,
        identity_block.exercise,
        projection_block.exercise,
        build_resnet_mini.exercise,
    ],
)
