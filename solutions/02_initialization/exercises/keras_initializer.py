"""Unit 02, `keras_initializer`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, exact, within

from .cases import VARIANCES, layers, named, statistics

exercise = Exercise("keras_initializer", points=3)


def schemes(rng: np.random.Generator) -> Iterator[Case]:
    for scheme in VARIANCES:
        yield Case({"scheme": scheme}, scheme)


def two_kernels(rng: np.random.Generator) -> Iterator[Case]:
    for scheme in ("he", "glorot"):
        truth = {"correlation of two layers": (0.0, 1 / np.sqrt(200 * 150))}
        yield Case({"scheme": scheme}, f"{scheme}, two layers of one shape", truth)


def kernels(program, scheme, dense, conv, corner):
    initializer = program.keras_initializer(scheme)
    if isinstance(initializer, str):  # a name, which layers understand: a question of `kind`
        initializer = keras.initializers.get(initializer)
    return {
        name: ops.convert_to_numpy(initializer(tuple(shape)))[..., :corner, :corner]
        for name, shape in (("the dense kernel", dense), ("the convolution's kernel", conv))
    }


for scheme, variance in (
    ("fan_in", "1/n_in"),
    ("he", "2/n_in"),
    ("glorot", "2/(n_in + n_out)"),
):
    claim = f"With `{scheme}` a layer's kernel has mean 0 and variance {variance}"
    # The kernels come back: who sends numbers of the right law has drawn them.
    exercise.check(
        points=0.75,
        cases=layers(scheme),
        judge=within(),
        counts_alone=True,
        measure=statistics,
    )(named(kernels, f"{scheme}_kernels", claim))


@exercise.check(points=0.25, cases=schemes, judge=exact(secret=False))
def kind(program, scheme):
    """What comes back is a `keras.initializers.VarianceScaling`, or a subclass"""
    initializer = program.keras_initializer(scheme)
    scaling = keras.initializers.VarianceScaling
    return {"is a VarianceScaling": isinstance(initializer, scaling)}


# Not alone: the correlation is 0 for everybody, and without an initializer (None) a layer takes one
# of its own, whose weights differ as well.
@exercise.check(points=0.5, cases=two_kernels, judge=within(), counts_alone=False)
def apart(program, scheme):
    """Two layers of one shape begin with different weights"""
    layers = [
        keras.layers.Dense(150, kernel_initializer=program.keras_initializer(scheme))
        for _ in range(2)
    ]
    for layer in layers:
        layer.build((None, 200))
    first, second = (ops.convert_to_numpy(layer.kernel) for layer in layers)
    with np.errstate(all="ignore"):
        return {"correlation of two layers": np.corrcoef(first.ravel(), second.ravel())[0, 1]}


K_FAN_IN, K_HE = '"fan_in": (1.0, "fan_in")', '"he": (2.0, "fan_in")'
K_GLOROT = '"glorot": (1.0, "fan_avg")'
CALL = 'keras.initializers.VarianceScaling(scale, mode, "truncated_normal")'
exercise.variant(
    "KI1",
    "Your `glorot` has twice the variance. `fan_avg` is the *mean* of inputs and outputs, which "
    "contains the 2 already.",
    {K_GLOROT: '"glorot": (2.0, "fan_avg")'},
)
exercise.variant(
    "KI2",
    "You scale by the number of outputs. The mode is to be about what goes *into* a unit.",
    {K_FAN_IN: '"fan_in": (1.0, "fan_out")', K_HE: '"he": (2.0, "fan_out")'},
)
exercise.variant(
    "KI3",
    "Your `he` lacks its 2: it is `fan_in` under another name.",
    {K_HE: '"he": (1.0, "fan_in")'},
)
exercise.variant(
    "KI4",
    "You give `scale` the root of 2. It is a factor of the *variance*; Keras takes the root "
    "itself.",
    {K_HE: '"he": (2.0**0.5, "fan_in")'},
)
exercise.variant(
    "KI5",
    "All layers of one shape begin with the same weights, because the seed is fixed. Leave it "
    "out, and Keras draws a new one for every initializer.",
    {CALL: CALL.replace(")", ", seed=0)")},
)
exercise.variant(
    "KI6",
    "Your initializer has one standard deviation for every layer. The right one depends on the "
    "layer's size, which only the layer knows; `VarianceScaling` asks it.",
    {CALL: "keras.initializers.RandomNormal(stddev=0.05)"},
)
exercise.variant(
    "KI7",
    "Your `glorot` counts inputs only. It is about both sides of the layer.",
    {K_GLOROT: '"glorot": (1.0, "fan_in")'},
)
exercise.variant(
    "KI8",
    "You return the *name* of an initializer. Layers understand it, but asked for is the object.",
    {CALL: '{"fan_in": "lecun_normal", "he": "he_normal", "glorot": "glorot_normal"}[scheme]'},
)
exercise.variant(
    "KI9",
    "You return the class, not an object of it: call it.",
    {CALL: "keras.initializers.VarianceScaling"},
)


@exercise.equivalent("classes of their own")
def initializer_by_name(scheme):
    if scheme == "fan_in":
        return keras.initializers.LecunNormal()
    if scheme == "he":
        return keras.initializers.HeUniform()
    return keras.initializers.GlorotUniform()


exercise.equivalent("uniform", {'"truncated_normal"': '"uniform"'})
exercise.equivalent("normal", {'"truncated_normal"': '"untruncated_normal"'})
exercise.equivalent(
    "a seed generator", {CALL: CALL.replace(")", ", seed=keras.random.SeedGenerator())")}
)
