"""What several exercises of unit 07 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, digit_pictures, probes


def in_float64(make):
    """What `make` returns, its layers and tensors in float64."""
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    try:
        return make()
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def block_model(program, name, shape, *args):
    """A model of one block, in float64; every check that looks at numbers assigns all weights."""

    def make():
        x = keras.Input(tuple(shape))
        return keras.Model(x, getattr(program, name)(x, *args))

    return probes.kept(program, f"{name}{(*shape, *args)}", lambda: in_float64(make))


def fill(model, seed, biases=True):
    """Weights that depend on seed, shape, and how many of that shape came before.

    A batch normalisation belongs to the convolution that it follows, whatever comes first in the
    model; its ε, which is free, is set.
    """
    seen, of_output = {}, {}
    for layer in probes.leaf_layers(model):
        before = of_output.get(id(layer.input)) if hasattr(layer, "gamma") else None
        shape = list(layer.weights[0].shape) if layer.weights else []
        if not shape:
            continue
        number = seen[str(shape)] = seen.get(str(shape), 0) + 1
        key = before or [seed, *shape, number]
        rng = np.random.default_rng([*key, 1 if before else 0])
        if hasattr(layer, "kernel"):
            of_output[id(layer.output)] = key
            fan_in = np.prod(shape[:-1])
            layer.kernel.assign(rng.normal(size=shape) * np.sqrt(2 / fan_in))
            if layer.bias is not None:
                layer.bias.assign(rng.uniform(-0.5, 0.5, shape[-1]) * biases)
        elif hasattr(layer, "moving_variance"):
            layer.epsilon = 1e-3
            variance = rng.uniform(0.5, 2, shape)
            scale = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
            layer.moving_mean.assign(rng.uniform(-0.5, 0.5, shape))
            layer.moving_variance.assign(variance)
            if layer.gamma is not None:
                layer.gamma.assign(scale * np.sqrt(variance + layer.epsilon))
            if layer.beta is not None:
                layer.beta.assign(rng.uniform(-0.5, 0.5, shape))
        else:
            for weight in layer.weights:
                weight.assign(rng.normal(size=weight.shape))
    return model


def described(model):
    """The layers that have weights or change the shape, in words, in order."""
    found = []
    for layer in probes.layers(model):
        kind, config = layer["class"], layer["config"]
        if kind in ("Conv2D", "DepthwiseConv2D", "SeparableConv2D"):
            size = " by ".join(map(str, config["kernel_size"]))
            found.append(f"{kind} {size}, {layer['output'][-1]} channels")
        elif kind == "Dense":
            found.append(f"Dense {config['units']}")
        elif "Pooling" in kind or "Normalization" in kind:
            found.append(kind)
    return found


def counted(model):
    """Parameters that are trained and that are not, without biases of convolutions."""
    biases = sum(
        layer.bias.shape[0]
        for layer in probes.leaf_layers(model)
        if isinstance(layer, keras.layers.Conv2D) and layer.bias is not None
    )
    trained = sum(int(np.prod(w.shape)) for w in model.trainable_weights) - biases
    return trained, sum(int(np.prod(w.shape)) for w in model.non_trainable_weights)


def values_of(model, x):
    """What a model predicts, as an array."""
    return probes.to_arrays(model(probes.to_tensors(x)))


def build(program, name, blocks, *args, **settings):
    """A network built with stand-ins for its blocks, in float64, and the calls that they got.

    `blocks` maps a block's name to its parameters' names.  A stand-in is a convolution of 1 by 1
    whose filters and stride don't depend on how it was called, so that a wrong argument costs no
    more than the check on calls; no two have as many filters.
    """
    calls = []

    def stand_in(block, names):
        def called(x, *given, **named):
            if len(given) > len(names) or not set(named) <= set(names[len(given) :]):
                raise TypeError(f"{block}() takes x, {', '.join(names)}.")
            found = {**dict(zip(names, given)), **named}  # noqa: B905
            told = ", ".join(f"{key}={found.get(key)}" for key in names)
            calls.append(f"{block}({' x '.join(map(str, x.shape[1:]))}; {told})")
            stride = 2 if block in ("vgg_block", "projection_block") else 1
            filters = 2 + len(calls)
            return keras.layers.Conv2D(filters, 1, strides=stride, activation="relu")(x)

        return called

    def make():
        with (
            probes.replaced(program, blocks[0][0], stand_in(*blocks[0])),
            probes.replaced(program, blocks[-1][0], stand_in(*blocks[-1])),
        ):
            return in_float64(lambda: getattr(program, name)(*args, **settings)), calls

    return probes.kept(program, f"{name}{args}{settings}", make)


MODEL = (block_model, in_float64)
NETWORK = (build, in_float64)


def network(
    rng: np.random.Generator, blocks: list[Any], multiple: int, plus: int = 0
) -> Iterator[Case]:
    """A network for pictures and classes that are drawn; `plus` makes height and width odd."""
    H, W = (int(multiple * n + plus) for n in rng.integers(3, 20, 2))
    shape, classes = (H, W, int(rng.integers(1, 9))), int(rng.integers(2, 10))
    inputs = {"shape": shape, "classes": classes, "blocks": blocks}
    yield Case(inputs, f"{H} by {W} pixels, {classes} classes")


def with_pictures(
    rng: np.random.Generator, blocks: list[Any], shape: tuple[int, ...]
) -> Iterator[Case]:
    """Pictures and a seed for weights; always of one form, so that a network is built once."""
    inputs = {"shape": shape, "classes": 4, "blocks": blocks}
    pictures = {"x": rng.normal(size=(3, *shape)), "seed": int(rng.integers(2**31))}
    yield Case({**inputs, **pictures}, f"{shape[0]} by {shape[1]} pixels, 4 classes")


def digit_task(rng: np.random.Generator) -> Iterator[Case]:
    """640 digits to learn from, 400 others; their labels stay with the grader."""
    drawn, labels = digit_pictures(rng, 1040, (10, 10), (7, 8.5), clutter=1, noise=0.03, inverted=0)
    pictures = drawn[..., None]
    inputs = {
        "pictures": pictures[:640],
        "labels": labels[:640],
        "new_pictures": pictures[640:],
    }
    yield Case(inputs, "drawn digits", {"labels": labels[640:]})


def usable(program, name, plain):
    """The program's own block, or a plain one where that raises, hangs or gives another shape."""
    try:
        own = getattr(program, name)
    except Exception:
        own = None  # there is none

    def called(x, *given, **named):
        other = plain(x, *given, **named)
        try:
            with probes.time_limit(3):  # CPU seconds; a block takes milliseconds
                y = own(x, *given, **named)
            return y if tuple(y.shape) == tuple(other.shape) else other
        except Exception:
            return other

    return called


def learned(model, task, loss, optimizer, epochs, batch):
    """What a model predicts for new digits after training, and the mean loss of each epoch.

    `optimizer` makes one for a number of steps.
    """
    for layer in probes.leaf_layers(model):
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0  # in so few steps it costs more than it brings
    X, labels = task["pictures"].astype("float32") / 16, task["labels"]
    step = probes.training_step(model, loss, optimizer(epochs * len(X) // batch))
    losses = []
    for _ in range(epochs):
        batches = np.random.permutation(len(X)).reshape(-1, batch)
        losses.append(np.mean([step(X[some], labels[some]) for some in batches]))
    outputs = model(task["new_pictures"].astype("float32") / 16)
    first = outputs[0] if isinstance(outputs, (list, tuple)) else outputs
    predictions = np.argmax(probes.to_arrays(first), axis=-1)
    return {"predictions": predictions, "losses": np.array(losses)}


LEARNING = (usable, learned)


def is_flat(got: Any) -> bool:
    """Whether the loss of a training hardly moves."""
    losses = got.get("losses", np.zeros(0))
    return len(losses) > 3 and bool(losses[-1] > 0.95 * losses[0])


FLAT = "The loss hardly moves: no gradient reaches the weights, or the model is not trainable."
SOFTMAX = 'layers.Dense(classes, activation="softmax")(x)'
NO_SOFTMAX = (
    "Your model puts out logits. Probabilities are wanted: the last layer ends in a softmax."
)
SIGMOID = (
    "Your outputs are sigmoids, each for itself. The classes exclude each other: with a softmax "
    "their probabilities add up to 1."
)
TEN_CLASSES = (
    "Your last layer has 10 units whatever is asked for. The caller says how many classes."
)
HEAD = 'layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))'


def in_training(model, x):
    """What training does to the averages, and what the others in a batch do to a prediction."""
    before = [probes.to_arrays(w) for w in model.non_trainable_weights]
    alone = probes.to_arrays(model(x[:1]))
    together = probes.to_arrays(model(x))[:1]
    stay = all(np.array_equal(a, b) for a, b in zip(before, model.non_trainable_weights))  # noqa: B905
    model(x, training=True)
    after = [probes.to_arrays(w) for w in model.non_trainable_weights]
    moved = sum(not np.array_equal(a, b) for a, b in zip(before, after))  # noqa: B905
    return {
        "a prediction depends on the rest of the batch": not np.allclose(alone, together),
        "predictions move averages": not stay,
        "training moves averages": f"{moved} of them",
    }


def training_gradient(model, x, cotangent):
    """The gradient of x where batches are normalised by their own statistics."""
    return probes.vjp(lambda x: model(x, training=True), x, cotangent=cotangent)[0]


def contribution(model, norm, x):
    """What a normalised way adds to the sum: the output with it, less that with its γ at 0.

    Its β is so large that no relu behind it is shut.
    """
    norm.beta.assign(np.full(norm.beta.shape, 100.0))
    whole = probes.to_arrays(model(x))
    norm.gamma.assign(np.zeros(norm.gamma.shape))
    return whole - probes.to_arrays(model(x))


INNER_RELU = "    y = layers.ReLU()(y)\n"
BN = "layers.BatchNormalization()(y)"
FIRST_BN = f"    y = {BN}\n{INNER_RELU}"
EARLY_RELU = (
    "Your relu comes before the addition, and none after it. Add first: what the convolutions find "
    "may be negative, and take away from x as well as add to it."
)
TWO_RELUS = (
    "There is a relu before your addition as well as after it. So the convolutions can only add to "
    "x; they are to be able to take away, too."
)
CONCATENATED = (
    "You join the two ways side by side. They are added, place by place and channel by channel."
)
NO_SKIP = (
    "Nothing leads around your convolutions: x itself is missing from the sum. That is a plain "
    "block, not a residual one."
)
CUT = (
    "Your numbers are right, but the gradient is cut off on the way around the convolutions. That "
    "way is what lets it through deep stacks."
)
NO_LAST_RELU = "The relu after your addition is missing."
ALWAYS_TRAINING = (
    "Your normalisation takes the statistics of the batch in predictions, too, so that a "
    "prediction depends on what else is in the batch. Leave `training` to Keras."
)
NO_INNER_RELU = (
    "There is no relu between your two convolutions, so that together they are no more than one "
    "larger convolution."
)
RELU_FIRST = (
    "Your relu comes before the batch normalisation. The order is convolution, normalisation, relu."
)
