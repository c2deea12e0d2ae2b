"""Unit 07, `vgg_block`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

from .cases import MODEL, block_model, described, fill, values_of

exercise = Exercise("vgg_block", points=3)


def vgg_shapes(rng: np.random.Generator) -> Iterator[Case]:
    """Of sizes that are drawn, so that nobody knows the number of parameters beforehand."""
    for n_conv in (1, 3):
        channels, filters = (int(n) for n in rng.choice(np.arange(2, 12), 2, replace=False))
        shape = (int(2 * rng.integers(2, 5)), int(2 * rng.integers(2, 5)), channels)
        inputs = {"shape": shape, "n_conv": n_conv, "filters": filters}
        yield Case(inputs, f"n_conv = {n_conv}")


def vgg_inputs(rng: np.random.Generator) -> Iterator[Case]:
    """Of the same form as `vgg_fields`: one model serves both."""
    for n_conv in (2, 3):
        inputs = {"x": rng.normal(size=(2, 16, 16, 2)), "seed": int(rng.integers(2**31))}
        yield Case({**inputs, "n_conv": n_conv, "filters": 3}, f"n_conv = {n_conv}")


def vgg_backward(rng: np.random.Generator) -> Iterator[Case]:
    for case in list(vgg_inputs(rng))[1:]:
        N, H, W, _ = case.inputs["x"].shape
        shape = (N, H // 2, W // 2, case.inputs["filters"])
        yield Case({**case.inputs, "cotangent": rng.normal(size=shape)}, case.label)


def vgg_fields(rng: np.random.Generator) -> Iterator[Case]:
    """Positive weights and pictures: no relu is shut, nothing cancels, one place wins a pooling."""
    for n_conv in (2, 3):
        x = rng.uniform(1, 2, (1, 16, 16, 2))
        yield Case({"x": x, "n_conv": n_conv}, f"n_conv = {n_conv}")


@exercise.check(
    points=0.75,
    cases=vgg_shapes,
    judge=exact(secret=False),
    helpers=(*MODEL, described),
)
def vgg_form(program, shape, n_conv, filters):
    """`vgg_block` is `n_conv` convolutions of 3 by 3, then one max pooling, and halves the size"""
    model = block_model(program, "vgg_block", shape, n_conv, filters)
    return {
        "output": str(model.output_shape),
        "layers": "; ".join(described(model)),
        "parameters": model.count_params(),
        "every layer can learn": all(layer.trainable for layer in probes.leaf_layers(model)),
    }


@exercise.check(points=1, cases=vgg_inputs, judge=close(float64), helpers=(*MODEL, fill, values_of))
def vgg_values(program, x, seed, n_conv, filters):
    """With given weights it computes what it should"""
    model = fill(block_model(program, "vgg_block", x.shape[1:], n_conv, filters), seed)
    return {"output": values_of(model, x)}


@exercise.check(points=0.75, cases=vgg_fields, judge=exact(secret=False), helpers=MODEL)
def vgg_receptive_field(program, x, n_conv):
    """`n_conv` convolutions see `2 n_conv + 1` pixels each way, before the pooling"""
    model = block_model(program, "vgg_block", x.shape[1:], n_conv, 3)
    model.set_weights([np.full(w.shape, 0.1) for w in model.get_weights()])
    _, H, W, K = model.output_shape
    cotangent = np.zeros((1, H, W, K))
    cotangent[0, H // 2, W // 2, 0] = 1
    (gradient,) = probes.vjp(model, x, cotangent=cotangent)
    reached = np.zeros(x.shape[1:3]) if gradient is None else np.abs(gradient[0]).sum(axis=-1)
    rows, columns = np.flatnonzero(reached.any(axis=1)), np.flatnonzero(reached.any(axis=0))
    spans = [int(np.ptp(places)) + 1 if len(places) else 0 for places in (rows, columns)]
    return {"one output sees": f"{spans[0]} by {spans[1]} pixels"}


@exercise.check(points=0.5, cases=vgg_backward, judge=close(float64), helpers=(*MODEL, fill))
def vgg_gradients(program, x, seed, n_conv, filters, cotangent):
    """Gradients come back through it"""
    model = fill(block_model(program, "vgg_block", x.shape[1:], n_conv, filters), seed)
    return {"gradient of x": probes.vjp(model, x, cotangent=cotangent)[0]}


VGG_CONV = 'layers.Conv2D(filters, 3, padding="same", activation="relu")(x)'
VGG_POOL = "return layers.MaxPooling2D(2)(x)"
VGG_LOOP = "for _ in range(n_conv):"
exercise.variant(
    "VG1a",
    "You pool after every convolution. A block halves height and width once, at its end.",
    {VGG_CONV: f'layers.MaxPooling2D(2, padding="same")({VGG_CONV})', VGG_POOL: "return x"},
)
exercise.variant(
    "VG1b",
    "Your filters are 5 by 5. The idea of VGG: two of 3 by 3 see as much, for fewer weights.",
    {"filters, 3,": "filters, 5,"},
)
exercise.variant(
    "VG1c",
    "Your convolutions lose a rim of pixels: without zero padding each makes the maps smaller.",
    {'padding="same"': 'padding="valid"'},
)
exercise.variant(
    "VG3",
    "There is no relu between your convolutions. Without one, several of them are no more than one "
    "larger convolution.",
    {', activation="relu")': ")"},
)
exercise.variant(
    "VG4",
    "You pool by the mean. A VGG block keeps the largest of four.",
    {"MaxPooling2D": "AveragePooling2D"},
)
exercise.variant(
    "VG5",
    "The pooling is missing: height and width stay as they were.",
    {VGG_POOL: "return x"},
)
exercise.variant(
    "VG6",
    "Your block has two convolutions whatever is asked for. The caller says how many.",
    {VGG_LOOP: "for _ in range(2):"},
)
exercise.variant(
    "VG7",
    "You normalise batches inside the block. VGG is older than batch normalisation, and here it is "
    "to do without.",
    {VGG_CONV: f"layers.BatchNormalization()({VGG_CONV})"},
)
exercise.variant(
    "VG8",
    "Your pooling windows overlap: 3 by 3, as in AlexNet. Here they are 2 by 2, side by side.",
    {VGG_POOL: 'return layers.MaxPooling2D(3, strides=2, padding="same")(x)'},
)
exercise.variant(
    "VG9",
    "Your convolutions have no bias.",
    {'padding="same", ': 'padding="same", use_bias=False, '},
)
exercise.variant(
    "VG10",
    "A stride in your last convolution takes the place of the pooling. The convolutions look at "
    "every place; the pooling then keeps the largest of four.",
    {
        VGG_CONV: VGG_CONV.replace("filters, 3,", "filters, 3, strides=1 + (_ == n_conv - 1),"),
        VGG_POOL: "return x",
    },
)


@exercise.equivalent("explicit padding, relu after the pooling")
def vgg_block_apart(x, n_conv, filters):
    for number in range(n_conv):
        x = layers.ZeroPadding2D(1)(x)
        x = layers.Conv2D(filters, (3, 3))(x)
        if number < n_conv - 1:
            x = layers.Activation("relu")(x)
    return layers.ReLU()(layers.MaxPooling2D((2, 2), strides=(2, 2))(x))  # relu and max commute


@exercise.equivalent("a Sequential")
def vgg_block_sequential(x, n_conv, filters):
    stack = keras.Sequential()
    for _ in range(n_conv):
        stack.add(layers.Conv2D(filters, 3, padding="same"))
        stack.add(layers.ReLU())
    stack.add(layers.MaxPool2D())
    return stack(x)


@exercise.equivalent("recursive, relu of keras.ops")
def vgg_block_recursive(x, n_conv, filters):
    if n_conv == 0:
        return ops.max_pool(x, 2)
    conv = keras.layers.Convolution2D(filters, kernel_size=3, padding="same")
    x = ops.relu(conv(x))
    return layers.MaxPooling2D()(x) if n_conv == 1 else vgg_block(x, n_conv - 1, filters)
