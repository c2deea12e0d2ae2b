"""Unit 06, convolution: sizes, convolution and pooling in NumPy, LeNet-5 and AlexNet in Keras.

Inputs.  Heights differ from widths, and channels in, channels out and filter sizes from each other,
wherever a check does not deliberately leave one thing out.  Strides and padding are judged with one
channel, no bias and filters that look the same turned over: whoever turns filters over, forgets
channels or misplaces the bias loses what is about that, and nothing else.

Architectures are judged by what they are and do, never by the numbers of one seeded network: kinds
and order of layers, shapes, parameter counts; then weights of the case are copied into the
student's model, and outputs and gradients compared.  LeNet-5 pins the weights, but not relu or
tanh, maximum or average: these are made alike in a copy of the model before.  AlexNet-mini leaves
all widths free: there the first two channels of every layer carry a signal that does not depend on
how many others there are.  What a network learns is asked on 400 digits that it has not seen, which
says more than that it can learn 32 by heart.
"""

from autograder import Unit

from . import build_alexnet_mini, build_lenet5, conv2d, conv_out_size, pool2d

unit = Unit(
    "06_convolution_lenet_alexnet",
    framework="keras",
    exercises=[
        conv_out_size.exercise,
        conv2d.exercise,
        pool2d.exercise,
        build_lenet5.exercise,
        build_alexnet_mini.exercise,
    ],
)
