"""Unit 07, `identity_block`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, float64, probes

from .cases import (
    ALWAYS_TRAINING,
    BN,
    CONCATENATED,
    CUT,
    EARLY_RELU,
    FIRST_BN,
    INNER_RELU,
    MODEL,
    NO_INNER_RELU,
    NO_LAST_RELU,
    NO_SKIP,
    RELU_FIRST,
    TWO_RELUS,
    block_model,
    contribution,
    counted,
    fill,
    in_training,
    training_gradient,
    values_of,
)

exercise = Exercise("identity_block", points=4)


def one_shape(rng: np.random.Generator) -> Iterator[Case]:
    channels = int(rng.integers(2, 10))
    yield Case({"shape": (4, 6, channels), "filters": channels}, f"{channels} channels")


def residual_inputs(rng: np.random.Generator) -> Iterator[Case]:
    """Always of one shape, so that a block is built once; the form is judged on another one."""
    x, seed = rng.normal(size=(3, 4, 5, 3)), int(rng.integers(2**31))
    yield Case({"x": x, "seed": seed}, "3 channels")


def residual_backward(rng: np.random.Generator) -> Iterator[Case]:
    for case in residual_inputs(rng):
        cotangent = rng.normal(size=case.inputs["x"].shape)
        yield Case({**case.inputs, "cotangent": cotangent}, case.label)


def branch_constants(rng: np.random.Generator) -> Iterator[Case]:
    for label, beta in (
        ("all γ and β are 0", 0.0),
        ("all γ are 0 and all β negative", -float(rng.uniform(0.5, 1))),
        ("all γ are 0 and all β positive", float(rng.uniform(0.5, 1))),
    ):
        yield Case({"x": rng.normal(size=(2, 4, 5, 3)), "beta": beta}, label)


def silenced(rng: np.random.Generator) -> Iterator[Case]:
    x = rng.normal(size=(2, 4, 5, 3))
    yield Case({"x": x, "cotangent": rng.normal(size=x.shape)}, "all γ and β are 0")


def zeroed(model, beta):
    """The same model, in which every batch normalisation puts out `beta`, whatever comes in."""
    for layer in probes.leaf_layers(fill(model, 0, False)):
        if hasattr(layer, "moving_variance"):
            layer.gamma.assign(np.zeros(layer.gamma.shape))
            layer.beta.assign(np.full(layer.beta.shape, beta))
    return model


@exercise.check(
    points=0.5,
    cases=one_shape,
    judge=exact(secret=False),
    helpers=(*MODEL, counted),
)
def identity_form(program, shape, filters):
    """`identity_block` keeps the shape, with two convolutions of 3 by 3 and two normalisations"""
    model = block_model(program, "identity_block", shape, filters)
    kernels = [
        "{} by {}, {} to {} channels".format(*layer.kernel.shape)
        for layer in probes.leaf_layers(model)
        if isinstance(layer, keras.layers.Conv2D)
    ]
    trained, averages = counted(model)
    return {
        "output": str(model.output_shape),
        "convolutions": "; ".join(kernels),
        "trained parameters, without biases of convolutions": trained,
        "averages kept by the normalisations": averages,
    }


@exercise.check(
    points=0.5, cases=residual_inputs, judge=close(float64), helpers=(*MODEL, fill, values_of)
)
def identity_values(program, x, seed):
    """With given weights it predicts what it should"""
    model = fill(block_model(program, "identity_block", x.shape[1:], x.shape[-1]), seed, False)
    return {"output": values_of(model, x)}


@exercise.check(
    points=1, cases=residual_inputs, judge=close(float64), helpers=(*MODEL, fill, contribution)
)
def identity_branch(program, x, seed):
    """With given weights, what the convolutions add to the sum is right"""
    model = fill(block_model(program, "identity_block", x.shape[1:], x.shape[-1]), seed, False)
    norms = [layer for layer in probes.leaf_layers(model) if hasattr(layer, "moving_variance")]
    return {"what is added": contribution(model, norms[-1], x)}


@exercise.check(
    points=0.75,
    cases=branch_constants,
    judge=equal_sides("the output, and relu(x + β), where all γ are 0 and all β alike"),
    helpers=(*MODEL, fill, zeroed, values_of),
)
def identity_property(program, x, beta):
    """With all γ at 0 it hands on relu(x + β): a block that does nothing is easy to learn"""
    model = zeroed(block_model(program, "identity_block", x.shape[1:], x.shape[-1]), beta)
    return {
        "left": {"output": values_of(model, x)},
        "right": {"output": np.maximum(x + beta, 0)},
    }


@exercise.check(
    points=0.25,
    cases=silenced,
    judge=equal_sides("the gradient of x, and that of relu(x), where all γ and β are 0"),
    helpers=(*MODEL, fill, zeroed),
)
def identity_gradient(program, x, cotangent):
    """With all γ at 0 the gradient takes the way around: it is handed on where x is positive"""
    model = zeroed(block_model(program, "identity_block", x.shape[1:], x.shape[-1]), 0.0)
    return {
        "left": {"gradient of x": probes.vjp(model, x, cotangent=cotangent)[0]},
        "right": {"gradient of x": cotangent * (x > 0)},
    }


@exercise.check(
    points=0.5,
    cases=residual_backward,
    judge=close(float64),
    helpers=(*MODEL, fill, training_gradient),
)
def identity_gradients(program, x, seed, cotangent):
    """With given weights, the gradient in training comes back on both ways"""
    model = fill(block_model(program, "identity_block", x.shape[1:], x.shape[-1]), seed, False)
    return {"gradient of x": training_gradient(model, x, cotangent)}


@exercise.check(
    points=0.5,
    cases=residual_inputs,
    judge=exact(secret=False),
    helpers=(*MODEL, fill, in_training),
)
def identity_training(program, x, seed):
    """Normalisation learns its averages in training and uses them in predictions"""
    model = fill(block_model(program, "identity_block", x.shape[1:], x.shape[-1]), seed, False)
    return in_training(model, x)


SUM = "return layers.ReLU()(layers.Add()([x, y]))"
FIRST_CONV = 'layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)'
LAST_BN = f"    y = {BN}\n    {SUM}"
LATE_SKIP = (
    "Your way around begins after the first convolution. It begins at the block's input, so that "
    "with all weights at zero the block hands on what came in."
)
exercise.variant("RS1a", EARLY_RELU, {SUM: "return layers.Add()([x, layers.ReLU()(y)])"})
exercise.variant(
    "RS1b", TWO_RELUS, {SUM: "return layers.ReLU()(layers.Add()([x, layers.ReLU()(y)]))"}
)
exercise.variant("RS2a", LATE_SKIP, {INNER_RELU: INNER_RELU.replace("y =", "x = y =")})
exercise.variant("RS2b", LATE_SKIP, {FIRST_CONV: f"{FIRST_CONV}\n    x = y"})
exercise.variant(
    "RS4",
    ALWAYS_TRAINING,
    {
        FIRST_BN: FIRST_BN.replace(BN, "layers.BatchNormalization()(y, training=True)"),
        LAST_BN: LAST_BN.replace(BN, "layers.BatchNormalization()(y, training=True)"),
    },
)
exercise.variant("RS5", CONCATENATED, {"layers.Add()": "layers.Concatenate()"})
exercise.variant("RS7a", NO_SKIP, {SUM: "return layers.ReLU()(y)"})
exercise.variant("RS7b", CUT, {"([x, y])": "([ops.stop_gradient(x), y])"})
exercise.variant(
    "RS7c",
    "You multiply the two ways. They are added: with the convolutions at zero x is to be left, not "
    "nothing.",
    {"layers.Add()": "layers.Multiply()"},
)
exercise.variant("RS8", NO_LAST_RELU, {SUM: "return layers.Add()([x, y])"})
exercise.variant(
    "RS9",
    "Your block does not normalise after its second convolution.",
    {LAST_BN: f"    {SUM}"},
)
exercise.variant("RS10", NO_INNER_RELU, {INNER_RELU: ""})
exercise.variant("RS11", RELU_FIRST, {FIRST_BN: f"{INNER_RELU}    y = {BN}\n"})
exercise.variant(
    "RS12",
    "Your numbers may be right, but no gradient comes back through your convolutions: they can't "
    "learn.",
    {"([x, y])": "([x, ops.stop_gradient(y)])"},
)


@exercise.variant("RS13")
def identity_shared(x, filters):
    """You call one convolution twice, so that both share their weights. Each one is a layer of its
    own.
    """
    conv = layers.Conv2D(filters, 3, padding="same", use_bias=False)
    y = layers.ReLU()(layers.BatchNormalization()(conv(x)))
    return layers.ReLU()(layers.Add()([x, layers.BatchNormalization()(conv(y))]))


@exercise.variant("RS14")
def identity_preactivated(x, filters):
    """Your order is normalisation, relu, convolution: the later form of the block (2016). Here it
    is convolution, normalisation, relu, and a relu after the sum.
    """
    y = layers.ReLU()(layers.BatchNormalization()(x))
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.ReLU()(layers.BatchNormalization()(y))
    return layers.Add()([x, layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)])


@exercise.equivalent("explicit padding, another ε, biases")
def identity_with_padding(x, filters):
    way = x
    for last in (False, True):
        way = layers.ZeroPadding2D()(way)
        way = layers.Conv2D(filters, (3, 3), name=None)(way)
        way = layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(way)
        if not last:
            way = layers.Activation("relu")(way)
    return ops.relu(x + way)


@exercise.equivalent("a Sequential for the convolutions")
def identity_sequential(x, filters):
    main = keras.Sequential(
        [
            layers.Conv2D(filters, 3, padding="same"),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Conv2D(filters, 3, padding="same"),
            layers.BatchNormalization(),
        ]
    )
    return layers.Activation("relu")(layers.add([main(x), x]))
