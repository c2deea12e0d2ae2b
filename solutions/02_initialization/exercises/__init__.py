"""Unit 02, initialisation: four schemes in NumPy, the signal by depth, symmetry, and Keras.

What is random is judged by statistics of it, five standard errors wide, never by values: normal,
uniform and truncated draws are all right.  Standard errors are those of normal numbers, the widest
of the three.  Layers have different numbers of inputs and units, so that no fan can stand in for
the other; what a scheme leaves free has checks of its own, so that a wrong shape or a bias costs
no other point.

`activation_stds` and `symmetry_report` are no dice: the former is given its parameters by a
stand-in for `init_params`, so that its own part has one right answer and a wrong `init_params`
costs it nothing.
"""

from autograder import Unit

from . import activation_stds, init_params, keras_initializer, symmetry_report

unit = Unit(
    "02_initialization",
    framework="keras",
    exercises=[
        init_params.exercise,
        activation_stds.exercise,
        symmetry_report.exercise,
        keras_initializer.exercise,
    ],
)
