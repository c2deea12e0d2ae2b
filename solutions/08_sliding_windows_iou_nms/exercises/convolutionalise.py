"""Unit 08, `convolutionalise`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, float32, unchanged

from .cases import built, net, picture

exercise = Exercise("convolutionalise", points=4, uses=("dense_to_conv",))
# Layers in words; weights are drawn to fit.
NOTES_NET = ("conv 5 5 4 relu", "max 2 2", "flatten", "dense 6 relu", "dense 4 softmax")
TWO_POOLS = (
    "conv 3 2 3 tanh",
    "average 2 2",
    "conv 2 3 4 linear",
    "max 2 2",
    "flatten",
    "dense 5 sigmoid",
    "dense 3 linear",
)
LINEAR = ("conv 2 3 2 linear", "flatten", "dense 4 linear", "dense 3 linear")
NO_POOL = ("conv 3 3 2 linear", "relu", "flatten", "dense 3 tanh")


def weights_alone(rng: np.random.Generator) -> Iterator[Case]:
    """Neither biases nor activations nor poolings, so that only places of weights matter."""
    X = picture(rng, 2, 6, 8, 2)
    label = "a linear net for 4×6 pixels without biases, a picture of 6×8"
    yield Case({"net": net(rng, (4, 6, 2), LINEAR, bias=0.0), "X": X}, label)


def training_size(rng: np.random.Generator) -> Iterator[Case]:
    for shape, words in (((14, 14, 3), NOTES_NET), ((12, 17, 2), TWO_POOLS)):
        label = "{}×{} pixels, the size that the net was trained on".format(*shape)
        yield Case({"net": net(rng, shape, words), "X": picture(rng, 3, *shape)}, label)


def larger(rng: np.random.Generator) -> Iterator[Case]:
    """The notes' figures, rectangular pictures and nets, strides of 1, 2 and 4."""
    for shape, words, sizes in (
        ((14, 14, 3), NOTES_NET, ((16, 16), (28, 28))),
        ((12, 17, 2), TWO_POOLS, ((24, 21),)),
        ((5, 6, 1), NO_POOL, ((7, 9),)),
    ):
        drawn = net(rng, shape, words)
        for h, w in sizes:
            label = "a net for {}×{} pixels, ".format(*shape) + f"a picture of {h}×{w}"
            yield Case({"net": drawn, "X": picture(rng, 2, h, w, shape[2])}, label)


def windows_of_nets(rng: np.random.Generator) -> Iterator[Case]:
    for shape, words, (h, w), stride in (
        ((14, 14, 3), NOTES_NET, (18, 16), 2),
        ((12, 17, 2), TWO_POOLS, (20, 21), 4),
    ):
        label = "a net for {}×{} pixels, ".format(*shape) + f"windows {stride} pixels apart"
        inputs = {"net": net(rng, shape, words), "image": picture(rng, h, w, shape[2])}
        yield Case(inputs | {"stride": stride}, label)


def left_over(rng: np.random.Generator) -> Iterator[Case]:
    for shape, words, (h, w) in (
        ((14, 14, 3), NOTES_NET, (17, 19)),
        ((12, 17, 2), TWO_POOLS, (18, 23)),
    ):
        label = "a net for {}×{} pixels, ".format(*shape) + f"a picture of {h}×{w}"
        yield Case({"net": net(rng, shape, words), "X": picture(rng, 1, h, w, shape[2])}, label)


@exercise.check(points=0.75, cases=weights_alone, judge=close(float32), helpers=(built,))
def weights_in_place(program, net, X):
    """A net of weights alone, without biases, activations and poolings, is converted rightly"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@exercise.check(points=0.5, cases=training_size, judge=close(float32), helpers=(built,))
def at_training_size(program, net, X):
    """At the training size the map has one place, and the classifier's answer is there"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@exercise.check(points=1, cases=larger, judge=close(float32), helpers=(built,))
def on_larger_pictures(program, net, X):
    """Larger pictures give larger maps: 16×16 gives 2×2 and 28×28 gives 8×8, as in the notes"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@exercise.check(
    points=0.5,
    cases=windows_of_nets,
    judge=equal_sides("each place of the map, and the classifier on its window", float32),
    helpers=(built,),
)
def each_window(program, net, image, stride):
    """Each place of the map holds what the classifier says of its window"""
    classifier = built(net)
    h, w = net["shape"][:2]
    tops = range(0, image.shape[0] - h + 1, stride)
    lefts = range(0, image.shape[1] - w + 1, stride)
    crops = np.stack([image[y : y + h, x : x + w] for y in tops for x in lefts])
    right = probes.to_arrays(classifier(crops)).reshape(len(tops), len(lefts), -1)
    left = probes.to_arrays(program.convolutionalise(classifier)(image[None]))
    left = left[0] if np.ndim(left) == 4 else left  # else the wrong form will be told
    return {"left": {"map": left}, "right": {"map": right}}


@exercise.check(points=0.25, cases=left_over, judge=close(float32), helpers=(built,))
def pixels_left_over(program, net, X):
    """Pixels at the right and at the bottom that make no whole window are ignored"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@exercise.check(points=0.5, cases=training_size, judge=exact(secret=False), helpers=(built,))
def same_weights(program, net, X):
    """The new model has exactly as many weights as the old one, and no dense layer"""
    classifier = built(net)
    model = program.convolutionalise(classifier)
    model(X)
    kinds = {layer["class"] for layer in probes.layers(model)}
    return {
        "number of weights": int(model.count_params()),
        "it has a Dense layer": "Dense" in kinds,
        "it has a Flatten layer": "Flatten" in kinds,
    }


@exercise.check(points=0.5, cases=training_size, judge=unchanged(), helpers=(built,))
def classifier_unchanged(program, net, X):
    """The classifier keeps its weights and its answers, also once the new model has run"""
    classifier = built(net)
    before = probes.to_arrays(classifier(X))
    model = program.convolutionalise(classifier)
    model(X)
    # But for rounding, which can hang on where in memory an array lies.
    same = np.allclose(before, probes.to_arrays(classifier(X)), rtol=1e-4, atol=1e-6)
    return {
        "weights": [np.array(x) for x in classifier.get_weights()],
        "answers": "as they were" if same else "changed",
    }


DENSE_CASE = "isinstance(layer, keras.layers.Dense)"
KEPT = "            x = layer(x)\n"
exercise.variant(
    "SW3",
    "Your poolings move on by one pixel. They are part of the classifier and keep their stride: it "
    "is what sets the step from window to window.",
    {
        KEPT: (
            "            config = layer.get_config()\n"
            '            config |= {"strides": (1, 1)} if "pool_size" in config else {}\n'
            "            copy = type(layer).from_config(config)\n"
            "            x = copy(x)\n"
            "            copy.set_weights(layer.get_weights())\n"
        )
    },
)
exercise.variant(
    "SW4",
    "Your converted layers pad the picture, so that there is an answer for every place of the map "
    "before, most of them for windows that hang over the edge. A window must fit: no padding.",
    {"activation=layer.activation)": 'activation=layer.activation, padding="same")'},
)
exercise.variant(
    "SW5a",
    "You hand back the classifier as it is. Its dense layers still want the training size, so "
    "larger pictures fail.",
    {"return keras.Model(inputs, x)": "return model"},
)
exercise.variant(
    "SW5b",
    "You average over all windows at the end. The answer for each window is wanted, in its place.",
    {
        "return keras.Model(inputs, x)": (
            "x = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)\n"
            "    return keras.Model(inputs, x)"
        )
    },
)
exercise.variant(
    "SW5c",
    "You keep `Flatten` and the dense layers behind it, which want one fixed number of inputs. "
    "Turn them into convolutions, and leave `Flatten` out.",
    {DENSE_CASE: "False", "in_shape = tuple(layer.input.shape[1:])": "x = layer(x)"},
)
exercise.variant(
    "SW9",
    "The activations of the dense layers are lost on the way. A convolution applies them as well, "
    "number by number, softmax over the classes of each window.",
    {", activation=layer.activation": ""},
)
exercise.variant(
    "SW9b",
    "The activation of the last layer is lost: you give its numbers before the activation.",
    {
        "activation=layer.activation": (
            "activation=None if layer is model.layers[-1] else layer.activation"
        )
    },
)
exercise.variant(
    "SW10",
    "Your converted layers have fresh random weights. Take those of the dense layers.",
    {"            conv.set_weights([kernel, bias])\n": ""},
)
exercise.variant(
    "SW11",
    "Your convolutions have fresh random weights: a copy made from a layer's settings alone has "
    "not learnt anything.",
    {KEPT: "            x = type(layer).from_config(layer.get_config())(x)\n"},
)
exercise.variant(
    "SW12",
    "The biases of the dense layers are lost on the way.",
    {"conv.set_weights([kernel, bias])": "conv.set_weights([kernel, 0 * bias])"},
)
exercise.variant(
    "SW14",
    "Your map has lost its places where there is only one window: also at the training size its "
    "shape has rows and columns, 1 and 1.",
    {
        "return keras.Model(inputs, x)": (
            "return keras.Model(inputs, keras.layers.Lambda(lambda m: "
            "keras.ops.squeeze(m, (1, 2)) if tuple(m.shape[1:3]) == (1, 1) else m)(x))"
        )
    },
)
exercise.variant(
    "SW15",
    "The new model is right, but you take the activations away from the layers of the one that you "
    "were given. Leave `model` as it was.",
    {
        "            conv.set_weights([kernel, bias])\n": (
            "            conv.set_weights([kernel, bias])\n            layer.activation = None\n"
        )
    },
)


@exercise.equivalent("copies of all layers")
def from_copies(model):
    """Every layer is new, and gets its weights at the end, by way of a list."""
    *_, channels = model.input_shape
    found = keras.Sequential([keras.Input((None, None, channels))])
    weights = []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Flatten):
            h, w, c = layer.input.shape[1:]
        elif isinstance(layer, keras.layers.Dense):
            W, b = (np.array(x) for x in layer.get_weights())
            weights += dense_to_conv(W, b, (h, w, c))
            found.add(keras.layers.Conv2D(b.size, (h, w), activation=layer.activation))
            h, w, c = 1, 1, b.size
        else:
            found.add(type(layer).from_config(layer.get_config()))
            weights += layer.get_weights()
    found.set_weights(weights)
    return found


@exercise.equivalent("activations as layers of their own")
def in_two_halves(model):
    """The convolutions as they are; each dense layer as a matrix product at every place."""
    kinds = [type(layer).__name__ for layer in model.layers]
    cut = kinds.index("Flatten")
    h, w, c = model.layers[cut].input.shape[1:]
    inputs = keras.Input((None, None, model.input_shape[3]))
    x = inputs
    for layer in model.layers[:cut]:
        x = layer(x)
    for layer in model.layers[cut + 1 :]:
        kernel, bias = dense_to_conv(*layer.get_weights(), (h, w, c))
        own = keras.layers.Conv2D(layer.units, (h, w), strides=1, padding="valid")
        own.build((None, None, None, c))
        own.kernel.assign(kernel)
        own.bias.assign(bias)
        x = keras.layers.Activation(layer.activation)(own(x))
        h, w, c = 1, 1, layer.units
    return keras.Model(inputs=inputs, outputs=x)


exercise.equivalent(
    "without dense_to_conv",
    {
        "kernel, bias = dense_to_conv(*layer.get_weights(), in_shape)": (
            "weights, bias = layer.get_weights()\n"
            "            kernel = weights.reshape((*in_shape, layer.units))"
        )
    },
)
