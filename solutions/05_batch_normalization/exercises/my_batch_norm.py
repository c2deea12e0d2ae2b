"""Unit 05, `MyBatchNorm`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, close, exact, float64

from .cases import NO_EPS, READY_MADE, away

exercise = Exercise("MyBatchNorm", points=6, forbids=READY_MADE)
FORMS = (
    ("six examples of four features", (6, 4)),
    ("three pictures, 2×4, 5 channels", (3, 2, 4, 5)),
)


def features(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Values whose mean is 1 to 3 in size, and whose spread is 0.5 to 2, in each channel."""
    mean = rng.uniform(1, 3, shape[-1]) * rng.choice([-1.0, 1.0], shape[-1])
    return mean + rng.uniform(0.5, 2, shape[-1]) * rng.normal(size=shape)


def weighted(rng: np.random.Generator, shape: tuple[int, ...]) -> dict[str, Any]:
    """An input and values for γ and β."""
    channels = shape[-1:]
    return {
        "x": features(rng, shape),
        "gamma": away(rng, channels),
        "beta": away(rng, channels),
        "epsilon": NO_EPS,
    }


def shapes(rng: np.random.Generator) -> Iterator[Case]:
    """C is drawn, so that nobody knows the shapes beforehand."""
    few, many = (int(size) for size in rng.choice(np.arange(3, 12), 2, replace=False))
    for label, shape in (("features (N, C)", (None, few)), ("pictures", (None, 5, 4, many))):
        yield Case({"shape": shape}, label)


def inputs_in_training(rng: np.random.Generator) -> Iterator[Case]:
    for label, shape in FORMS:
        yield Case(weighted(rng, shape), label)


def inputs_in_prediction(rng: np.random.Generator) -> Iterator[Case]:
    for label, shape in (("one example", (1, 4)), *FORMS):
        inputs = weighted(rng, shape)
        inputs["mean"] = away(rng, shape[-1:])
        inputs["variance"] = rng.uniform(0.3, 3, shape[-1])
        yield Case(inputs, label)


def two_inputs(rng: np.random.Generator) -> Iterator[Case]:
    for label, shape in FORMS:
        batches = [features(rng, shape) for _ in range(2)]
        yield Case({"batches": batches, "momentum": 0.9}, f"{label}, momentum 0.9")


def one_input(rng: np.random.Generator) -> Iterator[Case]:
    label, shape = FORMS[0]
    yield Case({"x": features(rng, shape)}, label)


def hardly_any_spread(rng: np.random.Generator) -> Iterator[Case]:
    x = 1e-8 * rng.normal(size=(6, 4))
    inputs = {"x": x, "mean": np.zeros(4), "variance": np.ones(4)}
    yield Case(inputs | {"epsilon": 1e-3, "training": True}, "training, values near 1e-8")
    mean = away(rng, (4,))
    inputs = {"x": mean + 1e-3 * away(rng, (6, 4)), "mean": mean}
    inputs["variance"] = 1e-6 * rng.uniform(0.3, 3, 4)
    yield Case(inputs | {"epsilon": 1e-5, "training": False}, "prediction, variance near 1e-6")


def cotangents(rng: np.random.Generator) -> Iterator[Case]:
    for label, shape in FORMS:
        yield Case(weighted(rng, shape) | {"upstream": away(rng, shape)}, label)


def regression(rng: np.random.Generator) -> Iterator[Case]:
    x = features(rng, (6, 4))
    yield Case({"x": x, "y": 3 + rng.normal(size=(6, 1))}, "one step of SGD")


@exercise.check(points=1, cases=shapes, judge=exact(secret=False))
def layer_weights(program, shape):
    """`build` creates four weights of shape (C,): two trainable, two not, with the right starts"""
    layer = program.MyBatchNorm(name="bn")
    layer.build(tuple(shape))
    seen = {}
    for name in ("gamma", "beta", "moving_mean", "moving_variance"):
        weight = getattr(layer, name, None)
        if not isinstance(weight, keras.Variable):
            seen[name] = "missing" if weight is None else "not a weight"
            continue
        value = ops.convert_to_numpy(weight)
        start = f"all {value.flat[0]:g}" if np.ptp(value) == 0 else "various values"
        kind = "trainable" if weight.trainable else "not trainable"
        seen[name] = f"shape {value.shape}, {start}, {kind}"
    seen["trainable weights"] = len(layer.trainable_weights)
    seen["other weights"] = len(layer.non_trainable_weights)
    return seen


@exercise.check(points=1.25, cases=inputs_in_training, judge=close(float64))
def layer_training(program, x, gamma, beta, epsilon):
    """In training the outputs are normalised over all axes but the last, scaled and shifted"""
    layer = program.MyBatchNorm(epsilon=epsilon, dtype="float64", name="bn")
    layer.build(x.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    y = layer(ops.convert_to_tensor(x), training=True)
    return {"outputs": ops.convert_to_numpy(y)}


@exercise.check(points=1, cases=inputs_in_prediction, judge=close(float64))
def layer_prediction(program, x, gamma, beta, epsilon, mean, variance):
    """Predictions, of one example too, use the moving averages; also if `training` is not given"""
    layer = program.MyBatchNorm(epsilon=epsilon, dtype="float64", name="bn")
    layer.build(x.shape)
    for weight, value in [
        (layer.gamma, gamma),
        (layer.beta, beta),
        (layer.moving_mean, mean),
        (layer.moving_variance, variance),
    ]:
        weight.assign(value)
    x = ops.convert_to_tensor(x)
    return {
        "outputs with training=False": ops.convert_to_numpy(layer(x, training=False)),
        "outputs without `training`": ops.convert_to_numpy(layer(x)),
    }


@exercise.observe(
    cases=two_inputs,
    judge=close(float64),
    parts={
        "mean": (0.5, "`moving_mean` is right after one training batch, and after two"),
        "variance": (0.5, "`moving_variance` is right after one training batch, and after two"),
    },
)
def layer_moving(program, batches, momentum):
    layer = program.MyBatchNorm(momentum=momentum, dtype="float64", name="bn")
    layer.build(batches[0].shape)
    mean, variance = {}, {}
    for number, batch in enumerate(batches, 1):
        layer(ops.convert_to_tensor(batch), training=True)
        mean[f"moving_mean after batch {number}"] = ops.convert_to_numpy(layer.moving_mean)
        found = ops.convert_to_numpy(layer.moving_variance)
        variance[f"moving_variance after batch {number}"] = found
    return {"mean": mean, "variance": variance}


@exercise.check(points=0.25, cases=one_input, judge=exact(secret=False))
def layer_who_moves_the_averages(program, x):
    """A training batch moves the moving averages, a prediction does not"""
    layer = program.MyBatchNorm(dtype="float64", name="bn")
    layer.build(x.shape)

    def moved(**how):
        before = [ops.convert_to_numpy(w) for w in (layer.moving_mean, layer.moving_variance)]
        layer(ops.convert_to_tensor(x), **how)
        after = [ops.convert_to_numpy(w) for w in (layer.moving_mean, layer.moving_variance)]
        return [not np.array_equal(a, b) for a, b in zip(before, after, strict=True)]

    return {
        "training=False moves one of them": any(moved(training=False)),
        "a call without `training` moves one of them": any(moved()),
        "training=True moves both of them": all(moved(training=True)),
    }


@exercise.check(points=0.5, cases=hardly_any_spread, judge=close(float64))
def layer_epsilon(program, x, mean, variance, epsilon, training):
    """With hardly any variance, where ε matters, it is added under the root"""
    layer = program.MyBatchNorm(epsilon=epsilon, dtype="float64", name="bn")
    layer.build(x.shape)
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(variance)
    y = layer(ops.convert_to_tensor(x), training=training)
    return {"outputs": ops.convert_to_numpy(y)}


@exercise.check(points=0.5, cases=cotangents, judge=close(float64))
def layer_gradients(program, x, gamma, beta, epsilon, upstream):
    """In training, the right gradients reach the inputs, `gamma` and `beta`"""
    layer = program.MyBatchNorm(epsilon=epsilon, dtype="float64", name="bn")
    layer.build(x.shape)
    others = [weight.value for weight in layer.non_trainable_variables]

    def outputs(x, gamma, beta):
        given = {id(layer.gamma): gamma, id(layer.beta): beta}
        own = [given.get(id(weight), weight.value) for weight in layer.trainable_variables]
        return layer.stateless_call(own, others, x, training=True)[0]

    gradients = probes.vjp(outputs, x, gamma, beta, cotangent=upstream)
    names = ("inputs", "gamma", "beta")
    return {f"gradient of {name}": g for name, g in zip(names, gradients, strict=True)}


@exercise.check(points=0.5, cases=regression, judge=exact(secret=False))
def layer_in_a_model(program, x, y):
    """In a compiled model one training step moves all four weights; predictions are single ones"""
    layer = program.MyBatchNorm(dtype="float64", name="bn")
    start = keras.Input((x.shape[1],), dtype="float64")
    # Not a Sequential: it hides that `call` is not answered yet.
    model = keras.Model(start, keras.layers.Dense(1, dtype="float64")(layer(start)))
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    before = {name: ops.convert_to_numpy(getattr(layer, name)) for name in names}
    model.train_on_batch(x, y)
    seen = {}
    for name in names:
        weight = getattr(layer, name)
        if not isinstance(weight, keras.Variable):
            return seen | {f"{name} after the step": "no weight any more"}
        moved = not np.array_equal(ops.convert_to_numpy(weight), before[name])
        seen[f"{name} after the step"] = "another value" if moved else "as before"
    batch = model.predict_on_batch(x)
    single = model.predict_on_batch(x[:1])
    off = np.abs(single[0] - batch[0]).max() / (np.abs(batch).max() or 1)
    return seen | {
        "an example is predicted as in a batch": "yes" if off < 1e-6 else f"no, off by {off:.3g}"
    }


L_AXES = "axes = tuple(range(len(inputs.shape) - 1))"
L_STATISTICS = "mean, variance = ops.mean(inputs, axes), ops.var(inputs, axes)"
L_NEW_MEAN = "keep * self.moving_mean + (1 - keep) * mean"
L_NEW_VARIANCE = "keep * self.moving_variance + (1 - keep) * variance"
L_ASSIGNED = f"""
            keep = self.momentum
            self.moving_mean.assign({L_NEW_MEAN})
            self.moving_variance.assign({L_NEW_VARIANCE})"""
L_ROOT = "ops.sqrt(variance + self.epsilon)"
L_IF = "if training:"
exercise.variant(
    "BN1.layer",
    "You average over the features of each example: that is layer normalisation. In the layout of "
    "Keras the features are the last axis, and it is the one axis that is *not* averaged over.",
    {L_AXES: "axes = (-1,)"},
)
exercise.variant(
    "BN1.places",
    "You average over the examples only. For pictures that leaves a mean for every place; a "
    "channel has one mean, over all places too.",
    {L_AXES: "axes = (0,)"},
)
exercise.variant(
    "BN2.layer",
    "You divide the sum of squares by one less than the number of values. The variance of a batch "
    "is divided by their number.",
    {
        L_STATISTICS: f"{L_STATISTICS}\n"
        "            count = ops.size(inputs) / inputs.shape[-1]\n"
        "            count = ops.cast(count, variance.dtype)\n"
        "            variance = variance * count / (count - 1)"
    },
)
exercise.variant(
    "BN2.moving",
    "Your moving variance is divided by one less than the number of values, as in the paper. Here "
    "it averages the variances that the batches were normalised with.",
    {
        L_NEW_VARIANCE: L_NEW_VARIANCE
        + " * (ops.cast(ops.size(inputs), variance.dtype) / inputs.shape[-1])"
        + " / (ops.cast(ops.size(inputs), variance.dtype) / inputs.shape[-1] - 1)"
    },
)
exercise.variant(
    "BN3.layer",
    "You divide by the variance instead of its root.",
    {L_ROOT: "(variance + self.epsilon)"},
)
exercise.variant(
    "BN4.layer",
    "You add ε to the root. It belongs to the variance, under the root.",
    {L_ROOT: "(ops.sqrt(variance) + self.epsilon)"},
)
exercise.variant(
    "BN4.none",
    "Your divisor lacks ε: a feature that is the same for every example is divided by 0.",
    {L_ROOT: "ops.sqrt(variance)"},
)
exercise.variant(
    "BN5.layer",
    "Your layer normalises with the statistics of the batch even when it predicts. A single "
    "example would always become β. Predict with the moving averages.",
    {
        L_IF: "if True:",
        L_ASSIGNED: L_ASSIGNED.replace("keep =", "keep = 1.0 if not training else"),
    },
)
exercise.variant(
    "BN5.moving",
    "Your layer normalises with the moving averages even in training. Then it is a fixed scaling, "
    "and nothing keeps the values in order.",
    {
        "normalised = (inputs - mean)": (
            "mean, variance = self.moving_mean, self.moving_variance\n"
            "        normalised = (inputs - mean)"
        )
    },
)
exercise.variant(
    "BN5.none",
    "A call without `training` counts as training in your layer. Where nobody says what it is "
    "for, the layer predicts.",
    {L_IF: "if training is None or training:"},
)
exercise.variant(
    "BN6.layer",
    "Your moving averages move in predictions, too. Only training may move them.",
    {
        L_IF: "if True:",
        "normalised = (inputs - mean)": (
            "if not training:\n"
            "            mean = (self.moving_mean - (1 - self.momentum) * mean) / self.momentum\n"
            "            variance = self.moving_variance - (1 - self.momentum) * variance\n"
            "            variance = variance / self.momentum\n"
            "        normalised = (inputs - mean)"
        ),
    },
)
exercise.variant(
    "BN6.never",
    "Your moving averages never move, so that predictions use their start values.",
    {L_ASSIGNED: ""},
)
exercise.variant(
    "BN7.layer",
    "The two weights of your moving averages are exchanged: `momentum` is the share of the old "
    "value that is kept.",
    {"keep = self.momentum": "keep = 1 - self.momentum"},
)
exercise.variant(
    "BN8.layer",
    "No gradient runs through the mean and the variance of your batch: they are cut off, as if "
    "they were constants. Every input moves them, and so all outputs.",
    {
        L_STATISTICS: f"{L_STATISTICS}\n"
        "            mean, variance = ops.stop_gradient(mean), ops.stop_gradient(variance)"
    },
)
exercise.variant(
    "BN10.layer",
    "Your moving variance averages standard deviations. It is a variance; the root is taken when "
    "it is used.",
    {L_NEW_VARIANCE: L_NEW_VARIANCE.replace(" variance", " ops.sqrt(variance)")},
)
exercise.variant(
    "BN11.layer",
    "γ and β have changed places: γ scales, β shifts.",
    {"self.gamma * normalised + self.beta": "self.beta * normalised + self.gamma"},
)
exercise.variant(
    "BN12.layer",
    "You create γ and β but don't use them: no gradient reaches them, and they are never trained.",
    {"self.gamma * normalised + self.beta": "normalised"},
)
exercise.variant(
    "BN23",
    "The moving averages are trainable in your layer, so that the optimiser takes them for "
    "parameters. They are weights that only the layer itself changes.",
    {
        'initializer="zeros", trainable=False, name="moving_mean"': (
            'initializer="zeros", name="moving_mean"'
        ),
        'initializer="ones", trainable=False, name="moving_variance"': (
            'initializer="ones", name="moving_variance"'
        ),
    },
)
exercise.variant(
    "BN24",
    "You put a new value in the place of the weight. In a compiled model that value is lost when "
    "the step ends, and nothing saves it: assign to the weight that `build` has made.",
    {
        f"self.moving_mean.assign({L_NEW_MEAN})": f"self.moving_mean = {L_NEW_MEAN}",
        f"self.moving_variance.assign({L_NEW_VARIANCE})": (
            f"self.moving_variance = {L_NEW_VARIANCE}"
        ),
    },
)
exercise.variant(
    "BN25",
    "Your moving variance starts at 0. Until training has filled it, predictions are divided by "
    "hardly anything. It starts at 1.",
    {
        'initializer="ones", trainable=False': 'initializer="zeros", trainable=False',
    },
)
exercise.variant(
    "BN26",
    "Your γ starts at 0, so that the layer puts out β for everything. It starts at 1.",
    {'initializer="ones", name="gamma"': 'initializer="zeros", name="gamma"'},
)
exercise.variant(
    "BN27",
    "Your layer turns its inputs into NumPy's arrays. There the gradient ends, and a compiled "
    "model has no numbers yet that NumPy could read: use `keras.ops`.",
    {
        "mean, variance = self.moving_mean, self.moving_variance\n": (
            "inputs = ops.convert_to_numpy(inputs)\n"
            "        mean, variance = self.moving_mean, self.moving_variance\n"
        )
    },
)


# Classes of their own take the bases of the reference's.
@exercise.equivalent("moments, folded")
class FoldedBatchNorm:
    """One factor and one summand; the averages move by a part of the distance."""

    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, shape):
        size = (shape[-1],)
        self.moving_mean = self.add_weight(shape=size, initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(shape=size, initializer="ones", trainable=False)
        self.beta = self.add_weight(shape=size, initializer="zeros")
        self.gamma = self.add_weight(shape=size, initializer="ones")
        self.built = True

    def call(self, x, training=False):
        mean, variance = self.moving_mean.value, self.moving_variance.value
        if training:
            mean, variance = ops.moments(x, axes=list(range(ops.ndim(x) - 1)))
            rate = 1 - self.momentum
            self.moving_mean.assign_add(rate * (mean - self.moving_mean))
            self.moving_variance.assign_add(rate * (variance - self.moving_variance))
        scale = self.gamma * ops.rsqrt(variance + self.epsilon)
        return x * scale + (self.beta - mean * scale)


@exercise.equivalent("flattened")
class FlattenedBatchNorm:
    """Every place of a picture as an example of its own."""

    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.m, self.eps = momentum, epsilon

    def build(self, shape):
        self.channels = shape[-1]
        kinds = [("gamma", 1, True), ("beta", 0, True)]
        kinds += [("moving_mean", 0, False), ("moving_variance", 1, False)]
        for name, value, trainable in kinds:
            start = keras.initializers.Constant(value)
            weight = self.add_weight(
                name=name, shape=(self.channels,), initializer=start, trainable=trainable
            )
            setattr(self, name, weight)

    def call(self, x, training=None):
        flat = ops.reshape(x, (-1, self.channels))
        if training:
            mean = ops.mean(flat, axis=0, keepdims=True)
            variance = ops.mean((flat - mean) ** 2, axis=0, keepdims=True)
            for weight, new in [(self.moving_mean, mean), (self.moving_variance, variance)]:
                weight.assign(weight * self.m + ops.squeeze(new, 0) * (1 - self.m))
        else:
            mean, variance = self.moving_mean[None, :], self.moving_variance[None, :]
        flat = (flat - mean) / (variance + self.eps) ** 0.5 * self.gamma + self.beta
        return ops.reshape(flat, ops.shape(x))


@exercise.equivalent("TensorFlow's functions")
class TensorFlowBatchNorm:
    """The framework's own functions in place of `keras.ops`."""

    def __init__(self, momentum=0.99, epsilon=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape):
        channels = input_shape[-1]
        self.gamma = self.add_weight(shape=(channels,), initializer="ones")
        self.beta = self.add_weight(shape=(channels,), initializer="zeros")
        self.moving_mean = self.add_weight(shape=(channels,), initializer="zeros", trainable=False)
        self.moving_variance = self.add_weight(
            shape=(channels,), initializer="ones", trainable=False
        )

    def call(self, inputs, training=None):
        import tensorflow as tf

        if not training:
            root = tf.sqrt(self.moving_variance + self.epsilon)
            return (inputs - self.moving_mean) / root * self.gamma + self.beta
        axes = list(range(len(inputs.shape)))[:-1]
        mean = tf.reduce_mean(inputs, axes)
        variance = tf.math.reduce_variance(inputs, axes)
        p = self.momentum
        self.moving_mean.assign(self.moving_mean * p + mean * (1.0 - p))
        self.moving_variance.assign(self.moving_variance * p + variance * (1.0 - p))
        return self.gamma * ((inputs - mean) / tf.sqrt(variance + self.epsilon)) + self.beta
