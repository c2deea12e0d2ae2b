"""Unit 06, `build_alexnet_mini`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import (
    Case,
    Exercise,
    accuracy,
    close,
    exact,
    float32,
    probes,
    within,
)

from .cases import (
    FLATTEN,
    INPUT,
    OUTPUT,
    Array,
    activation_of,
    copied,
    digit_task,
    fitted,
    known,
    outputs,
    weighted_layers,
)

exercise = Exercise("build_alexnet_mini", points=4)
# Measured by benchmarks/calibrate.py over seeds of digits and start, 400 unseen digits each: in 12
# the reference has mean 0.9542, sd 0.0095, 0.9375 to 0.9700, the narrow form, in 7, mean 0.9393,
# sd 0.0152, 0.9100 to 0.9575.  The floor is the lower mean less 2 sd (0.9089), rounded down.
ALEXNET_FLOOR, ALEXNET_TYPICAL = 0.90, 0.95
HIDDEN = 6  # five convolutions and a dense layer


def mini(rng: np.random.Generator) -> Iterator[Case]:
    inputs = {"X": rng.uniform(0, 1, (6, 16, 16, 1)).astype(np.float32)}
    yield Case(inputs, "16×16 grey pixels, 10 classes")


def mini_sizes(rng: np.random.Generator) -> Iterator[Case]:
    height = int(rng.integers(15, 48))
    width = height + int(rng.integers(3, 20))
    channels, classes = int(rng.integers(2, 5)), int(rng.integers(11, 99))
    inputs = {"shape": [height, width, channels], "classes": classes}
    yield Case(inputs, f"{height}×{width}×{channels}, {classes} classes")


def threshold(z: Array) -> float:
    """A number that lies above a tenth to a half of `z`, as far from all of them as possible."""
    values = np.unique(z)
    middles = (values[1:] + values[:-1]) / 2
    below = np.searchsorted(np.sort(z), middles) / z.size
    return float(middles[np.argmax(np.diff(values) * (below > 0.1) * (below < 0.5))])


def cutting(rng: np.random.Generator, x: Array, least: float = 0) -> tuple[Array, Array]:
    """Weights of a layer of two channels whose relu cuts off some of what reaches it.

    Args:
        rng: draws them.
        x: (N, 2), the values of two channels.
        least: how far from 0 every argument of the relu must stay.
    """
    distance = -1.0
    while distance < least:
        W = rng.normal(size=(2, 2)) + 1.5 * np.eye(2) * rng.choice([-1, 1], 2)
        W = W / (x @ W).std(axis=0)
        b = -np.array([threshold(column) for column in (x @ W).T])
        distance = float(np.abs(x @ W + b).min())
    return W, b


def signal(rng: np.random.Generator, x: Array, classes: int, least: float) -> dict[str, Any]:
    """Weights for pictures of one colour, (N, 2); see `cutting`."""
    inputs: dict[str, Any] = {}
    for layer in range(1, HIDDEN + 1):
        W, b = cutting(rng, x, least)
        inputs[f"W{layer}"], inputs[f"b{layer}"] = W, b
        x = np.maximum(x @ W + b, 0)
    return inputs | outputs(rng, classes)


def tells(x: Array, weights: dict[str, Any]) -> bool:
    """Whether a gradient tells of each relu: something that it cuts off has passed all before.

    Of 1,000 draws of 12 colours 3 % did not, and a network without the last of them passed.
    """
    heard = np.full(len(x), True)
    for layer in range(1, HIDDEN + 1):
        z = x @ weights[f"W{layer}"] + weights[f"b{layer}"]
        if not (z < 0)[heard].any(axis=0).all():
            return False
        heard &= (z > 0).any(axis=1)
        x = np.maximum(z, 0)
    return int(heard.sum()) > 1


def plain_pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Pictures that are the same everywhere, so that padding and pooling play no part."""
    x = rng.uniform(0, 1, (24, 2)).astype(np.float32)
    weights = signal(rng, x.astype(float), 10, 0.01)
    while not tells(x, weights):
        weights = signal(rng, x.astype(float), 10, 0.01)
    yield Case({"colours": x, "weights": weights}, "pictures of one colour, given weights")


def plain_backward(rng: np.random.Generator) -> Iterator[Case]:
    for case in plain_pictures(rng):
        cotangent = rng.normal(size=(24, 10)).astype(np.float32)
        yield Case({**case.inputs, "cotangent": cotangent}, case.label)


def overlapping(maps: Array) -> Array:
    """Maxima over windows of 3 by 3 that move by 2."""
    windows = np.lib.stride_tricks.sliding_window_view(maps, (3, 3), axis=(1, 2))
    return windows[:, ::2, ::2].max(axis=(-2, -1))


def mixed_pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Pictures of random pixels.

    Each layer cuts off some of what poolings have left: drawn for the pixels themselves, weights
    cut off all of it in a quarter of the draws, and no picture made a difference.
    """
    X = rng.uniform(0, 1, (4, 20, 17, 2))
    x = np.zeros((4, 2))
    while not np.ptp(x, axis=0).all():  # until each channel tells the pictures apart
        x, weights = X, {}
        for layer in range(1, HIDDEN):
            W, b = cutting(rng, x.reshape(-1, 2))
            weights[f"W{layer}"], weights[f"b{layer}"] = W, b
            x = np.maximum(x @ W + b, 0)
            x = overlapping(x) if layer in (1, 2, 5) else x
        x = x.mean(axis=(1, 2))
    weights["W6"], weights["b6"] = cutting(rng, x)
    inputs = {"X": X.astype(np.float32), "weights": weights | outputs(rng, 10)}
    yield Case(inputs, "pictures of random pixels, given weights")


def start_spread(rng: np.random.Generator) -> Iterator[Case]:
    """In standard errors of the variance of normal numbers; other distributions have less."""
    truth = {"off from 2 / n, in standard errors": (np.zeros(HIDDEN), np.ones(HIDDEN))}
    yield Case({}, "kernels before training", truth)


def carried(model, weights):
    """Copies weights into the first two channels of every layer, whatever its width.

    A convolution passes them on in the middle of its filter, a dense layer after the last pooling
    takes their mean over all places.
    """
    layers = [layer for layer, _ in weighted_layers(model)]
    if len(layers) != 7:
        raise ValueError(f"There are {len(layers)} layers with weights, not 7.")
    channels = 0
    for number, layer in enumerate(layers, 1):
        W, b = weights[f"W{number}"], weights[f"b{number}"]
        shape = tuple(int(n) for n in layer.kernel.shape)
        if shape[-1] < 2 or (number == 7 and shape[-1] != W.shape[1]):
            raise ValueError(f"Layer {number} with weights has an output of {shape[-1]}.")
        kernel = np.zeros(shape)
        # Further outputs repeat the first two; nobody listens to them.
        repeated = np.arange(shape[-1]) % W.shape[1]
        if len(shape) == 4:
            kernel[shape[0] // 2, shape[1] // 2, :2] = W[:, repeated]
        else:
            places = max(shape[0] // channels, 1)
            kernel.reshape(places, -1, shape[-1])[:, :2] = W[:, repeated] / places
        channels = shape[-1]
        copied(layer, kernel, b[repeated], number)
    return model


@exercise.check(points=0.75, cases=mini, judge=exact(secret=False), helpers=(known,))
def alexnet_layers(program, X):
    """Convolutions, poolings and dense layers are there, in AlexNet's order"""
    form = ("InputLayer", "Flatten", "Reshape", "Activation", "ReLU", "Softmax", "Dropout")
    found = []
    for layer in probes.layers(known(program.build_alexnet_mini(X.shape[1:], 10))):
        kind = layer["class"]
        if kind == "Conv2D":
            kernel = "×".join(map(str, layer["config"]["kernel_size"]))
            found.append(f"convolution {kernel}")
        elif kind == "Dense":
            found.append("dense" if len(layer["output"] or []) == 2 else "dense, not flattened")
        elif kind in ("MaxPooling2D", "AveragePooling2D"):
            found.append("pooling")
        elif kind not in form:
            found.append(kind)
    seen = {f"layer {number}": text for number, text in enumerate(found, 1)}
    return seen | {"number of layers": len(found)}


@exercise.check(points=0.25, cases=mini, judge=exact(secret=False), helpers=(known,))
def alexnet_poolings(program, X):
    """Its poolings overlap: the maximum of 3×3, with stride 2"""
    found = set()
    for layer in probes.layers(known(program.build_alexnet_mini(X.shape[1:], 10))):
        if layer["class"].endswith("Pooling2D"):
            kind = layer["class"].removesuffix("Pooling2D").replace("Max", "maximum").lower()
            size, strides = (list(layer["config"].get(n) or ()) for n in ("pool_size", "strides"))
            padding = layer["config"].get("padding")
            found.add(f"{kind} of {size}, strides {strides}, padding {padding}")
    return {"poolings": "; ".join(sorted(found))}


@exercise.check(points=0.5, cases=mini_sizes, judge=exact(), helpers=(known,))
def alexnet_sizes(program, shape, classes):
    """Only pooling shrinks the maps; input and classes are those that are asked for"""
    model = known(program.build_alexnet_mini(tuple(shape), classes))
    sizes = [
        layer["output"][1:3]
        for layer in probes.layers(model)
        if layer["class"] in ("Conv2D", "MaxPooling2D", "AveragePooling2D")
    ]
    names = ("height", "width")
    seen = {
        f"{name} after convolution or pooling {number}": size[axis]
        for number, size in enumerate(sizes, 1)
        for axis, name in enumerate(names)
    }
    return {"outputs": model.output_shape[-1]} | seen


@exercise.check(
    points=0.25,
    cases=mini,
    judge=exact(secret=False),
    helpers=(activation_of, weighted_layers, known),
)
def alexnet_activations(program, X):
    """relu follows every hidden layer, softmax the last"""
    layers = weighted_layers(program.build_alexnet_mini(X.shape[1:], 10))
    names = [" and ".join(dict.fromkeys(followed)) or "none" for _, followed in layers]
    odd = [f"{name} after layer {n}" for n, name in enumerate(names[:-1], 1) if name != "relu"]
    last = " and ".join(layers[-1][1]) if layers else ""
    return {"hidden layers": ", ".join(odd) or "relu", "last layer": last or "none"}


@exercise.check(points=0.5, cases=mini, judge=exact(secret=False))
def alexnet_dropout(program, X):
    """Dropout lies between the hidden dense layer and the output, and acts in training only"""
    model = program.build_alexnet_mini(X.shape[1:], 10)
    order = []
    for layer in probes.layers(model):
        if layer["class"] in ("Dense", "Dropout"):
            idle = layer["config"].get("rate") == 0
            order.append(layer["class"].lower() + (" of nothing" if idle else ""))
    one, two = (probes.to_arrays(model(X)) for _ in range(2))
    lively, other = (probes.to_arrays(model(X, training=True)) for _ in range(2))
    return {
        "dense layers and dropout": ", ".join(order),
        "two predictions are the same": bool(np.array_equal(one, two)),
        "two passes in training are the same": bool(np.array_equal(lively, other)),
    }


@exercise.check(
    points=0.5,
    cases=plain_pictures,
    judge=close(float32),
    helpers=(carried, weighted_layers, known, activation_of, copied),
)
def alexnet_colours(program, colours, weights):
    """With given weights, pictures of one colour get the right probabilities"""
    model = carried(program.build_alexnet_mini((16, 16, 2), 10), weights)
    X = np.broadcast_to(colours[:, None, None], (len(colours), 16, 16, 2))
    return {"probabilities": model(X)}


@exercise.check(
    points=0.25,
    cases=plain_backward,
    judge=close(float32),
    helpers=(carried, weighted_layers, known, activation_of, copied),
)
def alexnet_gradients(program, colours, weights, cotangent):
    """With given weights, the right gradients come back to the colours"""
    model = carried(program.build_alexnet_mini((16, 16, 2), 10), weights)

    def outputs(colours):
        return model(keras.ops.tile(colours[:, None, None], (1, 16, 16, 1)))

    return {"gradient of the colours": probes.vjp(outputs, colours, cotangent=cotangent)[0]}


@exercise.check(
    points=0.25,
    cases=mixed_pictures,
    judge=close(float32),
    helpers=(carried, weighted_layers, known, activation_of, copied),
)
def alexnet_pictures(program, X, weights):
    """With given weights, so do pictures of many colours, which pooling makes smaller"""
    return {"probabilities": carried(program.build_alexnet_mini(X.shape[1:], 10), weights)(X)}


@exercise.check(
    points=0.25,
    cases=start_spread,
    judge=within(),
    counts_alone=False,  # known to everybody
    helpers=(weighted_layers, known, activation_of),
)
def alexnet_start(program):
    """The hidden layers start as He says: variance 2 / n for n inputs"""
    off = []
    for layer, _ in weighted_layers(program.build_alexnet_mini((16, 16, 1), 10))[:-1]:
        kernel = probes.to_arrays(layer.kernel)
        inputs = np.prod(kernel.shape[:-1])
        off.append((np.mean(kernel**2) * inputs / 2 - 1) / np.sqrt(2 / kernel.size))
    return {"off from 2 / n, in standard errors": np.array(off)}


@exercise.check(
    points=0.5,
    cases=digit_task,
    judge=accuracy(ALEXNET_FLOOR, ALEXNET_TYPICAL),
    tries=3,
    seconds=60,
    helpers=(fitted,),
)
def alexnet_learns(program, images, labels, new_images):
    """It learns to tell digits of 16×16 pixels apart, on unseen ones"""
    model = program.build_alexnet_mini((16, 16, 1), 10)
    return fitted(model, images / 16, labels, new_images / 16, 1, 3e-3, 6)


CONVOLUTION = (
    "keras.layers.Conv2D(\n"
    '            filters, size, padding="same", activation="relu", kernel_initializer="he_normal"\n'
    "        )"
)
POOLING = "keras.layers.MaxPooling2D(pool_size=3, strides=2)"
DENSE = 'keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal")'
DROPPED = "keras.layers.Dropout(0.5),"
THREE = "convolution(48, 3),\n            convolution(48, 3),\n            convolution(48, 3),"
exercise.variant(
    "AX1a",
    "Your poolings lie side by side. AlexNet's overlap: windows of 3×3 that move by 2.",
    {POOLING: POOLING.replace("pool_size=3", "pool_size=2")},
)
exercise.variant(
    "AX1b",
    "Your dropout comes after the softmax and strikes out probabilities. It belongs in front of "
    "the last layer, where it strikes out features.",
    {DROPPED: "", OUTPUT: f"{OUTPUT},\n            {DROPPED[:-1]}"},
)
exercise.variant(
    "AX1c",
    "There is no dropout between the dense layers, where nearly all weights are.",
    {DROPPED: ""},
)
exercise.variant(
    "AX1d",
    "Your dropout lies in front of the hidden dense layer. It is wanted behind it, before the "
    "output.",
    {f"{DENSE},\n            {DROPPED}": f"{DROPPED}\n            {DENSE},"},
)
exercise.variant(
    "AX1e",
    "Your dropout strikes out nothing: its rate is 0. (It is the share that is dropped, not the "
    "share that is kept.)",
    {DROPPED: "keras.layers.Dropout(0.0),"},
)
exercise.variant(
    "AX2",
    "Your model divides the pixels by 255, but they come as numbers from 0 to 1 already. Then "
    "hardly anything is left of them: scale once.",
    {INPUT: f"{INPUT}\n            keras.layers.Rescaling(1 / 255),"},
)
exercise.variant(
    "AX3",
    "Your poolings average. AlexNet takes the maximum.",
    {POOLING: POOLING.replace("Max", "Average")},
)
exercise.variant(
    "AX4",
    "Your hidden layers end in tanh. That was LeNet's; relu is one of the things that made AlexNet "
    "trainable.",
    {
        CONVOLUTION: CONVOLUTION.replace("relu", "tanh"),
        DENSE: DENSE.replace("relu", "tanh"),
    },
)
exercise.variant(
    "AX5",
    "No activation follows your convolutions. A chain of convolutions without relu in between is "
    "one convolution.",
    {CONVOLUTION: CONVOLUTION.replace(' activation="relu",', "")},
)
exercise.variant(
    "AX5b",
    "No activation follows your hidden dense layer, so that it and the output are one linear "
    "layer.",
    {DENSE: DENSE.replace(' activation="relu",', "")},
)
exercise.variant(
    "AX7",
    "One of the three convolutions in a row is missing.",
    {THREE: THREE.replace("convolution(48, 3),\n            ", "", 1)},
)
exercise.variant(
    "AX8",
    "Your model has 10 outputs whatever is asked for. `classes` says how many.",
    {OUTPUT: OUTPUT.replace("classes", "10")},
)
exercise.variant(
    "AX9",
    "Your layers start as Keras starts them by default (Glorot), which is made for tanh. Through "
    "six relus the signal fades, and the network learns late. He's start has variance 2 / n.",
    {
        CONVOLUTION: CONVOLUTION.replace(', kernel_initializer="he_normal"', ""),
        DENSE: DENSE.replace(', kernel_initializer="he_normal"', ""),
    },
)
exercise.variant(
    "AX11",
    "Your poolings pad, so that the last windows stick out of the maps: no padding there.",
    {POOLING: POOLING.replace("strides=2", 'strides=2, padding="same"')},
)
exercise.variant(
    "AX12",
    "All your filters are 3×3. The first two convolutions look further: 5×5.",
    {CONVOLUTION: CONVOLUTION.replace("size,", "3,")},
)
exercise.variant(
    "AX13",
    "Your model takes pictures of 16×16 grey pixels whatever is asked for: `input_shape` says what "
    "comes.",
    {INPUT: "keras.Input((16, 16, 1)),"},
)
exercise.variant(
    "AX14",
    "Your maps are not flattened before the dense layers.",
    {FLATTEN: ""},
)
exercise.variant(
    "LN3d",
    "Your model puts out logits. Probabilities are asked for: softmax at the end.",
    {OUTPUT: "keras.layers.Dense(classes)"},
)
exercise.variant(
    "LN3e",
    "Your model takes the softmax of a softmax: no output can come near 1.",
    {OUTPUT: f"{OUTPUT},\n            keras.layers.Softmax()"},
)


@exercise.equivalent("functional, wider")
def alexnet_functional(input_shape, classes):
    def wide(x, filters, size):
        x = keras.layers.Conv2D(
            filters, (size, size), padding="SAME", kernel_initializer="HeUniform"
        )(x)
        return keras.layers.ReLU()(x)

    pixels = x = keras.Input(input_shape)
    for filters in (32, 48):
        x = keras.layers.MaxPool2D((3, 3), (2, 2), padding="valid")(wide(x, filters, 5))
    for filters in (64, 64, 48):
        x = wide(x, filters, 3)
    x = keras.layers.Flatten()(keras.layers.MaxPool2D(3, 2)(x))
    x = keras.layers.ReLU()(keras.layers.Dense(96, kernel_initializer="he_uniform")(x))
    x = keras.layers.Dropout(0.4)(x)
    return keras.Model(pixels, keras.layers.Softmax()(keras.layers.Dense(classes)(x)))


@exercise.equivalent("narrow, a model in a model")
def alexnet_narrow(input_shape, classes):
    from keras.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D

    he = keras.initializers.HeNormal
    model = keras.Sequential(name="features")
    model.add(Input(input_shape))
    for size, pool in ((5, True), (5, True), (3, False), (3, False), (3, True)):
        layer = Conv2D(24 if size == 5 else 32, size, padding="same", kernel_initializer=he())
        model.add(layer)
        model.add(keras.layers.Activation("relu"))
        if pool:
            model.add(MaxPooling2D(3, strides=2))
    return keras.Sequential(
        [
            model,
            Flatten(),
            Dense(96, activation=keras.ops.relu, kernel_initializer=he()),
            Dropout(rate=0.3),
            Dense(classes, "softmax"),
        ]
    )


exercise.equivalent(
    "other widths", {THREE: THREE.replace("48", "40"), "Dropout(0.5)": "Dropout(0.25)"}
)
