"""Unit 07, `projection_block`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

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

exercise = Exercise("projection_block", points=3)


def projection_shapes(rng: np.random.Generator) -> Iterator[Case]:
    for stride, H, W in ((1, 4, 6), (2, 6, 8)):
        channels, filters = (int(n) for n in rng.choice(np.arange(2, 10), 2, replace=False))
        inputs = {"shape": (H, W, channels), "filters": filters, "stride": stride}
        yield Case(inputs, f"stride {stride}, {channels} to {filters} channels")


def projection_inputs(rng: np.random.Generator) -> Iterator[Case]:
    """Odd sizes, on which "same" and explicit padding agree."""
    for stride, shape, filters in ((1, (5, 3, 3), 5), (2, (7, 5, 4), 3)):
        x, seed = rng.normal(size=(3, *shape)), int(rng.integers(2**31))
        inputs = {"x": x, "seed": seed, "filters": filters, "stride": stride}
        yield Case(inputs, f"stride {stride}, {shape[-1]} to {filters} channels")


def strided(rng: np.random.Generator) -> Iterator[Case]:
    yield list(projection_inputs(rng))[1]


def projection_backward(rng: np.random.Generator) -> Iterator[Case]:
    for case in strided(rng):
        N, H, W, _ = case.inputs["x"].shape
        stride = case.inputs["stride"]
        shape = (N, -(-H // stride), -(-W // stride), case.inputs["filters"])
        yield Case({**case.inputs, "cotangent": rng.normal(size=shape)}, case.label)


def after_kernel(model, kernel):
    """The batch normalisation that follows the convolution with such a kernel."""
    found = probes.leaf_layers(model)
    convs = [c for c in found if hasattr(c, "kernel") and tuple(c.kernel.shape) == kernel]
    outputs = [id(conv.output) for conv in convs]
    norms = [n for n in found if hasattr(n, "moving_variance") and id(n.input) in outputs]
    if not norms:
        size = " by ".join(map(str, kernel[:2]))
        raise ValueError(
            f"No batch normalisation follows a {size} convolution of {kernel[2]} channels."
        )
    return norms[0]


@exercise.check(
    points=0.5,
    cases=projection_shapes,
    judge=exact(secret=False),
    helpers=(*MODEL, counted),
)
def projection_form(program, shape, filters, stride):
    """`projection_block` has a third convolution, of 1 by 1, and divides the size by its stride"""
    model = block_model(program, "projection_block", shape, filters, stride)
    kernels = sorted(
        "{} by {}, {} to {} channels".format(*layer.kernel.shape)
        for layer in probes.leaf_layers(model)
        if isinstance(layer, keras.layers.Conv2D)
    )
    trained, averages = counted(model)
    return {
        "output": str(model.output_shape),
        "convolutions": "; ".join(kernels),
        "trained parameters, without biases of convolutions": trained,
        "averages kept by the normalisations": averages,
    }


@exercise.check(
    points=0.5, cases=projection_inputs, judge=close(float64), helpers=(*MODEL, fill, values_of)
)
def projection_values(program, x, seed, filters, stride):
    """With given weights it predicts what it should"""
    model = block_model(program, "projection_block", x.shape[1:], filters, stride)
    return {"output": values_of(fill(model, seed, False), x)}


@exercise.check(
    points=0.5,
    cases=strided,
    judge=close(float64),
    helpers=(*MODEL, fill, contribution, after_kernel),
)
def projection_main(program, x, seed, filters, stride):
    """With given weights, what the 3 by 3 convolutions add to the sum is right"""
    model = fill(
        block_model(program, "projection_block", x.shape[1:], filters, stride), seed, False
    )
    kernel = (3, 3, filters, filters)
    return {"what is added": contribution(model, after_kernel(model, kernel), x)}


@exercise.check(
    points=0.5,
    cases=strided,
    judge=close(float64),
    helpers=(*MODEL, fill, contribution, after_kernel),
)
def projection_alone(program, x, seed, filters, stride):
    """With given weights, what the projection adds to the sum is right"""
    model = fill(
        block_model(program, "projection_block", x.shape[1:], filters, stride), seed, False
    )
    kernel = (1, 1, x.shape[-1], filters)
    return {"what is added": contribution(model, after_kernel(model, kernel), x)}


@exercise.check(
    points=0.5,
    cases=projection_backward,
    judge=close(float64),
    helpers=(*MODEL, fill, training_gradient),
)
def projection_gradients(program, x, seed, filters, stride, cotangent):
    """With given weights, the gradient in training comes back on both ways"""
    model = block_model(program, "projection_block", x.shape[1:], filters, stride)
    return {"gradient of x": training_gradient(fill(model, seed, False), x, cotangent)}


@exercise.check(
    points=0.5,
    cases=strided,
    judge=exact(secret=False),
    helpers=(*MODEL, fill, in_training),
)
def projection_training(program, x, seed, filters, stride):
    """Normalisation learns its averages in training and uses them in predictions"""
    model = block_model(program, "projection_block", x.shape[1:], filters, stride)
    return in_training(fill(model, seed, False), x)


P_SUM = "return layers.ReLU()(layers.Add()([skip, y]))"
P_FIRST = "layers.Conv2D(filters, 3, strides=stride, "
P_SECOND = 'layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)'
P_SKIP = "skip = layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x)"
P_SKIP_BN = "    skip = layers.BatchNormalization()(skip)\n"
P_LAST_BN = f"    y = {BN}\n    {P_SKIP}"
exercise.variant("RS1a", EARLY_RELU, {P_SUM: "return layers.Add()([skip, layers.ReLU()(y)])"})
exercise.variant(
    "RS1b", TWO_RELUS, {P_SUM: "return layers.ReLU()(layers.Add()([skip, layers.ReLU()(y)]))"}
)
exercise.variant(
    "RS2",
    "Your projection starts after the first convolution. It starts at the block's input.",
    {
        INNER_RELU: INNER_RELU.replace("y =", "late = y ="),
        P_SKIP: "skip = layers.Conv2D(filters, 1, use_bias=False)(late)",
    },
)
exercise.variant(
    "RS3a",
    "The input itself is added, though its shape is another one. The way around needs a "
    "convolution of 1 by 1 with the same stride.",
    {P_SUM: P_SUM.replace("skip", "x")},
)
exercise.variant(
    "RS3b",
    "Only the main way has the stride. The projection needs the same one, or the two don't fit "
    "together.",
    {P_SKIP: "skip = layers.Conv2D(filters, 1, use_bias=False)(x)"},
)
exercise.variant(
    "RS3c",
    "The stride is 2 whatever is asked for. With stride 1 the block changes channels only.",
    {
        P_FIRST: P_FIRST.replace("stride,", "2,"),
        P_SKIP: P_SKIP.replace("stride,", "2,"),
    },
)
exercise.variant(
    "RS4",
    ALWAYS_TRAINING,
    {
        FIRST_BN: FIRST_BN.replace(BN, "layers.BatchNormalization()(y, training=True)"),
        P_LAST_BN: P_LAST_BN.replace(BN, "layers.BatchNormalization()(y, training=True)"),
        P_SKIP_BN: P_SKIP_BN.replace("(skip)", "(skip, training=True)"),
    },
)
exercise.variant("RS5", CONCATENATED, {"layers.Add()": "layers.Concatenate()"})
exercise.variant(
    "RS6a",
    "Your second convolution has a stride too, so that the main way shrinks twice.",
    {P_SECOND: P_SECOND.replace("3, ", "3, strides=stride, ")},
)
exercise.variant(
    "RS6b",
    "The stride sits at your second convolution. It belongs to the first one.",
    {
        P_FIRST: "layers.Conv2D(filters, 3, ",
        P_SECOND: P_SECOND.replace("3, ", "3, strides=stride, "),
    },
)
exercise.variant("RS7a", NO_SKIP, {P_SUM: "return layers.ReLU()(y)"})
exercise.variant("RS7b", CUT, {"([skip, y])": "([ops.stop_gradient(skip), y])"})
exercise.variant("RS8", NO_LAST_RELU, {P_SUM: "return layers.Add()([skip, y])"})
exercise.variant("RS10", NO_INNER_RELU, {INNER_RELU: ""})
exercise.variant("RS11", RELU_FIRST, {FIRST_BN: f"{INNER_RELU}    y = {BN}\n"})
exercise.variant(
    "RS15",
    "Your projection is not normalised. Each of the three convolutions is followed by a batch "
    "normalisation.",
    {P_SKIP_BN: ""},
)
exercise.variant(
    "RS16",
    "Your projection ends in a relu of its own. The one relu comes after the sum.",
    {P_SKIP_BN: f"{P_SKIP_BN}    skip = layers.ReLU()(skip)\n"},
)
exercise.variant(
    "RS17",
    "Your projection is 3 by 3. It is to fit the shapes together and look at nothing else: 1 by 1.",
    {P_SKIP: P_SKIP.replace("filters, 1,", 'filters, 3, padding="same",')},
)
exercise.variant(
    "RS18",
    "You pool on the way around before you project. The projection itself has the stride.",
    {
        P_SKIP: (
            'skip = layers.AveragePooling2D(stride, padding="same")(x)\n'
            "    skip = layers.Conv2D(filters, 1, use_bias=False)(skip)"
        )
    },
)


@exercise.equivalent("the projection first, explicit padding")
def projection_skip_first(x, filters, stride):
    def conv_bn(x, size, stride):
        x = layers.ZeroPadding2D(size // 2)(x)
        return layers.BatchNormalization(epsilon=1e-5)(layers.Conv2D(filters, size, stride)(x))

    skip = conv_bn(x, 1, stride)
    y = conv_bn(ops.relu(conv_bn(x, 3, stride)), 3, 1)
    return ops.relu(ops.add(y, skip))


@exercise.equivalent("Sequentials, with biases")
def projection_sequentials(x, filters, stride):
    main = [
        layers.Conv2D(filters, 3, strides=stride, padding="same"),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(filters, 3, padding="same"),
        layers.BatchNormalization(),
    ]
    around = [layers.Conv2D(filters, 1, stride, padding="same"), layers.BatchNormalization()]
    ways = [keras.Sequential(way)(x) for way in (around, main)]
    return layers.Activation("relu")(layers.add(ways))
