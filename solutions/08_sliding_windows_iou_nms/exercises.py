"""Unit 08, sliding windows as convolutions, intersection over union, non-max suppression.

Inputs.  Pictures, kernels and windows are rectangular.  Scores are all different, and no overlap
lies within 0.02 of a threshold, so that neither ties nor `>` against `>=` matter.  Heaps of boxes
overlap each other and one neighbour in part, which no threshold but the case's tells apart; what
chains, classes, limits and low scores do has checks of its own, so that a slip there costs once.

Keras computes in float32, and is judged as such; boxes are NumPy, in float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder import Case, Unit, close, equal_sides, exact, float32, float64, unchanged

if TYPE_CHECKING:  # these are there where observations run, beside the student's code
    import keras
    from keras import ops

    from autograder import probes

unit = Unit("08_sliding_windows_iou_nms", framework="keras")

READY_MADE_IOU = ("keras.utils.bounding_boxes.compute_iou",)
READY_MADE_NMS = (
    "tensorflow.image.non_max_suppression",
    "tensorflow.image.non_max_suppression_padded",
    "tensorflow.image.non_max_suppression_with_scores",
    "tensorflow.image.combined_non_max_suppression",
)

# --------------------------------------------------------------------------------- dense_to_conv

dense_to_conv = unit.exercise("dense_to_conv", points=2)

BLOCKS = (("a block of 2×3×4, five units", (2, 3, 4), 5), ("4×2×3, one unit", (4, 2, 3), 1))


def dense_layers(rng: np.random.Generator) -> Iterator[Case]:
    for label, in_shape, k in BLOCKS:
        inputs = {"W": rng.normal(size=(int(np.prod(in_shape)), k)), "b": rng.normal(size=k)}
        yield Case(inputs | {"in_shape": in_shape}, label)


def dense_layers_and_blocks(rng: np.random.Generator) -> Iterator[Case]:
    for case in dense_layers(rng):
        yield Case({**case.inputs, "x": rng.normal(size=case.inputs["in_shape"])}, case.label)


@dense_to_conv.check(points=0.75, cases=dense_layers, judge=close(float64))
def kernel_values(program, W, b, in_shape):
    """In the kernel each weight is in its place"""
    kernel, _ = program.dense_to_conv(W, b, tuple(in_shape))
    return {"kernel": kernel}


@dense_to_conv.check(points=0.5, cases=dense_layers, judge=close(float64))
def bias_values(program, W, b, in_shape):
    """The second of the pair is the bias of each filter"""
    _, bias = program.dense_to_conv(W, b, tuple(in_shape))
    return {"b": bias}


@dense_to_conv.check(
    points=0.5,
    cases=dense_layers_and_blocks,
    judge=equal_sides("the convolution at its one place, and the dense layer on the flat block"),
)
def same_answer(program, W, b, in_shape, x):
    """On a block of the training size the convolution gives what the dense layer gives"""
    kernel, bias = program.dense_to_conv(W.copy(), b.copy(), tuple(in_shape))
    if np.shape(kernel) == (*in_shape, len(b)):
        answer = np.tensordot(x, np.asarray(kernel), 3) + bias
    else:
        answer = kernel  # of the wrong form, which is what will be told
    return {"left": {"answer": answer}, "right": {"answer": x.reshape(-1) @ W + b}}


@dense_to_conv.check(points=0.25, cases=dense_layers, judge=exact(secret=False))
def as_many_weights(program, W, b, in_shape):
    """The kernel has as many weights as the dense layer, in the shape that Conv2D wants"""
    kernel, bias = program.dense_to_conv(W, b, tuple(in_shape))
    return {"shape of the kernel": list(np.shape(kernel)), "shape of b": list(np.shape(bias))}


KERNEL = "W.reshape(*in_shape, -1)"
SHAPES = "h, w, c = in_shape\n    k = b.size\n    return "

dense_to_conv.variant(
    "SW1a",
    "You read each column of `W` as if the channels came first. `Flatten` in Keras goes through a "
    "block row by row, and the channels are the fastest.",
    {"return " + KERNEL: SHAPES + "W.reshape(c, h, w, k).transpose(1, 2, 0, 3)"},
)
dense_to_conv.variant(
    "SW1b",
    "Your kernel has its channels first. Conv2D in Keras wants height, width, channels in, and "
    "then the filters.",
    {"return " + KERNEL: SHAPES + "W.reshape(h, w, c, k).transpose(2, 0, 1, 3)"},
)
dense_to_conv.variant(
    "SW1c",
    "Height and width of the block are exchanged: its rows follow each other, so the column "
    "changes faster than the row.",
    {"return " + KERNEL: SHAPES + "W.reshape(w, h, c, k).transpose(1, 0, 2, 3)"},
)
dense_to_conv.variant(
    "SW2",
    "You cut `W` up as if the weights of a unit were a row of it. They are a column: each row of "
    "`W` belongs to one number of the block.",
    {"return " + KERNEL: SHAPES + "W.reshape(k, h, w, c).transpose(1, 2, 3, 0)"},
)
dense_to_conv.variant(
    "SW6",
    "You turn the kernel upside down. That is the convolution of mathematics; the one of deep "
    "learning lays the kernel on the picture as it is.",
    {KERNEL: "W.reshape(*in_shape, -1)[::-1, ::-1]"},
)
dense_to_conv.variant(
    "SW7",
    "You give a bias of zeros. The convolution adds the dense layer's biases, one for each filter.",
    {KERNEL + ", b": KERNEL + ", 0 * b"},
)


def dense_filter_by_filter(W, b, in_shape):
    filters = [np.reshape(column, in_shape) for column in W.T]
    return np.stack(filters, axis=-1), np.copy(b)


def dense_place_by_place(W, b, in_shape):
    h, w, c = in_shape
    kernel = np.empty((h, w, c, W.shape[1]))
    for r in range(h):
        for s in range(w):
            for q in range(c):
                kernel[r, s, q] = W[(r * w + s) * c + q]
    return [kernel, b]


dense_to_conv.equivalent("filter by filter", dense_filter_by_filter)
dense_to_conv.equivalent("place by place", dense_place_by_place)
dense_to_conv.equivalent(
    "by way of the transpose",
    {KERNEL: "np.moveaxis(W.T.reshape(-1, *in_shape), 0, -1)"},
)

# ------------------------------------------------------------------------------ convolutionalise

convolutionalise = unit.exercise("convolutionalise", points=4, uses=("dense_to_conv",))

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
FLAT = ("flatten", "dense 4 tanh")

Shape = tuple[int, ...]


def net(
    rng: np.random.Generator, shape: Shape, words: tuple[str, ...], bias: float = 0.5
) -> dict[str, Any]:
    """A classifier as data: its input shape, its layers in words, its weights in float32."""
    weights = []
    h, w, c = shape
    for word in words:
        kind, *rest = word.split()
        if kind == "conv":
            p, q, k = map(int, rest[:3])
            weights += [rng.normal(size=(p, q, c, k)) / np.sqrt(p * q * c)]
            h, w, c = h - p + 1, w - q + 1, k
        elif kind in ("max", "average"):
            h, w = h // int(rest[0]), w // int(rest[1])
        elif kind == "flatten":
            h, w, c = 1, 1, h * w * c
        elif kind == "dense":
            weights += [rng.normal(size=(c, int(rest[0]))) * 1.5 / np.sqrt(c)]
            c = int(rest[0])
        if kind in ("conv", "dense"):
            weights += [bias * rng.normal(size=c)]
    return {"shape": shape, "words": words, "weights": [x.astype(np.float32) for x in weights]}


def picture(rng: np.random.Generator, *shape: int) -> Any:
    return rng.uniform(-1, 1, shape).astype(np.float32)


def built(net):
    """The classifier of a case, as a Keras model."""
    model = keras.Sequential([keras.Input(tuple(net["shape"]))])
    for word in net["words"]:
        kind, *rest = word.split()
        if kind == "conv":
            size = (int(rest[0]), int(rest[1]))
            model.add(keras.layers.Conv2D(int(rest[2]), size, activation=rest[3]))
        elif kind == "max":
            model.add(keras.layers.MaxPooling2D((int(rest[0]), int(rest[1]))))
        elif kind == "average":
            model.add(keras.layers.AveragePooling2D((int(rest[0]), int(rest[1]))))
        elif kind == "relu":
            model.add(keras.layers.ReLU())
        elif kind == "flatten":
            model.add(keras.layers.Flatten())
        else:
            model.add(keras.layers.Dense(int(rest[0]), activation=rest[1]))
    model.set_weights(net["weights"])
    return model


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


@convolutionalise.check(points=0.75, cases=weights_alone, judge=close(float32), helpers=(built,))
def weights_in_place(program, net, X):
    """A net of weights alone, without biases, activations and poolings, is converted rightly"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@convolutionalise.check(points=0.5, cases=training_size, judge=close(float32), helpers=(built,))
def at_training_size(program, net, X):
    """At the training size the map has one place, and the classifier's answer is there"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@convolutionalise.check(points=1, cases=larger, judge=close(float32), helpers=(built,))
def on_larger_pictures(program, net, X):
    """Larger pictures give larger maps: 16×16 gives 2×2 and 28×28 gives 8×8, as in the notes"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@convolutionalise.check(
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


@convolutionalise.check(points=0.25, cases=left_over, judge=close(float32), helpers=(built,))
def pixels_left_over(program, net, X):
    """Pixels at the right and at the bottom that make no whole window are ignored"""
    model = program.convolutionalise(built(net))
    return {"map": probes.to_arrays(model(X))}


@convolutionalise.check(
    points=0.5, cases=training_size, judge=exact(secret=False), helpers=(built,)
)
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


@convolutionalise.check(points=0.5, cases=training_size, judge=unchanged(), helpers=(built,))
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


CONV = "keras.layers.Conv2D(layer.units, in_shape[:2], activation=layer.activation)"
DENSE_CASE = "isinstance(layer, keras.layers.Dense)"
KEPT = "            x = layer(x)\n"

convolutionalise.variant(
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
convolutionalise.variant(
    "SW4",
    "Your converted layers pad the picture, so that there is an answer for every place of the map "
    "before, most of them for windows that hang over the edge. A window must fit: no padding.",
    {"activation=layer.activation)": 'activation=layer.activation, padding="same")'},
)
convolutionalise.variant(
    "SW5a",
    "You hand back the classifier as it is. Its dense layers still want the training size, so "
    "larger pictures fail.",
    {"return keras.Model(inputs, x)": "return model"},
)
convolutionalise.variant(
    "SW5b",
    "You average over all windows at the end. The answer for each window is wanted, in its place.",
    {
        "return keras.Model(inputs, x)": (
            "x = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)\n"
            "    return keras.Model(inputs, x)"
        )
    },
)
convolutionalise.variant(
    "SW5c",
    "You keep `Flatten` and the dense layers behind it, which want one fixed number of inputs. "
    "Turn them into convolutions, and leave `Flatten` out.",
    {DENSE_CASE: "False", "in_shape = tuple(layer.input.shape[1:])": "x = layer(x)"},
)
convolutionalise.variant(
    "SW9",
    "The activations of the dense layers are lost on the way. A convolution applies them as well, "
    "number by number, softmax over the classes of each window.",
    {", activation=layer.activation": ""},
)
convolutionalise.variant(
    "SW9b",
    "The activation of the last layer is lost: you give its numbers before the activation.",
    {
        "activation=layer.activation": (
            "activation=None if layer is model.layers[-1] else layer.activation"
        )
    },
)
convolutionalise.variant(
    "SW10",
    "Your converted layers have fresh random weights. Take those of the dense layers.",
    {"            conv.set_weights([kernel, bias])\n": ""},
)
convolutionalise.variant(
    "SW11",
    "Your convolutions have fresh random weights: a copy made from a layer's settings alone has "
    "not learnt anything.",
    {KEPT: "            x = type(layer).from_config(layer.get_config())(x)\n"},
)
convolutionalise.variant(
    "SW12",
    "The biases of the dense layers are lost on the way.",
    {"conv.set_weights([kernel, bias])": "conv.set_weights([kernel, 0 * bias])"},
)
convolutionalise.variant(
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
convolutionalise.variant(
    "SW15",
    "The new model is right, but you take the activations away from the layers of the one that you "
    "were given. Leave `model` as it was.",
    {
        "            conv.set_weights([kernel, bias])\n": (
            "            conv.set_weights([kernel, bias])\n            layer.activation = None\n"
        )
    },
)


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


convolutionalise.equivalent("copies of all layers", from_copies)
convolutionalise.equivalent("activations as layers of their own", in_two_halves)
convolutionalise.equivalent(
    "without dense_to_conv",
    {
        "kernel, bias = dense_to_conv(*layer.get_weights(), in_shape)": (
            "weights, bias = layer.get_weights()\n"
            "            kernel = weights.reshape((*in_shape, layer.units))"
        )
    },
)

# -------------------------------------------------------------------------------- sliding_window

sliding_window = unit.exercise("sliding_window", points=3)


def size_of(win):
    """A window's size as the docstring says it: cases carry tuples as lists."""
    return win if isinstance(win, int) else tuple(win)


def square_windows(rng: np.random.Generator) -> Iterator[Case]:
    for win, (h, w), stride in ((4, (9, 8), 2), (5, (6, 7), 1)):
        inputs = {"net": net(rng, (win, win, 2), FLAT), "image": picture(rng, h, w, 2)}
        label = f"windows of {win}×{win} in {h}×{w} pixels, {stride} apart"
        yield Case(inputs | {"win": win, "stride": stride}, label)


def rectangular_windows(rng: np.random.Generator) -> Iterator[Case]:
    for (p, q), (h, w), stride in (((3, 5), (8, 9), 2), ((4, 2), (11, 5), 3)):
        inputs = {"net": net(rng, (p, q, 2), FLAT), "image": picture(rng, h, w, 2)}
        label = f"windows of {p}×{q} in {h}×{w} pixels, {stride} apart"
        yield Case(inputs | {"win": (p, q), "stride": stride}, label)


def odd_grids(rng: np.random.Generator) -> Iterator[Case]:
    for win, (h, w), stride in ((4, (4, 4), 2), (4, (8, 12), 4), (3, (8, 10), 4), (2, (3, 5), 1)):
        inputs = {"net": net(rng, (win, win, 1), FLAT), "image": picture(rng, h, w, 1)}
        label = f"windows of {win}×{win} in {h}×{w} pixels, {stride} apart"
        yield Case(inputs | {"win": win, "stride": stride}, label)


@sliding_window.check(
    points=0.5, cases=square_windows, judge=close(float32), helpers=(built, size_of)
)
def first_window(program, net, image, win, stride):
    """The first answer is that to the top left window"""
    answers = probes.to_arrays(program.sliding_window(built(net), image, size_of(win), stride))
    return {"answer in row 0, column 0": np.asarray(answers)[0, 0]}


@sliding_window.check(
    points=1, cases=square_windows, judge=close(float32), helpers=(built, size_of)
)
def answers_in_place(program, net, image, win, stride):
    """The answer to each window is in its place"""
    return {
        "map": probes.to_arrays(program.sliding_window(built(net), image, size_of(win), stride))
    }


@sliding_window.check(
    points=0.5, cases=rectangular_windows, judge=close(float32), helpers=(built, size_of)
)
def windows_with_two_sides(program, net, image, win, stride):
    """A window `(h, w)` is h rows high and w columns wide"""
    return {
        "map": probes.to_arrays(program.sliding_window(built(net), image, size_of(win), stride))
    }


@sliding_window.check(
    points=0.75, cases=odd_grids, judge=exact(secret=False), helpers=(built, size_of)
)
def all_that_fit(program, net, image, win, stride):
    """There is an answer for each window that lies wholly in the picture, and for no other"""
    answers = program.sliding_window(built(net), image, size_of(win), stride)
    return {"shape": list(np.shape(probes.to_arrays(answers)))}


@sliding_window.check(
    points=0.25, cases=square_windows, judge=unchanged(), helpers=(built, size_of)
)
def image_unchanged(program, net, image, win, stride):
    """It leaves the caller's `image` as it was"""
    program.sliding_window(built(net), image, size_of(win), stride)
    return {"image": image}


ROWS = "range(0, image.shape[0] - h + 1, stride)"
COLS = "range(0, image.shape[1] - w + 1, stride)"
RESHAPED = "answers.reshape(len(rows), len(cols), -1)"

sliding_window.variant(
    "SL1",
    "The last window of each row and of each column is missing. A window that ends exactly at the "
    "edge still fits.",
    {ROWS: ROWS.replace(" + 1", ""), COLS: COLS.replace(" + 1", "")},
)
sliding_window.variant(
    "SL2",
    "Height and width of the window are exchanged: `(h, w)`, rows first, as in a picture's shape.",
    {"h, w = (win, win)": "w, h = (win, win)"},
)
sliding_window.variant(
    "SL3",
    "You go on by one pixel each time, whatever the stride.",
    {ROWS: ROWS.replace(", stride", ""), COLS: COLS.replace(", stride", "")},
)
sliding_window.variant(
    "SL4",
    "Rows and columns of your map are exchanged: the first index counts windows downwards.",
    {RESHAPED: RESHAPED + ".transpose(1, 0, 2)"},
)
sliding_window.variant(
    "SL4b",
    "You go through the picture column by column, but lay the answers out row by row.",
    {"for y in rows for x in cols": "for x in cols for y in rows"},
)
sliding_window.variant(
    "SL5",
    "Your windows lie side by side without overlap: you go on by a whole window instead of by the "
    "stride.",
    {ROWS: ROWS.replace("stride", "h"), COLS: COLS.replace("stride", "w")},
)
sliding_window.variant(
    "SL6",
    "Your answers are one long list. Their places are wanted: rows, then columns, then classes.",
    {RESHAPED: "answers"},
)
sliding_window.variant(
    "SL7",
    "You note only the best class of each window. All numbers of the answer are wanted.",
    {RESHAPED: RESHAPED + ".argmax(axis=-1)"},
)
sliding_window.variant(
    "SL8",
    "Your last windows begin where none fits any more, and are filled up with zeros. Only windows "
    "that lie wholly in the picture count.",
    {
        ROWS: "range(0, image.shape[0] - h + stride, stride)",
        COLS: "range(0, image.shape[1] - w + stride, stride)",
        "    crops = ": (
            "    image = np.pad(image, ((0, stride), (0, stride), (0, 0)))\n    crops = "
        ),
    },
)
sliding_window.variant(
    "SL9",
    "The answers are right, but you mark the corner of each window in the caller's `image`. Draw "
    "on a copy.",
    {
        f"    return {RESHAPED}": (
            f"    image[: rows.stop : stride, : cols.stop : stride] = 1\n    return {RESHAPED}"
        )
    },
)


def sliding_one_by_one(model, image, win, stride):
    h, w = win if isinstance(win, (tuple, list)) else (win, win)
    result = []
    y = 0
    while y + h <= len(image):
        line = []
        x = 0
        while x + w <= len(image[0]):
            crop = image[y : y + h, x : x + w]
            line.append(np.asarray(model(crop[None]))[0])
            x += stride
        result.append(line)
        y += stride
    return np.array(result)


def sliding_view(model, image, win, stride):
    size = tuple(np.broadcast_to(win, 2))
    views = np.lib.stride_tricks.sliding_window_view(image, size, axis=(0, 1))
    crops = np.moveaxis(views[::stride, ::stride], 2, -1)
    rows, cols = crops.shape[:2]
    answers = model.predict(crops.reshape(rows * cols, *crops.shape[2:]), verbose=0)
    return answers.reshape(rows, cols, answers.shape[-1])


def sliding_tensor(model, image, win, stride):
    h, w = (win, win) if isinstance(win, int) else win
    H, W, _ = image.shape
    lines = []
    for i in range((H - h) // stride + 1):
        starts = [j * stride for j in range((W - w) // stride + 1)]
        top = i * stride
        lines.append(model(np.array([image[top : top + h, x : x + w] for x in starts])))
    return ops.stack(lines)


sliding_window.equivalent("one by one", sliding_one_by_one)
sliding_window.equivalent("views and predict", sliding_view)
sliding_window.equivalent("a tensor, row by row", sliding_tensor)

# ------------------------------------------------------------------------------------------- iou

iou = unit.exercise("iou", points=3, forbids=READY_MADE_IOU)


def overlapping(rng: np.random.Generator, scale: float) -> tuple[Any, Any]:
    """Two boxes of different shape that overlap in part, far from the origin."""
    corner = rng.uniform(2, 5, 2)
    sides = rng.uniform(0.5, 1, 2) * [1.6, 1.0]
    shift = rng.uniform(0.15, 0.5, 2) * sides * rng.choice([-1.0, 1.0], 2)
    other = sides * rng.uniform(0.85, 1.15, 2)
    a = np.concatenate([corner, corner + sides])
    b = np.concatenate([corner + shift, corner + shift + other])
    return scale * a, scale * b


def pairs(rng: np.random.Generator) -> Iterator[Case]:
    for label, scale in (("in pixels", 40.0), ("in parts of the picture", 0.2)):
        for _ in range(2):
            a, b = overlapping(rng, scale)
            yield Case({"a": a, "b": b}, f"boxes that overlap in part, {label}")


def one_in_the_other(rng: np.random.Generator) -> Iterator[Case]:
    for label, scale in (("in pixels", 40.0), ("in parts of the picture", 0.2)):
        corner, sides = rng.uniform(2, 5, 2), rng.uniform(0.5, 1, 2) * [1.6, 1.0]
        start, end = rng.uniform(0.1, 0.3, 2) * sides, rng.uniform(0.6, 0.9, 2) * sides
        a = scale * np.concatenate([corner, corner + sides])
        b = scale * np.concatenate([corner + start, corner + end])
        yield Case({"a": a, "b": b}, f"the second in the first, {label}")
        yield Case({"a": b, "b": a}, f"the first in the second, {label}")


def moving_away(rng: np.random.Generator) -> Iterator[Case]:
    """A box that is moved further and further in one direction; the places are in random order."""
    for label, scale in (("in pixels", 40.0), ("in pixels", 15.0), ("in parts", 0.2)):
        corner, sides = rng.uniform(2, 5, 2), rng.uniform(0.5, 1, 2) * [1.6, 1.0]
        step = 0.13 * sides * rng.choice([-1.0, 1.0], 2)
        a = scale * np.concatenate([corner, corner + sides])
        others = a + scale * np.outer(rng.permutation(6) + 1, np.tile(step, 2))
        yield Case({"a": a, "others": others}, f"a box and six like it, {label}")


def boxes_apart(rng: np.random.Generator) -> Iterator[Case]:
    """The notes' killer case among them: apart in both directions, by their own size."""
    (x, y), (w, h) = rng.integers(1, 9, 2), rng.integers(4, 9, 2)
    a = np.array([x, y, x + w, y + h], dtype=float)
    for label, step in (
        ("apart in both directions", (2 * w, 2 * h)),
        ("apart, one above the other", (1, 2 * h)),
        ("apart, side by side", (2 * w, 1)),
        ("an edge in common", (w, 0)),
        ("a corner in common", (w, h)),
    ):
        yield Case({"a": a, "b": a + np.tile(step, 2)}, label)
    # What x of one has in common with y of the other, it has not with its x.
    a, b = np.array([x, y + 30, x + w, y + 30 + h]), np.array([y + 31, x, y + 31 + h, x + w])
    yield Case({"a": a.astype(float), "b": b.astype(float)}, "on either side of the diagonal")


def without_area(rng: np.random.Generator) -> Iterator[Case]:
    x, y = rng.uniform(1, 5, 2)
    line = np.array([x, y, x, y + 3])
    yield Case({"a": line, "b": np.array([x - 1, y - 1, x + 2, y + 2])}, "a line in a box")
    yield Case({"a": line, "b": line.copy()}, "an upright line and itself")
    level = np.array([x, y, x + 2, y])
    yield Case({"a": level, "b": level.copy()}, "a level line and itself")
    yield Case({"a": np.array([x, y, x, y]), "b": np.array([x, y, x, y])}, "a point and itself")


def moved_pairs(rng: np.random.Generator) -> Iterator[Case]:
    for scale in (0.01, 30.0):
        a, b = overlapping(rng, 1.0)
        inputs = {"a": a, "b": b, "scale": scale, "shift": rng.uniform(20, 50, 2)}
        yield Case(inputs, f"boxes moved, and {scale:g} times as large")


@iou.check(points=0.5, cases=pairs, judge=close(float64))
def overlap_in_part(program, a, b):
    """Boxes that overlap in part have the right IoU"""
    return {"iou": program.iou(a, b)}


@iou.check(points=0.25, cases=one_in_the_other, judge=close(float64))
def containment(program, a, b):
    """Where one box lies in the other, the IoU is the quotient of their areas"""
    return {"iou": program.iou(a, b)}


@iou.check(points=0.5, cases=moving_away, judge=exact())
def larger_overlap(program, a, others):
    """Of boxes of one size, the one that overlaps more has the larger IoU"""
    values = [float(program.iou(a.copy(), other.copy())) for other in others]
    return {"boxes by their IoU, the smallest first": np.argsort(values)}


@iou.check(points=0.5, cases=boxes_apart, judge=close(float64), counts_alone=False)  # always 0
def no_common_area(program, a, b):
    """Boxes that lie apart or only touch have IoU 0"""
    return {"iou": program.iou(a, b)}


@iou.check(points=0.25, cases=without_area, judge=close(float64), counts_alone=False)  # always 0
def no_area_at_all(program, a, b):
    """A box without area has IoU 0, not 0/0"""
    return {"iou": program.iou(a, b)}


@iou.check(points=0.25, cases=pairs, judge=exact(secret=False))
def itself_and_either_way(program, a, b):
    """A box has IoU 1 with itself, and the order of two boxes does not matter"""

    def near(got, want):
        return bool(np.ndim(got) == 0 and abs(got - want) < 1e-9)

    there, back = program.iou(a.copy(), b.copy()), program.iou(b.copy(), a.copy())
    return {
        "iou(a, a) is 1": near(program.iou(a.copy(), a.copy()), 1),
        "iou(a, b) is iou(b, a)": near(there, back),
        "it lies between 0 and 1": bool(0 < there < 1),
    }


@iou.check(
    points=0.5,
    cases=moved_pairs,
    judge=equal_sides("the IoU of two boxes, moved together and in another unit, and before"),
)
def no_place_and_no_unit(program, a, b, scale, shift):
    """The IoU stays what it is if both boxes are moved, or measured in another unit"""
    shift = np.tile(shift, 2)
    left = program.iou(scale * (a + shift), scale * (b + shift))
    return {"left": {"iou": left}, "right": {"iou": program.iou(a, b)}}


@iou.check(points=0.25, cases=pairs, judge=unchanged())
def pair_unchanged(program, a, b):
    """It leaves the caller's boxes as they were"""
    program.iou(a, b)
    return {"a": a, "b": b}


WIDTH = "width = min(a[2], b[2]) - max(a[0], b[0])"
HEIGHT = "height = min(a[3], b[3]) - max(a[1], b[1])"
NOTHING = "    if width <= 0 or height <= 0:\n        return 0.0\n"
BOTH = "both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])"
QUOTIENT = "float(common / (both - common))"

iou.variant(
    "IO1",
    "You multiply the sides of the intersection although they can be negative: two boxes that lie "
    "apart in both directions get an area, minus times minus. An empty intersection has area 0.",
    {NOTHING: "", QUOTIENT: f"{QUOTIENT} if both != common else 0.0"},
)
iou.variant(
    "IO1b",
    "You keep only the *area* of the intersection from falling below 0, or only one of its sides. "
    "Where both sides are negative their product is positive: look at each side.",
    {NOTHING: "    if width * height <= 0:\n        return 0.0\n"},
)
iou.variant(
    "IO2",
    "Your union is the sum of the two areas. What they have in common is counted twice there: take "
    "it away once.",
    {"(both - common)": "both"},
)
iou.variant(
    "IO3a",
    "You add 1 to widths and heights, as was usual for whole pixels. Coordinates are real numbers "
    "here: a box from 2 to 5 is 3 wide.",
    {
        WIDTH: WIDTH + " + 1",
        HEIGHT: HEIGHT + " + 1",
        BOTH: (
            "both = (a[2] - a[0] + 1) * (a[3] - a[1] + 1) + (b[2] - b[0] + 1) * (b[3] - b[1] + 1)"
        ),
    },
)
iou.variant(
    "IO3b",
    "You add 1 to the sides of the intersection only, but not to those of the boxes: half of the "
    "old convention for whole pixels. Here nothing is added anywhere.",
    {WIDTH: WIDTH + " + 1", HEIGHT: HEIGHT + " + 1"},
)
iou.variant(
    "IO4a",
    "You read a box as corner, width and height. It is two corners: `[x1, y1, x2, y2]`.",
    {
        WIDTH: "width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])",
        HEIGHT: "height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])",
        BOTH: "both = a[2] * a[3] + b[2] * b[3]",
    },
)
iou.variant(
    "IO4b",
    "You read a box as centre, width and height. It is two corners: `[x1, y1, x2, y2]`.",
    {
        WIDTH: (
            "width = min(a[0] + a[2] / 2, b[0] + b[2] / 2) - max(a[0] - a[2] / 2, b[0] - b[2] / 2)"
        ),
        HEIGHT: (
            "height = min(a[1] + a[3] / 2, b[1] + b[3] / 2) - max(a[1] - a[3] / 2, b[1] - b[3] / 2)"
        ),
        BOTH: "both = a[2] * a[3] + b[2] * b[3]",
    },
)
iou.variant(
    "IO5",
    "You divide by the area of the smaller box. Then a speck in the middle of a large box would be "
    "a perfect match: divide by the union.",
    {
        QUOTIENT: (
            "float(common / min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])))"
        )
    },
)
iou.variant(
    "IO6",
    "The axes are mixed up: you compare x of one box with y of the other. Places 0 and 2 are x, 1 "
    "and 3 are y, in both boxes.",
    {
        WIDTH: "width = min(a[2], b[3]) - max(a[0], b[1])",
        HEIGHT: "height = min(a[3], b[2]) - max(a[1], b[0])",
    },
)
iou.variant(
    "IO7",
    "Boxes without area lead you to 0/0. Where nothing is in common the IoU is 0, and there is "
    "nothing to divide.",
    {NOTHING: "    width, height = max(width, 0.0), max(height, 0.0)\n"},
)
iou.variant(
    "IO8",
    "You return the area of the intersection. Divide it by the area of the union.",
    {QUOTIENT: "float(common)"},
)
iou.variant(
    "IO9",
    "You return 1 - IoU, the distance of the boxes. The IoU itself is wanted: 1 for equal boxes.",
    {QUOTIENT: "float(1 - common / (both - common))"},
)
iou.variant(
    "IO10",
    "You divide by the area of the box around both. It is larger than the union: boxes side by "
    "side in a slanting line leave two corners of it empty.",
    {
        QUOTIENT: (
            "float(common / ((max(a[2], b[2]) - min(a[0], b[0]))"
            " * (max(a[3], b[3]) - min(a[1], b[1]))))"
        )
    },
)
iou.variant(
    "IO11",
    "The intersection is taken the wrong way round: its left edge is the right-most of the two "
    "left edges, and so on. You have the box around both.",
    {
        WIDTH: "width = max(a[2], b[2]) - min(a[0], b[0])",
        HEIGHT: "height = max(a[3], b[3]) - min(a[1], b[1])",
    },
)


def iou_in_place(a, b):
    b -= np.tile(a[:2], 2)
    a -= np.tile(a[:2], 2)
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = a[2] * a[3] + (b[2] - b[0]) * (b[3] - b[1])
    return width * height / (both - width * height)


iou.variant(
    "IO12",
    "Your number is right, but you move the caller's boxes: for an array, an augmented assignment "
    "changes the array itself.",
    iou_in_place,
)


def iou_clamped(a, b):
    x1, y1, x2, y2 = a
    u1, v1, u2, v2 = b
    common = max(0, min(x2, u2) - max(x1, u1)) * max(0, min(y2, v2) - max(y1, v1))
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - common
    return common / union if union > 0 else 0


def iou_vectors(a, b):
    a, b = np.asarray(a, dtype=float).reshape(2, 2), np.asarray(b, dtype=float).reshape(2, 2)
    sides = np.minimum(a[1], b[1]) - np.maximum(a[0], b[0])
    common = np.prod(np.maximum(sides, 0))
    if common == 0:
        return np.array(0.0)
    return common / (np.prod(np.diff(a, axis=0)) + np.prod(np.diff(b, axis=0)) - common)


iou.equivalent("clamped sides", iou_clamped)
iou.equivalent("vectors", iou_vectors)
iou.equivalent("the quotient turned over", {QUOTIENT: "1 / ((both - common) / common)"})

# ------------------------------------------------------------------------------------ iou_matrix

iou_matrix = unit.exercise("iou_matrix", points=2, uses=("iou",), forbids=READY_MADE_IOU)


def overlapping_sets(rng: np.random.Generator) -> Iterator[Case]:
    """Every box of A overlaps every box of B in part: all hold a common point."""
    for n, m, size, label in (
        (3, 5, 1.0, "in pixels"),
        (4, 1, 1.0, "in pixels"),
        (2, 3, 0.01, "in parts of the picture"),
    ):
        centre, boxes = rng.uniform(30, 60, 2), []
        for _ in range(n + m):
            low, high = rng.uniform(4, 20, 2), rng.uniform(4, 20, 2) * [1.5, 1.0]
            boxes.append(size * np.concatenate([centre - low, centre + high]))
        sets = {"A": np.array(boxes[:n]), "B": np.array(boxes[n:])}
        yield Case(sets, f"{n} boxes and {m}, {label}")


def scattered_sets(rng: np.random.Generator) -> Iterator[Case]:
    """Among boxes that overlap: apart in both directions, touching, and without area."""
    a, b = overlapping(rng, 40.0)
    size = np.array([b[2] - b[0], b[3] - b[1]])
    apart, touching = b + np.tile(3 * size, 2), a + np.tile([a[2] - a[0], 0.0], 2)
    upright, level = np.array([[a[0], a[1], a[0], a[3]], [a[0], a[1], a[2], a[1]]])
    A, B = [a, upright, level, apart], [b, touching, level, upright, a]
    yield Case({"A": np.array(A), "B": np.array(B)}, "mixed")


def no_boxes(rng: np.random.Generator) -> Iterator[Case]:
    some = np.array([overlapping(rng, 40.0)[0] for _ in range(3)])
    yield Case({"A": np.zeros((0, 4)), "B": some}, "no box in A")
    yield Case({"A": some, "B": np.zeros((0, 4))}, "no box in B")


@iou_matrix.check(points=0.75, cases=overlapping_sets, judge=close(float64))
def all_pairs(program, A, B):
    """Row i, column j holds the IoU of `A[i]` and `B[j]`"""
    return {"matrix": program.iou_matrix(A, B)}


@iou_matrix.check(points=0.5, cases=scattered_sets, judge=close(float64))
def pairs_without_overlap(program, A, B):
    """Pairs that lie apart, touch, or have no area get 0, beside others that overlap"""
    return {"matrix": program.iou_matrix(A, B)}


@iou_matrix.check(
    points=0.25,
    cases=overlapping_sets,
    judge=equal_sides("each entry of iou_matrix(A, B), and your iou of the pair"),
)
def as_iou_says(program, A, B):
    """It agrees with your `iou`, pair by pair"""
    right = np.array([[program.iou(a, b) for b in B] for a in A], dtype=float)
    return {"left": {"matrix": program.iou_matrix(A, B)}, "right": {"matrix": right}}


@iou_matrix.check(points=0.25, cases=no_boxes, judge=exact(secret=False))
def shape_without_boxes(program, A, B):
    """Without boxes on one side the matrix is empty, and still has two axes"""
    return {"shape": list(np.shape(program.iou_matrix(A, B)))}


@iou_matrix.check(points=0.25, cases=overlapping_sets, judge=unchanged())
def sets_unchanged(program, A, B):
    """It leaves the caller's `A` and `B` as they were"""
    program.iou_matrix(A, B)
    return {"A": A, "B": B}


COMMON = "np.clip(bottom_right - top_left, 0, None).prod(axis=2)"
UNION = "area_A[:, None] + area_B[None, :] - common"
DIVIDED = "np.divide(common, union, out=np.zeros_like(common), where=common > 0)"

iou_matrix.variant(
    "IM1",
    "You multiply the sides of the intersection although they can be negative: pairs that lie "
    "apart in both directions get an area, minus times minus.",
    {
        COMMON: "(bottom_right - top_left).prod(axis=2)",
        "where=common > 0": "where=union != 0",
    },
)
iou_matrix.variant(
    "IM2",
    "Your union is the sum of the two areas. What they have in common is counted twice there.",
    {UNION: "area_A[:, None] + area_B[None, :]"},
)
iou_matrix.variant(
    "IM3",
    "You add 1 to widths and heights, as was usual for whole pixels. Coordinates are real numbers "
    "here.",
    {
        COMMON: "np.clip(bottom_right - top_left + 1, 0, None).prod(axis=2)",
        "(A[:, 2:] - A[:, :2])": "(A[:, 2:] - A[:, :2] + 1)",
        "(B[:, 2:] - B[:, :2])": "(B[:, 2:] - B[:, :2] + 1)",
    },
)
iou_matrix.variant(
    "IM4",
    "Your matrix is turned over: a row belongs to a box of `A`, a column to one of `B`.",
    {"return " + DIVIDED: "return " + DIVIDED + ".T"},
)
iou_matrix.variant(
    "IM5",
    "Boxes without area lead you to 0/0. Where nothing is in common the IoU is 0.",
    {DIVIDED: "common / union"},
)


def matrix_of_lists(A, B):
    return np.array([[iou(a, b) for b in B] for a in A])


iou_matrix.variant(
    "IM6",
    "Your numbers are right, but without a box in `A` your array has one axis only: NumPy can't "
    "know from an empty list how long its rows would be.",
    matrix_of_lists,
)
iou_matrix.variant(
    "IM7",
    "You divide by the area of the smaller box of each pair. Divide by the union.",
    {UNION: "np.minimum(area_A[:, None], area_B[None, :])"},
)
iou_matrix.variant(
    "IM8",
    "You compare `A` with itself; the boxes in `B` play no part.",
    {"    top_left = ": "    B = A\n    top_left = "},
)


def matrix_in_place(A, B):
    found = np.zeros((len(A), len(B)))
    for row, a in enumerate(A):
        a[2:] -= a[:2]
        for column, b in enumerate(B):
            sides = np.minimum(a[:2] + a[2:], b[2:]) - np.maximum(a[:2], b[:2])
            common = np.maximum(sides, 0).prod()
            union = a[2:].prod() + (b[2:] - b[:2]).prod() - common
            found[row, column] = common / union if common else 0.0
    return found


iou_matrix.variant(
    "IM9",
    "Your numbers are right, but you turn the caller's boxes into corner and size: for an array, "
    "an augmented assignment changes the array itself, through a row of it as well.",
    matrix_in_place,
)


def matrix_of_calls(A, B):
    found = np.zeros((len(A), len(B)))
    for i, a in enumerate(A):
        for j in range(len(B)):
            found[i, j] = iou(a, B[j])
    return found


def matrix_axis_by_axis(A, B):
    ax1, ay1, ax2, ay2 = np.asarray(A).T[:, :, None]
    bx1, by1, bx2, by2 = np.asarray(B).T[:, None, :]
    w = np.maximum(0, np.minimum(ax2, bx2) - np.maximum(ax1, bx1))
    h = np.maximum(0, np.minimum(ay2, by2) - np.maximum(ay1, by1))
    union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - w * h
    return w * h / np.where(union > 0, union, 1)


def matrix_by_columns(A, B):
    columns = [[iou(a, b) for a in A] for b in B]
    return np.reshape(columns, (len(B), len(A))).T.astype(float)


iou_matrix.equivalent("a call for each pair", matrix_of_calls)
iou_matrix.equivalent("axis by axis", matrix_axis_by_axis)
iou_matrix.equivalent("by columns", matrix_by_columns)

# ------------------------------------------------------------------------------------------- nms

nms = unit.exercise(
    "nms", points=4, uses=("iou", "iou_matrix"), forbids=(*READY_MADE_IOU, *READY_MADE_NMS)
)


def box(corner: Any, sides: Any) -> Any:
    return np.concatenate([corner, np.asarray(corner) + sides])


def shifted(sides: Any, overlap: float, axis: int) -> Any:
    """The step along an axis after which a box has this IoU with its old place."""
    step = np.zeros(2)
    step[axis] = sides[axis] * (1 - overlap) / (1 + overlap)
    return step


def heap(rng: np.random.Generator, corner: Any, sides: Any, count: int) -> list[Any]:
    """Boxes that are nearly the same: any two of them overlap by 0.86 at least."""
    wobble = 0.015 * np.tile(sides, 2)
    return [box(corner, sides) + wobble * rng.uniform(-1, 1, 4) for _ in range(count)]


def places(rng: np.random.Generator, count: int) -> Any:
    """Corners so far apart that what lies at two of them does not overlap."""
    grid = np.stack(np.meshgrid(np.arange(3), np.arange(3)), axis=-1).reshape(-1, 2)
    return 160.0 * rng.permutation(grid)[:count] + rng.uniform(5, 20, (count, 2))


def different(rng: np.random.Generator, count: int, low: float = 0.3) -> Any:
    """Scores from `low` to 1, all different, in random order."""
    step = (1 - low) / max(count, 1)
    return rng.permutation(low + step * (np.arange(count) + rng.uniform(0.2, 0.8, count)))


def heaps(rng: np.random.Generator, iou_thr: float) -> list[list[Any]]:
    """Pairs of heaps whose boxes overlap by about 0.12 less than the threshold, and a lone box."""
    found = []
    corners = places(rng, 4)
    for number, corner in enumerate(corners[:3]):
        sides = rng.uniform(25, 40, 2) * [1.3, 1.0]
        step = shifted(sides, iou_thr - 0.12, number % 2)
        found.append(heap(rng, corner, sides, 4 - number % 2))
        found.append(heap(rng, corner + step, sides, 2 + number % 2))
    return [*found, [box(corners[3], rng.uniform(10, 40, 2))]]


def together(rng: np.random.Generator, iou_thr: float) -> dict[str, Any]:
    """Heaps in random order; the first has the best scores, which so follow each other."""
    groups = heaps(rng, iou_thr)
    boxes = np.concatenate(groups)
    scores = np.sort(different(rng, len(boxes)))[::-1]
    scores[len(groups[0]) :] = rng.permutation(scores[len(groups[0]) :])
    order = rng.permutation(len(boxes))
    return {"boxes": boxes[order], "scores": scores[order], "iou_thr": iou_thr}


def scenes(rng: np.random.Generator) -> Iterator[Case]:
    for iou_thr in (0.5, 0.3, 0.7):
        inputs = together(rng, iou_thr)
        yield Case(inputs, f"{len(inputs['scores'])} boxes in heaps, iou_thr = {iou_thr}")


def chains(rng: np.random.Generator) -> Iterator[Case]:
    """Boxes in a row: neighbours overlap by more than the threshold, others by less.

    In the first row the scores fall along it, so that every other box stays.  Of the second the
    middle one is the best; then come both beside it, or an end and the one beside the middle on
    the other side, which lies on the best and not on the one before it.
    """
    side = rng.choice([-1, 1])
    for iou_thr, axis, falling in (
        (0.5, 0, (0, side, -side, 2 * side, -2 * side)),
        (0.35, 1, (0, 2 * side, -side, side, -2 * side)),
    ):
        corners = places(rng, 2)
        boxes, scores = [], []
        for corner in corners:
            sides = rng.uniform(25, 40, 2) * [1.3, 1.0]
            step = shifted(sides, iou_thr + 0.1, axis)
            boxes += [box(corner + number * step, sides) for number in range(5)]
        second = np.empty(5)
        second[2 + np.array(falling)] = np.sort(different(rng, 5, 0.3) * 0.7)[::-1]
        scores = np.concatenate([np.linspace(0.95, 0.75, 5) + rng.uniform(0, 0.005, 5), second])
        # The first to come is one that is to go.
        order = np.array([1, *rng.permutation([0, *range(2, 10)])])
        inputs = {"boxes": np.array(boxes)[order], "scores": scores[order], "iou_thr": iou_thr}
        yield Case(inputs, f"two rows of five boxes, iou_thr = {iou_thr}")


def limited(rng: np.random.Generator) -> Iterator[Case]:
    for max_out in (1, 3, 50):
        inputs = together(rng, 0.5) | {"max_out": max_out}
        yield Case(inputs, f"{len(inputs['scores'])} boxes in heaps, max_out = {max_out}")


def few(rng: np.random.Generator) -> Iterator[Case]:
    boxes = np.array(heap(rng, rng.uniform(5, 20, 2), rng.uniform(25, 40, 2), 4))
    for label, count, iou_thr in (("no box", 0, 0.5), ("one box", 1, 0.5), ("four boxes", 4, 1.0)):
        inputs = {"boxes": boxes[:count], "scores": different(rng, count), "iou_thr": iou_thr}
        yield Case(inputs, f"{label}, iou_thr = {iou_thr}")


def indices(result):
    """What came back as a list of integers; of booleans or boxes where it holds such."""
    found = np.asarray(result)
    if found.size == 0 and found.ndim <= 1:
        return []
    whole = found.dtype.kind == "f" and found.ndim == 1 and np.array_equal(found, np.rint(found))
    return (found.astype(int) if whole else found).tolist()


def in_any_order(result):
    """The indices that came back, the smallest first, so that their order is not judged."""
    found = indices(result)
    return sorted(found) if all(type(one) is int for one in found) else found


@nms.check(points=1.25, cases=scenes, judge=exact(), helpers=(in_any_order, indices))
def best_of_each_heap(program, boxes, scores, iou_thr):
    """Of each heap of boxes the best one stays (its place in `boxes` is wanted)"""
    return {"boxes that stay": in_any_order(program.nms(boxes, scores, iou_thr, None))}


@nms.check(points=0.75, cases=chains, judge=exact(), helpers=(in_any_order, indices))
def along_chains(program, boxes, scores, iou_thr):
    """In a row of boxes, one that has been dropped drops no other"""
    return {"boxes that stay": in_any_order(program.nms(boxes, scores, iou_thr, None))}


@nms.check(points=0.5, cases=limited, judge=exact(), helpers=(in_any_order, indices))
def at_most_so_many(program, boxes, scores, iou_thr, max_out):
    """At most `max_out` boxes stay, and those are the best of what would stay without a limit"""
    return {"boxes that stay": in_any_order(program.nms(boxes, scores, iou_thr, max_out))}


@nms.check(points=0.25, cases=scenes, judge=exact(secret=False), helpers=(indices,))
def best_first(program, boxes, scores, iou_thr):
    """The boxes that stay come in the order of their scores, the best first"""
    kept = indices(program.nms(boxes, scores, iou_thr, None))
    if not kept or type(kept[0]) is not int:
        return {"indices": False}
    steps = np.diff(scores[kept])
    return {"the best first": bool((steps < 0).all()), "the worst first": bool((steps > 0).all())}


@nms.check(points=0.5, cases=scenes, judge=exact(secret=False), helpers=(indices,))
def laws_of_suppression(program, boxes, scores, iou_thr):
    """What stays obeys the laws of suppression, in whatever order the boxes come in"""

    def kept_of(order):
        again = program.nms(boxes[order].copy(), scores[order].copy(), iou_thr, None)
        return {int(order[place]) for place in indices(again) if type(place) is int}

    def overlap(a, b):
        sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
        common = np.maximum(sides, 0).prod()
        return common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common)

    everyone = np.arange(len(boxes))
    kept = kept_of(everyone)
    dropped = set(range(len(boxes))) - kept
    close_pairs = {
        (i, j) for i in kept for j in range(len(boxes)) if overlap(boxes[i], boxes[j]) > iou_thr
    }
    beaten = {j for i, j in close_pairs if scores[i] > scores[j]}
    return {
        "the best box of all stays": int(np.argmax(scores)) in kept,
        "two boxes that stay overlap too much": any(i != j for i, j in close_pairs if j in kept),
        "each box that goes overlaps a better one that stays": dropped <= beaten,
        "the same boxes in another order: the same stay": kept_of(everyone[::-1]) == kept,
        "suppressing what is left drops nothing": kept_of(np.array(sorted(kept))) == kept,
    }


@nms.check(points=0.5, cases=few, judge=exact(secret=False), helpers=(in_any_order, indices))
def few_boxes(program, boxes, scores, iou_thr):
    """No box, one box, and a threshold of 1, at which all boxes stay"""
    kept = in_any_order(program.nms(boxes, scores, iou_thr, None))
    return {"boxes that stay": kept}


@nms.check(points=0.25, cases=scenes, judge=unchanged())
def nms_arguments_unchanged(program, boxes, scores, iou_thr):
    """It leaves the caller's `boxes` and `scores` as they were"""
    program.nms(boxes, scores, iou_thr, None)
    return {"boxes": boxes, "scores": scores}


ORDER = "np.argsort(scores)[::-1]"
DROPPED = "left = left[overlaps <= iou_thr]"
RETURNED = "return np.array(kept, dtype=int)"

nms.variant(
    "NM2a",
    "You begin with the lowest score. `argsort` puts the smallest first; the surest box comes "
    "first here.",
    {ORDER: "np.argsort(scores)"},
)
nms.variant(
    "NM2b",
    "You take the boxes as they come. The surest of those that are left has to be taken each time.",
    {ORDER: "np.arange(len(scores))"},
)


def nms_against_all(boxes, scores, iou_thr, max_out):
    overlaps = iou_matrix(boxes, boxes)
    order = np.argsort(scores)[::-1]
    kept = [i for n, i in enumerate(order) if all(overlaps[i, j] <= iou_thr for j in order[:n])]
    return np.array(kept[:max_out], dtype=int)


nms.variant(
    "NM3",
    "You compare each box with *all* better ones, those that have been dropped included. A box "
    "that is gone stands for nothing and drops no other: compare with those that stay.",
    nms_against_all,
)
nms.variant(
    "NM4",
    "You drop the boxes that overlap little and go on with those that overlap much. It is the "
    "other way round.",
    {"overlaps <= iou_thr": "overlaps > iou_thr"},
)


def nms_one_round(boxes, scores, iou_thr, max_out):
    if not len(boxes):
        return np.array([], dtype=int)
    order = np.argsort(scores)[::-1]
    best, rest = order[0], order[1:]
    rest = rest[iou_matrix(boxes[best][None], boxes[rest])[0] <= iou_thr]
    return np.concatenate([[best], rest])[:max_out]


nms.variant(
    "NM5",
    "You make one round only: what overlaps the very best box goes, and everything else stays. The "
    "step has to be repeated with the best of those that are left (这个步骤循环进行).",
    nms_one_round,
)


def nms_while_iterating(boxes, scores, iou_thr, max_out):
    left = list(np.argsort(scores)[::-1])
    kept = []
    while left and len(kept) != max_out:
        best = left.pop(0)
        kept.append(best)
        for other in left:
            if iou(boxes[best], boxes[other]) > iou_thr:
                left.remove(other)
    return np.array(kept, dtype=int)


nms.variant(
    "NM6",
    "You take boxes out of a list while a loop goes over it. The loop then skips the one behind "
    "each box that goes, so that every other near-copy survives. Build a new list instead.",
    nms_while_iterating,
)
nms.variant(
    "NM8",
    "You ignore `max_out`: stop as soon as so many boxes stay.",
    {" and len(kept) != max_out": ""},
)
nms.variant(
    "NM9",
    "You take the `max_out` best boxes first and suppress then. Near-copies of the best one use up "
    "the places; the limit is for the boxes that stay.",
    {ORDER: ORDER + "[:max_out]", " and len(kept) != max_out": ""},
)
nms.variant(
    "NM10",
    "Your indices count in the sorted list. The caller needs the places in `boxes` as it was "
    "handed in.",
    {RETURNED: "return np.argsort(np.argsort(-scores))[kept].astype(int)"},
)
nms.variant(
    "NM11",
    "You return the boxes themselves. Their places in `boxes` are wanted, so that scores and "
    "classes can be looked up as well.",
    {RETURNED: "return boxes[kept]"},
)
nms.variant(
    "NM12",
    "You return one flag for each box. The places of those that stay are wanted.",
    {RETURNED: "return np.isin(np.arange(len(boxes)), kept)"},
)
nms.variant(
    "NM13",
    "Your threshold is always 0.5. It is an argument: `iou_thr`.",
    {"overlaps <= iou_thr": "overlaps <= 0.5"},
)
nms.variant(
    "NM14",
    "The right boxes stay, but you list them in the order of their places. The best score comes "
    "first.",
    {RETURNED: "return np.array(sorted(kept), dtype=int)"},
)


def nms_in_place(boxes, scores, iou_thr, max_out):
    kept = []
    while len(scores) and scores.max() > -np.inf and len(kept) != max_out:
        best = int(scores.argmax())
        kept.append(best)
        scores[best] = -np.inf
        scores[iou_matrix(boxes[best][None], boxes)[0] > iou_thr] = -np.inf
    return np.array(kept, dtype=int)


nms.variant(
    "NM15",
    "The right boxes stay, but you strike out scores in the caller's array. Work on a copy.",
    nms_in_place,
)


def nms_neighbours_in_order(boxes, scores, iou_thr, max_out):
    kept = []
    for place in np.argsort(scores)[::-1]:
        if len(kept) == max_out:
            break
        if not kept or iou(boxes[kept[-1]], boxes[place]) <= iou_thr:
            kept.append(place)
    return np.array(kept, dtype=int)


nms.variant(
    "NM17",
    "You compare each box with the last one that was kept only. It has to be compared with all "
    "that stay.",
    nms_neighbours_in_order,
)


def nms_with_a_mask(boxes, scores, iou_thr, max_out):
    gone = np.zeros(len(boxes), dtype=bool)
    overlaps = iou_matrix(boxes, boxes)
    kept = []
    for place in np.argsort(-scores):
        if gone[place]:
            continue
        kept.append(place)
        gone |= overlaps[place] >= iou_thr
    return np.array(kept if max_out is None else kept[:max_out], dtype=np.int32)


def nms_with_lists(boxes, scores, iou_thr, max_out):
    left = sorted(range(len(scores)), key=lambda place: scores[place], reverse=True)
    kept = []
    while left:
        if max_out is not None and len(kept) >= max_out:
            break
        best = left[0]
        kept.append(best)
        left = [other for other in left[1:] if iou(boxes[best], boxes[other]) < iou_thr]
    return kept


def nms_recursive(boxes, scores, iou_thr, max_out):
    def suppress(order, room):
        if not order or room == 0:
            return []
        first, *others = order
        apart = [place for place in others if iou(boxes[first], boxes[place]) <= iou_thr]
        return [first, *suppress(apart, room - 1)]

    order = [int(place) for place in np.argsort(-scores)]
    return suppress(order, len(order) if max_out is None else max_out)


def nms_on_a_copy(boxes, scores, iou_thr, max_out):
    alive = scores.copy()
    found = []
    while len(found) < (max_out or len(boxes)) and np.isfinite(alive).any():
        place = alive.argmax()
        found.append(place)
        near = iou_matrix(boxes, boxes[[place]])[:, 0] > iou_thr
        alive[near] = -np.inf
        alive[place] = -np.inf
    return np.array(found, dtype=np.int64)


nms.equivalent("mask, >=", nms_with_a_mask)
nms.equivalent("lists, <", nms_with_lists)
nms.equivalent("recursive", nms_recursive)
nms.equivalent("scores struck out on a copy", nms_on_a_copy)

# -------------------------------------------------------------------------------- multiclass_nms

multiclass_nms = unit.exercise(
    "multiclass_nms",
    points=3,
    uses=("iou", "iou_matrix", "nms"),
    forbids=(*READY_MADE_IOU, *READY_MADE_NMS),
)


def mixed(
    rng: np.random.Generator, boxes: list[Any], classes: list[int], scores: Any, score_thr: float
) -> dict[str, Any]:
    order = rng.permutation(len(boxes))
    return {
        "boxes": np.array(boxes)[order],
        "scores": scores[order],
        "classes": np.array(classes)[order],
        "score_thr": score_thr,
        "iou_thr": 0.5,
    }


def heaps_of_one_class(rng: np.random.Generator) -> Iterator[Case]:
    """Classes don't meet, and all scores are high: suppression itself."""
    for names in ((0, 1, 2), (4, 7, 9)):
        boxes, classes = [], []
        for number, some in enumerate(heaps(rng, 0.5)):
            boxes += some
            classes += [names[number // 2 % 3]] * len(some)
        scores = different(rng, len(boxes))
        label = f"{len(boxes)} boxes, classes {', '.join(map(str, names))}"
        yield Case(mixed(rng, boxes, classes, scores, 0.2), label)


def heaps_of_several(rng: np.random.Generator) -> Iterator[Case]:
    """In each heap two classes take turns; scores are high."""
    for _ in range(2):
        boxes, classes = [], []
        for some in heaps(rng, 0.5):
            boxes += some
            classes += [number % 2 for number in range(len(some))]
        scores = different(rng, len(boxes))
        yield Case(mixed(rng, boxes, classes, scores, 0.2), "two classes in each heap")


def some_are_low(rng: np.random.Generator) -> Iterator[Case]:
    """Lone boxes and heaps, half of them below the threshold; heaps are of one class."""
    for score_thr in (0.6, 0.45):
        boxes, classes = [], []
        for number, some in enumerate(heaps(rng, 0.5)):
            boxes += some
            classes += [number // 2] * len(some)
        low = rng.permutation(np.linspace(0.05, score_thr - 0.1, len(boxes)))
        high = rng.permutation(np.linspace(score_thr + 0.05, 0.95, len(boxes)))
        above = np.arange(len(boxes)) % 3 == 0
        above[-1] = False  # the lone box
        yield Case(
            mixed(rng, boxes, classes, np.where(above, high, low), score_thr),
            f"many scores are below score_thr = {score_thr}",
        )


def hardly_any(rng: np.random.Generator) -> Iterator[Case]:
    boxes = heap(rng, rng.uniform(5, 20, 2), rng.uniform(25, 40, 2), 3)
    yield Case(mixed(rng, boxes, [0, 1, 2], different(rng, 3) / 2, 0.7), "all scores are too low")
    nothing = {"boxes": np.zeros((0, 4)), "scores": np.zeros(0), "classes": np.zeros(0, dtype=int)}
    yield Case(nothing | {"score_thr": 0.5, "iou_thr": 0.5}, "no box")


@multiclass_nms.check(
    points=0.75, cases=heaps_of_one_class, judge=exact(), helpers=(in_any_order, indices)
)
def best_of_each_class(program, boxes, scores, classes, score_thr, iou_thr):
    """Of each heap of one class the best box stays (its place in `boxes` is wanted)"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@multiclass_nms.check(
    points=0.75, cases=heaps_of_several, judge=exact(), helpers=(in_any_order, indices)
)
def classes_do_not_compete(program, boxes, scores, classes, score_thr, iou_thr):
    """Boxes of different classes in the same place do not drop each other"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@multiclass_nms.check(
    points=0.5, cases=some_are_low, judge=exact(), helpers=(in_any_order, indices)
)
def low_scores_go(program, boxes, scores, classes, score_thr, iou_thr):
    """Boxes with a score below `score_thr` are thrown away, whether or not they overlap another"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@multiclass_nms.check(
    points=0.25, cases=heaps_of_one_class, judge=exact(secret=False), helpers=(indices,)
)
def best_first_of_all(program, boxes, scores, classes, score_thr, iou_thr):
    """The boxes that stay come in the order of their scores, over all classes"""
    kept = indices(program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr))
    if not kept or type(kept[0]) is not int:
        return {"indices": False}
    steps = np.diff(scores[kept])
    return {"the best first": bool((steps < 0).all()), "the worst first": bool((steps > 0).all())}


@multiclass_nms.check(
    points=0.25, cases=heaps_of_several, judge=exact(secret=False), helpers=(indices,)
)
def class_by_class(program, boxes, scores, classes, score_thr, iou_thr):
    """Each class by itself gives what it gives beside the others"""

    def kept_of(order):
        given = (boxes[order].copy(), scores[order].copy(), classes[order].copy())
        again = program.multiclass_nms(*given, score_thr, iou_thr)
        return {int(order[place]) for place in indices(again) if type(place) is int}

    together = kept_of(np.arange(len(boxes)))
    apart = [kept_of(np.flatnonzero(classes == label)) for label in np.unique(classes)]
    return {
        "some boxes stay": bool(together),
        "class by class, the same boxes stay": set().union(*apart) == together,
    }


@multiclass_nms.check(
    points=0.25, cases=hardly_any, judge=exact(secret=False), helpers=(in_any_order, indices)
)
def nothing_stays(program, boxes, scores, classes, score_thr, iou_thr):
    """Where no score is high enough, or there is no box, nothing stays"""
    kept = program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes that stay": in_any_order(kept)}


@multiclass_nms.check(points=0.25, cases=some_are_low, judge=unchanged())
def multiclass_arguments_unchanged(program, boxes, scores, classes, score_thr, iou_thr):
    """It leaves the caller's `boxes`, `scores` and `classes` as they were"""
    program.multiclass_nms(boxes, scores, classes, score_thr, iou_thr)
    return {"boxes": boxes, "scores": scores, "classes": classes}


OWN = "np.flatnonzero((classes == label) & (scores >= score_thr))"
EXTENDED = "kept.extend(own[nms(boxes[own], scores[own], iou_thr, None)])"
SORTED = "return np.array(sorted(kept, key=lambda place: -scores[place]), dtype=int)"

multiclass_nms.variant(
    "NM1",
    "Your boxes compete with those of other classes. A rider sits on a motorcycle, and both are "
    "there: suppress within each class.",
    {
        "for label in np.unique(classes):": "for label in [0]:",
        OWN: "np.flatnonzero(scores >= score_thr)",
    },
)
# The other half of the slip in the study, a threshold *after* suppression, is no slip: a box below
# it can only drop boxes that are below it too.  It is among the equivalents.
multiclass_nms.variant(
    "NM7",
    "Low scores stay: boxes below `score_thr` are thrown away, also those that overlap no other.",
    {OWN: "np.flatnonzero(classes == label)"},
)
multiclass_nms.variant(
    "NM18",
    "Your indices count within the boxes of a class. The caller needs the places in `boxes` as it "
    "was handed in.",
    {EXTENDED: "kept.extend(nms(boxes[own], scores[own], iou_thr, None))"},
)
multiclass_nms.variant(
    "NM19",
    "The right boxes stay, but they come class by class. The best score comes first, over all "
    "classes.",
    {SORTED: "return np.array(kept, dtype=int)"},
)
multiclass_nms.variant(
    "NM20",
    "Only the best box of each class stays with you. There can be several objects of a class.",
    {"iou_thr, None)": "iou_thr, 1)"},
)
multiclass_nms.variant(
    "NM21",
    "Your score threshold is turned over: the low ones stay.",
    {"scores >= score_thr": "scores < score_thr"},
)
multiclass_nms.variant(
    "NM22",
    "You suppress, and throw away low scores, but in the reverse order: the worst box comes first.",
    {"-scores[place]": "scores[place]"},
)


def multiclass_in_place(boxes, scores, classes, score_thr, iou_thr):
    scores[scores < score_thr] = 0.0
    kept = []
    for label in np.unique(classes):
        own = np.flatnonzero((classes == label) & (scores > 0))
        kept.extend(own[nms(boxes[own], scores[own], iou_thr, None)])
    return np.array(sorted(kept, key=lambda place: -scores[place]), dtype=int)


multiclass_nms.variant(
    "NM23",
    "The right boxes stay, but you strike out low scores in the caller's array. Work on a copy.",
    multiclass_in_place,
)


def multiclass_moved_apart(boxes, scores, classes, score_thr, iou_thr):
    """Each class is moved to a place of its own, so that one suppression serves all."""
    good = np.flatnonzero(scores >= score_thr)
    far = 2 * np.abs(boxes).max(initial=1)
    moved = boxes[good] + far * classes[good][:, None]
    return good[np.asarray(nms(moved, scores[good], iou_thr, None), dtype=int)]


def multiclass_threshold_last(boxes, scores, classes, score_thr, iou_thr):
    kept = []
    for label in set(classes.tolist()):
        own = [place for place, name in enumerate(classes) if name == label]
        kept += [own[place] for place in nms(boxes[own], scores[own], iou_thr, None)]
    return sorted([k for k in kept if scores[k] > score_thr], key=lambda k: scores[k], reverse=True)


def multiclass_by_hand(boxes, scores, classes, score_thr, iou_thr):
    kept = []
    for place in np.argsort(-scores):
        if scores[place] < score_thr:
            break
        rivals = [other for other in kept if classes[other] == classes[place]]
        if all(iou(boxes[other], boxes[place]) < iou_thr for other in rivals):
            kept.append(int(place))
    return np.array(kept)


multiclass_nms.equivalent("classes moved apart", multiclass_moved_apart)
multiclass_nms.equivalent("the threshold afterwards", multiclass_threshold_last)
multiclass_nms.equivalent("one loop over all", multiclass_by_hand)
