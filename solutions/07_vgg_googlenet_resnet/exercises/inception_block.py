"""Unit 07, `inception_block`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

from .cases import MODEL, block_model, fill, values_of

exercise = Exercise("inception_block", points=4)
# Channels and the six sizes all differ, so that the kernels' shapes tell the layers apart.
MODULE = {"shape": (4, 7, 5), "sizes": (4, 2, 7, 3, 6, 8)}


def modules(rng: np.random.Generator) -> Iterator[Case]:
    channels, *sizes = (int(n) for n in rng.choice(np.arange(2, 11), 7, replace=False))
    inputs = {"shape": (5, 6, channels), "sizes": tuple(sizes)}
    yield Case(inputs, f"{channels} channels, sizes {', '.join(map(str, sizes))}")


def joined_modules(rng: np.random.Generator) -> Iterator[Case]:
    """First one whose branches are equally wide: there, adding them up raises no error."""
    inputs = {"shape": (5, 6, 3), "sizes": (4, 2, 4, 3, 4, 4)}
    yield Case(inputs, "3 channels, four branches of 4")
    yield Case(MODULE, "branches of 4, 7, 6 and 8")


def module_inputs(rng: np.random.Generator) -> Iterator[Case]:
    x, seed = rng.normal(size=(2, *MODULE["shape"])), int(rng.integers(2**31))
    yield Case({"x": x, "seed": seed, "sizes": MODULE["sizes"]}, "branches of 4, 7, 6 and 8")


def module_backward(rng: np.random.Generator) -> Iterator[Case]:
    for case in module_inputs(rng):
        f1, _, f3, _, f5, fpool = case.inputs["sizes"]
        shape = (*case.inputs["x"].shape[:3], f1 + f3 + f5 + fpool)
        yield Case({**case.inputs, "cotangent": rng.normal(size=shape)}, case.label)


def module_model(program, shape, sizes):
    """A model of one module, and where in its output the channels of each branch are."""

    def make():
        model = block_model(program, "inception_block", shape, *sizes)
        return model, branch_channels(model, shape[-1], sizes)

    return probes.kept(program, f"branches {(*shape, *sizes)}", make)


def branch_channels(model, channels, sizes):
    """Where in the output each branch's channels are, in the branch's own order.

    All kernels are set to 0, and the biases of each branch's last layer to numbers that are found
    again in the output.
    """
    f1, f3r, f3, f5r, f5, fpool = sizes
    last = [(1, 1, channels, f1), (3, 3, f3r, f3), (5, 5, f5r, f5), (1, 1, channels, fpool)]
    for layer in probes.leaf_layers(model):
        for weight in layer.weights:
            weight.assign(np.zeros(weight.shape))
        kernel = tuple(layer.kernel.shape) if hasattr(layer, "kernel") else ()
        if kernel in last and layer.bias is not None:
            layer.bias.assign(1000.0 * (1 + last.index(kernel)) + np.arange(kernel[-1]))
    zeros = np.zeros((1, *model.input_shape[1:]))
    found = [round(float(value)) for value in probes.to_arrays(model(zeros))[0, 0, 0]]
    codes = [[1000 * (1 + k) + j for j in range(shape[-1])] for k, shape in enumerate(last)]
    return [[found.index(code) for code in branch if code in found] for branch in codes]


BRANCH = (*MODEL, branch_channels, fill, module_model, values_of)


@exercise.check(points=0.5, cases=joined_modules, judge=exact(secret=False), helpers=MODEL)
def inception_form(program, shape, sizes):
    """The four branches lie side by side: height and width stay, the channels add up"""
    return {"output": str(block_model(program, "inception_block", shape, *sizes).output_shape)}


@exercise.check(points=0.5, cases=modules, judge=exact(secret=False), helpers=MODEL)
def inception_layers(program, shape, sizes):
    """It has the six convolutions, the reductions before the larger filters, and all parameters"""
    model = block_model(program, "inception_block", shape, *sizes)
    kernels = sorted(
        "{} by {}, {} to {} channels".format(*layer.kernel.shape)
        for layer in probes.leaf_layers(model)
        if isinstance(layer, keras.layers.Conv2D)
    )
    return {
        "convolutions": "; ".join(kernels),
        "parameters": model.count_params(),
        "every layer can learn": all(layer.trainable for layer in probes.leaf_layers(model)),
    }


@exercise.observe(
    cases=module_inputs,
    judge=close(float64),
    helpers=BRANCH,
    parts={
        "1x1": (0.5, "With given weights, the 1 by 1 branch computes what it should"),
        "3x3": (0.5, "With given weights, the 3 by 3 branch computes what it should"),
        "5x5": (0.5, "With given weights, the 5 by 5 branch computes what it should"),
        "pooling": (0.75, "With given weights, the pooling branch computes what it should"),
    },
)
def inception(program, x, seed, sizes):
    model, places = module_model(program, x.shape[1:], sizes)
    values = values_of(fill(model, seed), x)
    names = ("1x1", "3x3", "5x5", "pooling")
    return {
        name: {"channels of this branch": values[..., place]}
        for name, place in zip(names, places, strict=True)
    }


@exercise.check(points=0.75, cases=module_backward, judge=close(float64), helpers=BRANCH)
def inception_gradients(program, x, seed, sizes, cotangent):
    """Gradients come back through all four branches"""
    model, branches = module_model(program, x.shape[1:], sizes)
    places = [at for found in branches for at in found]
    if len(places) != cotangent.shape[-1] or len(places) != model.output_shape[-1]:
        return {"channels of all branches that are found": len(places)}
    fill(model, seed)
    gradient = probes.vjp(lambda x: ops.take(model(x), places, axis=-1), x, cotangent=cotangent)
    return {"gradient of x": gradient[0]}


JOINED = "return layers.Concatenate()(branches)"
INCEPTION_CONV = 'layers.Conv2D(filters, size, padding="same", activation="relu")(x)'
INCEPTION_POOL = 'layers.MaxPooling2D(3, strides=1, padding="same")(x)'
TO_3, TO_5 = "conv(conv(x, f3r, 1), f3, 3)", "conv(conv(x, f5r, 1), f5, 5)"
exercise.variant(
    "GN1a",
    "Your branches are added up. They are to lie side by side, so that the next layer still sees "
    "what each of them found.",
    {JOINED: "return layers.Add()(branches)"},
)
exercise.variant(
    "GN1b",
    "Your branches are joined along the height of the picture. They are the same places, seen in "
    "four ways: join them along the channels, the last axis.",
    {JOINED: "return layers.Concatenate(axis=1)(branches)"},
)
exercise.variant(
    "GN2a",
    "Your pooling goes in strides, so that its branch has fewer places than the others and can't "
    "be joined to them. (Without `strides` Keras takes the size of the window.) Its stride is 1.",
    {INCEPTION_POOL: 'layers.MaxPooling2D(3, padding="same")(x)'},
)
exercise.variant(
    "GN2b",
    "Your pooling loses the rim, so that its branch can't be joined to the others. It is padded "
    "like them.",
    {INCEPTION_POOL: "layers.MaxPooling2D(3, strides=1)(x)"},
)
exercise.variant(
    "GN3",
    "Your 1 by 1 convolutions stand after the larger filters. They reduce the channels *before* "
    "them: that is where the work is saved.",
    {TO_3: "conv(conv(x, f3r, 3), f3, 1)", TO_5: "conv(conv(x, f5r, 5), f5, 1)"},
)
exercise.variant(
    "GN5",
    "The reductions are missing: your larger filters see all channels of the input.",
    {TO_3: "conv(x, f3, 3)", TO_5: "conv(x, f5, 5)"},
)
exercise.variant(
    "GN6",
    "Your 3 by 3 and 5 by 5 branches have changed sizes with each other.",
    {TO_3: "conv(conv(x, f3r, 1), f3, 5)", TO_5: "conv(conv(x, f5r, 1), f5, 3)"},
)
exercise.variant(
    "GN7",
    "Your reductions have no relu. Every convolution is followed by one, the 1 by 1 ones too.",
    {
        TO_3: 'conv(layers.Conv2D(f3r, 1, padding="same")(x), f3, 3)',
        TO_5: 'conv(layers.Conv2D(f5r, 1, padding="same")(x), f5, 5)',
    },
)
exercise.variant(
    "GN8",
    "Your pooling branch takes the mean. It takes the maximum.",
    {"pooled = layers.MaxPooling2D": "pooled = layers.AveragePooling2D"},
)
exercise.variant(
    "GN9",
    "In your pooling branch the 1 by 1 convolution comes first. It looks at what was pooled.",
    {"conv(pooled, fpool, 1)": INCEPTION_POOL.replace("(x)", "(conv(x, fpool, 1))")},
)
exercise.variant(
    "GN10",
    "The branch with the pooling lacks its pooling: it is a second 1 by 1 branch.",
    {"conv(pooled, fpool, 1)": "conv(x, fpool, 1)"},
)
exercise.variant(
    "GN11",
    "Your branches follow one another: the 5 by 5 one starts from what the 3 by 3 one has found. "
    "All four start from x.",
    {TO_5: "conv(conv(conv(conv(x, f3r, 1), f3, 3), f5r, 1), f5, 5)"},
)
exercise.variant(
    "GN12",
    "No convolution of yours has a relu.",
    {INCEPTION_CONV: INCEPTION_CONV.replace(', activation="relu"', "")},
)
exercise.variant(
    "GN13",
    "You normalise batches inside the module. The first GoogLeNet is older than batch "
    "normalisation, and here it is to do without.",
    {INCEPTION_CONV: f"layers.BatchNormalization()({INCEPTION_CONV})"},
)
exercise.variant(
    "GN14",
    "No gradient comes back through your pooling branch: it is cut off.",
    {"conv(pooled, fpool, 1)": "conv(ops.stop_gradient(pooled), fpool, 1)"},
)


@exercise.equivalent("another order, relu apart, keras.ops")
def inception_pool_first(x, f1, f3r, f3, f5r, f5, fpool):
    def conv(filters, size, x):
        return layers.ReLU()(layers.Conv2D(filters, (size, size), padding="same")(x))

    pool = ops.max_pool(x, 3, strides=1, padding="same")
    five = conv(f5, 5, conv(f5r, 1, x))
    three = conv(f3, 3, conv(f3r, 1, x))
    return ops.concatenate([conv(fpool, 1, pool), five, three, conv(f1, 1, x)], axis=-1)


@exercise.equivalent("Sequentials, explicit padding")
def inception_sequentials(x, f1, f3r, f3, f5r, f5, fpool):
    relu = {"activation": "relu"}
    branches = [
        [layers.Conv2D(f1, 1, **relu)],
        [layers.MaxPooling2D((3, 3), (1, 1), "same"), layers.Conv2D(fpool, 1, **relu)],
        [layers.Conv2D(f3r, 1, **relu), layers.ZeroPadding2D(1), layers.Conv2D(f3, 3, **relu)],
        [layers.Conv2D(f5r, 1, **relu), layers.ZeroPadding2D(2), layers.Conv2D(f5, 5, **relu)],
    ]
    return layers.concatenate([keras.Sequential(branch)(x) for branch in branches])
