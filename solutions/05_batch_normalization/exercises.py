"""Unit 05, batch normalisation: forwards and backwards in NumPy, then as a layer of Keras.

Inputs.  Sizes all differ; means lie away from 0, γ and β away from 0 and 1; batches are small,
where dividing by m - 1 shows (9e-2 at m = 6).  ε is 1e-15 everywhere but in the checks called
`…epsilon`, so that no other case can tell where it stands.  Upstream gradients are random: with
ones, the true `dZ` is 0.

What can be right by itself is judged by itself: scale and shift by the student's own normalised
values, the running average by the student's own batch statistics (momentum 1/2 gives them away,
whichever way round it is read), the backward pass with the student's own cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from autograder import Case, Unit, close, equal_sides, exact, float64, unchanged

if TYPE_CHECKING:  # these are there where observations and layers run, beside the student's code
    import keras
    from keras import ops

    from autograder import probes

unit = Unit("05_batch_normalization", framework="keras")

READY_MADE = (
    "keras.layers.BatchNormalization",
    "keras.ops.batch_normalization",
    "tensorflow.nn.batch_normalization",
)

NO_EPS = 1e-15
BATCHES = (("four units, six examples", 4, 6), ("two units, five examples", 2, 5))


def away(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    """Numbers of either sign between 0.4 and 0.9 or 1.2 and 2 in size: neither 0 nor 1."""
    sizes = np.where(
        rng.random(shape) < 0.5, rng.uniform(0.4, 0.9, shape), rng.uniform(1.2, 2, shape)
    )
    return sizes * rng.choice([-1.0, 1.0], shape)


def batch(rng: np.random.Generator, n: int, m: int) -> Any:
    """Values whose mean is 1 to 3 in size, and whose spread is 0.5 to 2, in each row."""
    mean = rng.uniform(1, 3, (n, 1)) * rng.choice([-1.0, 1.0], (n, 1))
    return mean + rng.uniform(0.5, 2, (n, 1)) * rng.normal(size=(n, m))


def running(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """Running averages as they may be after some training."""
    return {"running_mean": away(rng, (n, 1)), "running_var": rng.uniform(0.3, 3, (n, 1))}


def arguments(rng: np.random.Generator, n: int, m: int) -> dict[str, Any]:
    return {
        "Z": batch(rng, n, m),
        "gamma": away(rng, (n, 1)),
        "beta": away(rng, (n, 1)),
        "state": running(rng, n),
        "eps": NO_EPS,
    }


# ----------------------------------------------------------------------------- batchnorm_forward

batchnorm_forward = unit.exercise("batchnorm_forward", points=9, forbids=READY_MADE)


def training_batches(rng: np.random.Generator) -> Iterator[Case]:
    for label, n, m in BATCHES:
        yield Case(arguments(rng, n, m), label)


def small_batches(rng: np.random.Generator) -> Iterator[Case]:
    """One example as well: it is its own mean, and only ε keeps its divisor from 0."""
    yield from training_batches(rng)
    yield Case(arguments(rng, 4, 1) | {"eps": 1e-3}, "four units, one example")


def plain_batches(rng: np.random.Generator) -> Iterator[Case]:
    """γ = 1 and β = 0, so that what comes back is the normalised values."""
    for label, n, m in BATCHES:
        plain = {"gamma": np.ones((n, 1)), "beta": np.zeros((n, 1))}
        yield Case(arguments(rng, n, m) | plain, f"{label}, γ = 1, β = 0")


def both_modes(rng: np.random.Generator) -> Iterator[Case]:
    for training, mode in ((True, "training"), (False, "prediction")):
        label, n, m = BATCHES[0]
        yield Case(arguments(rng, n, m) | {"training": training}, f"{mode}, {label}")


def moved_batches(rng: np.random.Generator) -> Iterator[Case]:
    for label, n, m in BATCHES:
        inputs = arguments(rng, n, m)
        yield Case(inputs | {"a": rng.uniform(0.2, 5, (n, 1)), "c": away(rng, (n, 1))}, label)


def two_batches(rng: np.random.Generator) -> Iterator[Case]:
    for (label, n, m), momentum in zip(BATCHES, (0.9, 0.7), strict=True):
        inputs = arguments(rng, n, m)
        inputs["Z"] = [inputs["Z"], batch(rng, n, m)]
        yield Case(inputs | {"momentum": momentum}, f"{label}, momentum {momentum}")


def predictions(rng: np.random.Generator) -> Iterator[Case]:
    for label, n, m in (("one example", 4, 1), ("five examples", 2, 5)):
        plain = {"gamma": np.ones((n, 1)), "beta": np.zeros((n, 1))}
        yield Case(arguments(rng, n, m) | plain, f"prediction, {label}")


def hardly_any_variance(rng: np.random.Generator) -> Iterator[Case]:
    """Variance far below ε in training, where how it is divided is lost in ε; near ε without."""
    plain = {"gamma": np.ones((4, 1)), "beta": np.zeros((4, 1))}
    inputs = arguments(rng, 4, 6) | plain
    inputs |= {"Z": 1e-8 * rng.normal(size=(4, 6)), "eps": 1e-3, "training": True}
    yield Case(inputs, "training, values near 1e-8, ε = 1e-3")
    for m in (1, 5):
        state = running(rng, 4)
        state["running_var"] = 1e-6 * state["running_var"]
        Z = state["running_mean"] + 1e-3 * away(rng, (4, m))
        inputs = arguments(rng, 4, m) | plain
        inputs |= {"Z": Z, "state": state, "eps": 1e-5, "training": False}
        yield Case(inputs, f"prediction, running variance near 1e-6, ε = 1e-5, m = {m}")


@batchnorm_forward.check(points=1.25, cases=plain_batches, judge=close(float64))
def normalised(program, Z, gamma, beta, state, eps):
    """It returns a triple `(Zt, cache, state)`; in training, if γ = 1, β = 0, `Zt` is normalised"""
    result = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)
    if isinstance(result, (tuple, list)) and len(result) == 3:
        result = [result[0], "a cache", "a state"]
    return {"(Zt, cache, state)": result}


@batchnorm_forward.check(
    points=0.75,
    cases=small_batches,
    judge=equal_sides("the mean of each row of Zt in training, and β"),
)
def row_means(program, Z, gamma, beta, state, eps):
    """In training the outputs of each unit have mean β, even if the batch is one example"""
    Zt, _, _ = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)
    if np.shape(Zt) != Z.shape:
        return {"left": {"mean of each row of Zt": Zt}, "right": {"mean of each row of Zt": Zt}}
    means = np.mean(Zt, axis=1, keepdims=True)
    return {
        "left": {"mean of each row of Zt": means},
        "right": {"mean of each row of Zt": beta},
    }


@batchnorm_forward.check(points=0.75, cases=both_modes, judge=close(float64))
def scale_and_shift(program, Z, gamma, beta, state, eps, training):
    """`Zt` is γ times your own normalised values, plus β, in training and in prediction"""

    def outputs(gamma, beta):
        kept = {name: value.copy() for name, value in state.items()}
        return program.batchnorm_forward(Z.copy(), gamma, beta, kept, 0.9, eps, training)[0]

    plain = outputs(np.ones_like(gamma), np.zeros_like(beta))
    return {
        "Zt differs from example to example": bool(np.ptp(plain, axis=1).any()),
        "Zt - gamma * (Zt with gamma 1, beta 0)": outputs(gamma, beta) - gamma * plain,
    }


@batchnorm_forward.check(points=0.5, cases=moved_batches, judge=exact(secret=False))
def invariance(program, Z, gamma, beta, state, eps, a, c):
    """In training a bias before BN, or units of another size, change nothing: Zt(aZ + c) = Zt(Z)"""

    def outputs(Z):
        kept = {name: value.copy() for name, value in state.items()}
        return np.asarray(program.batchnorm_forward(Z, gamma, beta, kept, 0.9, eps, True)[0])

    def compared(got, want):
        if got.shape != want.shape:
            return f"no, it has shape {got.shape}"
        off = np.abs(got - want).max() / (np.abs(want).max() or 1)
        return "yes" if off < 1e-6 else f"no, off by {off:.3g}"

    plain = outputs(Z.copy())
    return {
        "other examples give another Zt": not np.array_equal(outputs(Z[:, ::-1].copy()), plain),
        "Zt(Z + c) is Zt(Z)": compared(outputs(Z + c), plain),
        "Zt(a * Z) is Zt(Z)": compared(outputs(a * Z), plain),
    }


@batchnorm_forward.check(
    points=0.25,
    cases=training_batches,
    judge=equal_sides("Zt with γ = √(σ² + ε) and β = μ, and Z"),
)
def identity(program, Z, gamma, beta, state, eps):
    """With γ = √(σ² + ε) and β = μ the layer gives back what it got"""
    mu = Z.mean(axis=1, keepdims=True)
    root = np.sqrt(((Z - mu) ** 2).mean(axis=1, keepdims=True) + eps)
    Zt, _, _ = program.batchnorm_forward(Z.copy(), root, mu, state, 0.9, eps, True)
    return {"left": {"Zt": Zt}, "right": {"Zt": Z}}


@batchnorm_forward.check(points=0.5, cases=training_batches, judge=close(float64))
def batch_mean(program, Z, gamma, beta, state, eps):
    """With momentum 1/2, `running_mean` moves half-way to the mean of the batch"""
    state = program.batchnorm_forward(Z, gamma, beta, state, 0.5, eps, True)[2]
    if isinstance(state, dict) and "running_mean" in state:
        state = {"running_mean": state["running_mean"]}
    return {"state": state}


@batchnorm_forward.check(points=0.75, cases=training_batches, judge=close(float64))
def batch_variance(program, Z, gamma, beta, state, eps):
    """With momentum 1/2, `running_var` moves half-way to the variance of the batch"""
    state = program.batchnorm_forward(Z, gamma, beta, state, 0.5, eps, True)[2]
    if isinstance(state, dict) and "running_var" in state:
        state = {"running_var": state["running_var"]}
    return {"state": state}


@batchnorm_forward.check(points=1, cases=two_batches, judge=exact(secret=False))
def running_average(program, Z, gamma, beta, state, eps, momentum):
    """Two training batches later, `momentum` has weighted the old running averages and the new"""

    def updated(Z, state, momentum):
        kept = {name: value.copy() for name, value in state.items()}
        new = program.batchnorm_forward(Z.copy(), gamma, beta, kept, momentum, eps, True)[2]
        return {name: np.asarray(new[name]) for name in state}

    def compared(got, want, old):
        if got.shape != want.shape:
            return f"no, it has shape {got.shape}"
        if not np.any(got - old):
            return "no, it has not moved"
        off = np.abs(got - want).max() / np.abs(want).max()
        return "yes" if off < 1e-6 else f"no, off by {off:.3g}"

    seen = {}
    for number, Z_now in enumerate(Z, 1):
        halfway, new = updated(Z_now, state, 0.5), updated(Z_now, state, momentum)
        for name, old in state.items():
            own = 2 * halfway[name] - old  # what the student takes for the batch's
            want = momentum * old + (1 - momentum) * own
            seen[f"{name} after batch {number} is right"] = compared(new[name], want, old)
        state = new
    return seen


@batchnorm_forward.check(points=1.5, cases=predictions, judge=close(float64))
def prediction(program, Z, gamma, beta, state, eps):
    """Predictions, for one example too, are normalised with the running averages"""
    return {"Zt": program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, False)[0]}


@batchnorm_forward.check(points=0.5, cases=training_batches, judge=exact(secret=False))
def who_moves_the_state(program, Z, gamma, beta, state, eps):
    """A training batch moves the running averages, a prediction does not"""

    def moved(training):
        kept = {name: value.copy() for name, value in state.items()}
        new = program.batchnorm_forward(Z.copy(), gamma, beta, kept, 0.9, eps, training)[2]
        same = [np.array_equal(new[name], old) for name, old in state.items()]
        return not any(same) if training else not all(same)

    return {
        "training moves running_mean and running_var": moved(True),
        "a prediction moves one of them": moved(False),
    }


@batchnorm_forward.check(points=0.75, cases=hardly_any_variance, judge=close(float64))
def forward_epsilon(program, Z, gamma, beta, state, eps, training):
    """With hardly any variance, where ε matters, it is added under the root"""
    return {"Zt": program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, training)[0]}


@batchnorm_forward.check(points=0.5, cases=both_modes, judge=unchanged())
def forward_arguments_unchanged(program, Z, gamma, beta, state, eps, training):
    """It leaves the caller's `Z`, `gamma`, `beta` and `state` as they were"""
    program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, training)
    return {"Z": Z, "gamma": gamma, "beta": beta, "state": state}


MEAN, VAR = "Z.mean(axis=1, keepdims=True)", "Z.var(axis=1, keepdims=True)"
NEW_MEAN = 'momentum * state["running_mean"] + (1 - momentum) * mu'
NEW_VAR = 'momentum * state["running_var"] + (1 - momentum) * var'
ROOT = "np.sqrt(var + eps)"
STORED = 'mu, var = state["running_mean"], state["running_var"]'

batchnorm_forward.variant(
    "BN1",
    "You average over the units of each example. A unit is normalised by itself: over the "
    "examples, which are the columns.",
    {MEAN: MEAN.replace("1", "0"), VAR: VAR.replace("1", "0")},
)
batchnorm_forward.variant(
    "BN1b",
    "One mean and one variance serve all your units. Each row has its own.",
    {MEAN: "Z.mean()", VAR: "Z.var()"},
)
batchnorm_forward.variant(
    "BN1c",
    "Your mean and variance are plain vectors, which NumPy lays along the examples, not along the "
    "units. Keep the axis that you average over, so that they are columns.",
    {MEAN: "Z.mean(axis=1)", VAR: "Z.var(axis=1)"},
)
batchnorm_forward.variant(
    "BN2",
    "You divide the sum of squares by m - 1. In the notes the variance of a batch is divided by "
    "m; with few examples the difference is large, and with one it is 0/0.",
    {VAR: "Z.var(axis=1, ddof=1, keepdims=True)"},
)
batchnorm_forward.variant(
    "BN2b",
    "You record the variance divided by m - 1, as the paper and PyTorch do. Here, as in Keras, the "
    "variance that is recorded is the one that the batch was normalised with.",
    {NEW_VAR: f"{NEW_VAR} * Z.shape[1] / max(Z.shape[1] - 1, 1)"},
)
batchnorm_forward.variant(
    "BN3",
    "You divide by the variance. Its root has the unit of z: only then do the normalised values "
    "not depend on how z is measured.",
    {ROOT: "(var + eps)"},
)
batchnorm_forward.variant(
    "BN3b",
    "Your values are centred, but not divided by their spread: their mean is right, their variance "
    "is what it was.",
    {f" / {ROOT}": ""},
)
batchnorm_forward.variant(
    "BN3c",
    "You divide by the spread, but do not take away the mean first.",
    {"(Z - mu)": "Z"},
)
batchnorm_forward.variant(
    "BN4",
    "You add ε to the root. In the notes it is added to the variance, under the root. With "
    "ordinary variances nobody sees the difference; with tiny ones your outputs are another size.",
    {ROOT: "(np.sqrt(var) + eps)"},
)
batchnorm_forward.variant(
    "BN4b",
    "Your divisor lacks ε. A unit that gives the same for every example is divided by 0, and tiny "
    "differences are blown up.",
    {ROOT: "np.sqrt(var)"},
)
batchnorm_forward.variant(
    "BN5",
    "You predict with the statistics of the batch. A prediction would then hang on what else is in "
    "the batch, and a single example would always be 0. Use what training has recorded.",
    {STORED: f"mu, var = {MEAN}, {VAR}"},
)
batchnorm_forward.variant(
    "BN5b",
    "In training you normalise with the running averages. They are the record for later; a "
    "training batch is normalised with its own mean and variance.",
    {
        "    z_norm = (Z - mu)": (
            '    mu, var = state["running_mean"], state["running_var"]\n    z_norm = (Z - mu)'
        )
    },
)
batchnorm_forward.variant(
    "BN6a",
    "Predictions move your running averages. They belong to training: whoever predicts must not "
    "change what the next prediction is.",
    {
        STORED: f"{STORED}\n"
        "        state = {\n"
        f'            "running_mean": momentum * mu + (1 - momentum) * {MEAN},\n'
        f'            "running_var": momentum * var + (1 - momentum) * {VAR},\n'
        "        }"
    },
)
batchnorm_forward.variant(
    "BN6b",
    "Your running averages never move: the state comes back from training as it was handed in. "
    "Predictions would still use its start values.",
    {NEW_MEAN: 'state["running_mean"]', NEW_VAR: 'state["running_var"]'},
)
batchnorm_forward.variant(
    "BN6c",
    "You record the last batch alone. One small batch is a poor estimate: keep an average over "
    "many, in which `momentum` weighs the old value.",
    {NEW_MEAN: "mu", NEW_VAR: "var"},
)
batchnorm_forward.variant(
    "BN7",
    "The two weights of your running average are exchanged: you give `momentum` to the new batch, "
    "as PyTorch does. Here it is the share of the old value that is kept.",
    {
        NEW_MEAN: '(1 - momentum) * state["running_mean"] + momentum * mu',
        NEW_VAR: '(1 - momentum) * state["running_var"] + momentum * var',
    },
)
batchnorm_forward.variant(
    "BN10",
    "You record the standard deviation, and later take the root of it once more. What is averaged "
    "is the variance.",
    {NEW_VAR: NEW_VAR.replace(" var", " np.sqrt(var)")},
)
batchnorm_forward.variant(
    "BN10b",
    "You average standard deviations and divide by their average. What is recorded is the "
    "variance; its root is taken when it is used.",
    {NEW_VAR: NEW_VAR.replace(" var", " np.sqrt(var)"), STORED: f"{STORED} ** 2"},
)
batchnorm_forward.variant(
    "BN11",
    "γ and β have changed places: γ scales the normalised values, β shifts them.",
    {"gamma * z_norm + beta": "beta * z_norm + gamma"},
)
batchnorm_forward.variant(
    "BN12",
    "You return the normalised values as they are. γ and β, which give the layer back its freedom, "
    "are not used.",
    {"gamma * z_norm + beta": "z_norm"},
)
batchnorm_forward.variant(
    "BN13",
    "You shift before you scale, so that β is multiplied by γ as well.",
    {"gamma * z_norm + beta": "gamma * (z_norm + beta)"},
)


def forward_into_the_state(Z, gamma, beta, state, momentum, eps, training):
    mu, var = state["running_mean"], state["running_var"]
    if training:
        mu, var = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)
        state["running_mean"] = momentum * state["running_mean"] + (1 - momentum) * mu
        state["running_var"] = momentum * state["running_var"] + (1 - momentum) * var
    z_norm = (Z - mu) / np.sqrt(var + eps)
    cache = {"z_norm": z_norm, "gamma": gamma, "var": var, "eps": eps}
    return gamma * z_norm + beta, cache, state


def forward_into_z(Z, gamma, beta, state, momentum, eps, training):
    mu, var = state["running_mean"], state["running_var"]
    if training:
        mu, var = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)
        new_mean = momentum * state["running_mean"] + (1 - momentum) * mu
        new_var = momentum * state["running_var"] + (1 - momentum) * var
        state = {"running_mean": new_mean, "running_var": new_var}
    Z -= mu
    Z /= np.sqrt(var + eps)
    cache = {"z_norm": Z, "gamma": gamma, "var": var, "eps": eps}
    return gamma * Z + beta, cache, state


batchnorm_forward.variant(
    "BN14",
    "Your numbers are right, but you write the new averages into the caller's `state`. Whoever "
    "kept the old one finds it changed: put the new averages into a new dict.",
    forward_into_the_state,
)
batchnorm_forward.variant(
    "BN15",
    "Your numbers are right, but you normalise inside the caller's `Z`: an augmented assignment "
    "changes the array itself. Compute a new array.",
    forward_into_z,
)


def forward_by_moments(Z, gamma, beta, state, momentum, eps, training):
    mu, var = state["running_mean"], state["running_var"]
    if training:
        mu = np.mean(Z, axis=1)[:, None]
        var = np.mean(Z**2, axis=1)[:, None] - mu**2
        rate = 1 - momentum
        state = {
            "running_mean": state["running_mean"] + rate * (mu - state["running_mean"]),
            "running_var": state["running_var"] + rate * (var - state["running_var"]),
        }
    inverse = 1 / np.sqrt(var + eps)
    return gamma * inverse * (Z - mu) + beta, {"z_norm": (Z - mu) * inverse}, state


def forward_unit_by_unit(Z, gamma, beta, state, momentum, eps, training):
    rows, means, variances = [], [], []
    for i, row in enumerate(Z):
        mean, variance = state["running_mean"][i, 0], state["running_var"][i, 0]
        if training:
            mean = sum(row) / len(row)
            variance = sum((z - mean) ** 2 for z in row) / len(row)
        rows.append([gamma[i, 0] * (z - mean) / (variance + eps) ** 0.5 + beta[i, 0] for z in row])
        means.append([mean])
        variances.append([variance])
    new = dict(state)
    if training:
        new["running_mean"] = momentum * new["running_mean"] + (1 - momentum) * np.array(means)
        new["running_var"] = momentum * new["running_var"] + (1 - momentum) * np.array(variances)
    return [np.array(rows), None, new]


def forward_by_a_projection(Z, gamma, beta, state, momentum, eps, training):
    m = Z.shape[1]
    mu, var = state["running_mean"], state["running_var"]
    if training:
        mean = np.full((m, 1), 1 / m)
        mu = Z @ mean
        var = ((Z @ (np.eye(m) - mean @ np.ones((1, m)))) ** 2) @ mean
        state = {
            "running_mean": np.average([state["running_mean"], mu], 0, [momentum, 1 - momentum]),
            "running_var": np.average([state["running_var"], var], 0, [momentum, 1 - momentum]),
        }
    scale = gamma / np.sqrt(var + eps)
    return scale * Z + (beta - scale * mu), (Z, mu, var), state


batchnorm_forward.equivalent("mean of squares less square of mean", forward_by_moments)
batchnorm_forward.equivalent("unit by unit", forward_unit_by_unit)
batchnorm_forward.equivalent("matrix products, folded", forward_by_a_projection)

# ---------------------------------------------------------------------------- batchnorm_backward

batchnorm_backward = unit.exercise(
    "batchnorm_backward", points=5, uses=("batchnorm_forward",), forbids=READY_MADE
)


def upstream(rng: np.random.Generator) -> Iterator[Case]:
    for label, n, m in BATCHES:
        yield Case(arguments(rng, n, m) | {"dZt": away(rng, (n, m))}, label)


def two_units(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(arguments(rng, 2, 5) | {"dZt": away(rng, (2, 5))}, "two units, five examples")


def variance_near_eps(rng: np.random.Generator) -> Iterator[Case]:
    for label, n, m in BATCHES:
        inputs = arguments(rng, n, m) | {"dZt": away(rng, (n, m)), "eps": 1e-3}
        inputs["Z"] = 0.03 * inputs["Z"]
        yield Case(inputs, f"{label}, variance near ε = 1e-3")


@batchnorm_backward.check(points=0.5, cases=upstream, judge=close(float64))
def shift_gradient(program, Z, gamma, beta, state, eps, dZt):
    """It returns a triple `(dZ, dgamma, dbeta)`, with the right `dbeta`"""
    cache = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    result = program.batchnorm_backward(dZt, cache)
    if isinstance(result, (tuple, list)) and len(result) == 3:
        result = ["dZ", "dgamma", result[2]]
    return {"(dZ, dgamma, dbeta)": result}


@batchnorm_backward.check(points=0.75, cases=upstream, judge=close(float64))
def scale_gradient(program, Z, gamma, beta, state, eps, dZt):
    """`dgamma` is the gradient with respect to γ"""
    cache = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    return {"dgamma": program.batchnorm_backward(dZt, cache)[1]}


@batchnorm_backward.check(points=1.5, cases=upstream, judge=close(float64))
def input_gradient(program, Z, gamma, beta, state, eps, dZt):
    """`dZ` is the gradient with respect to Z, through mean and variance too"""
    cache = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    return {"dZ": program.batchnorm_backward(dZt, cache)[0]}


@batchnorm_backward.check(
    points=0.5,
    cases=two_units,
    judge=equal_sides(
        "your dZ, and the slopes that are measured on your batchnorm_forward", rtol=1e-6
    ),
)
def measured_slopes(program, Z, gamma, beta, state, eps, dZt):
    """`dZ` agrees with the slopes that are measured on your own `batchnorm_forward`"""

    def outputs(Z):
        kept = {name: value.copy() for name, value in state.items()}
        return program.batchnorm_forward(Z, gamma, beta, kept, 0.9, eps, True)

    slopes = probes.numerical_gradient(lambda Z: np.sum(dZt * outputs(Z)[0]), Z)
    dZ = program.batchnorm_backward(dZt.copy(), outputs(Z.copy())[1])[0]
    return {"left": {"dZ": dZ}, "right": {"dZ": slopes}}


@batchnorm_backward.check(points=0.5, cases=upstream, judge=exact(secret=False))
def rows_sum_to_zero(program, Z, gamma, beta, state, eps, dZt):
    """Each row of `dZ` sums to 0: adding a constant to a unit changes no output"""
    cache = program.batchnorm_forward(Z.copy(), gamma, beta, state, 0.9, eps, True)[1]
    dZ = np.asarray(program.batchnorm_backward(dZt, cache)[0])
    if dZ.shape != Z.shape:
        return {"shape of dZ": str(dZ.shape)}
    sums = np.abs(dZ.sum(axis=1)).max() / (np.abs(dZ).max() or 1)
    return {
        "shape of dZ": str(dZ.shape),
        "dZ is not 0": bool(np.any(dZ)),
        "each row of dZ sums to 0": "yes" if sums < 1e-6 else f"no, off by {sums:.3g}",
    }


@batchnorm_backward.check(points=0.5, cases=upstream, judge=exact(secret=False))
def rows_orthogonal(program, Z, gamma, beta, state, eps, dZt):
    """Each row of `dZ` is orthogonal to that of `z_norm`: scaling a unit changes no output"""
    cache = program.batchnorm_forward(Z.copy(), gamma, beta, state, 0.9, eps, True)[1]
    dZ = np.asarray(program.batchnorm_backward(dZt, cache)[0])
    if dZ.shape != Z.shape:
        return {"shape of dZ": str(dZ.shape)}
    z_norm = (Z - Z.mean(axis=1, keepdims=True)) / Z.std(axis=1, keepdims=True)
    along = np.abs((dZ * z_norm).sum(axis=1)).max() / (np.abs(dZ).max() or 1)
    return {
        "shape of dZ": str(dZ.shape),
        "dZ is not 0": bool(np.any(dZ)),
        "the sum of dZ * z_norm is 0 in each row": (
            "yes" if along < 1e-6 else f"no, off by {along:.3g}"
        ),
    }


@batchnorm_backward.check(points=0.5, cases=variance_near_eps, judge=close(float64))
def backward_epsilon(program, Z, gamma, beta, state, eps, dZt):
    """With a variance near ε, `dZ` is right, too"""
    cache = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    return {"dZ": program.batchnorm_backward(dZt, cache)[0]}


@batchnorm_backward.check(points=0.25, cases=upstream, judge=unchanged())
def backward_arguments_unchanged(program, Z, gamma, beta, state, eps, dZt):
    """It leaves the caller's `dZt` as it was"""
    cache = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    program.batchnorm_backward(dZt, cache)
    return {"dZt": dZt}


BY_MU = "dz_norm.mean(axis=1, keepdims=True)"
BY_VAR = "z_norm * (dz_norm * z_norm).mean(axis=1, keepdims=True)"
TERMS = "(dz_norm - by_mu - by_var)"
BACK_ROOT = 'np.sqrt(cache["var"] + cache["eps"])'
DGAMMA = "(dZt * z_norm).sum(axis=1, keepdims=True)"
DBETA = "dZt.sum(axis=1, keepdims=True)"

batchnorm_backward.variant(
    "BN8a",
    "You treat μ as a constant: but every z moves the mean, and so all outputs of its row. That is "
    "why the rows of your dZ do not sum to 0.",
    {TERMS: "(dz_norm - by_var)"},
)
batchnorm_backward.variant(
    "BN8b",
    "You treat σ² as a constant: but every z moves the variance, and so all outputs of its row. "
    "That is why your dZ has a part along z_norm.",
    {TERMS: "(dz_norm - by_mu)"},
)
batchnorm_backward.variant(
    "BN8c",
    "You treat μ and σ² as constants, as if they were given from outside. Both are computed from "
    "the batch, so the gradient runs through them as well.",
    {TERMS: "dz_norm"},
)
batchnorm_backward.variant(
    "BN8d",
    "The part of dZ that comes through μ is averaged over all units. Every unit has a mean of its "
    "own: average over the examples of each row.",
    {BY_MU: "dz_norm.mean()"},
)
batchnorm_backward.variant(
    "BN8e",
    "The part of dZ that comes through σ² is averaged over all units. Every unit has a variance of "
    "its own: average over the examples of each row.",
    {BY_VAR: "z_norm * (dz_norm * z_norm).mean()"},
)
batchnorm_backward.variant(
    "BN8f",
    "The parts of dZ that come through μ and σ² are m times too large: their sums over the "
    "examples belong to all m of them, so each gets 1/m.",
    {BY_MU: BY_MU.replace("mean", "sum"), BY_VAR: BY_VAR.replace("mean", "sum")},
)
batchnorm_backward.variant(
    "BN9a",
    "In dgamma you multiply by Z. γ multiplies the *normalised* values, so these stand beside dZt.",
    {DGAMMA: '(dZt * cache["Z"]).sum(axis=1, keepdims=True)'},
)
batchnorm_backward.variant(
    "BN9b",
    "Your dbeta is one number for all units. Each unit has its own β: sum over the examples only.",
    {DBETA: "dZt.sum()"},
)
batchnorm_backward.variant(
    "BN9c",
    "Your dgamma is one number for all units. Each unit has its own γ: sum over the examples only.",
    {DGAMMA: "(dZt * z_norm).sum()"},
)
batchnorm_backward.variant(
    "BN9d",
    "Your dgamma and dbeta are plain vectors. They need the shape of γ and β, (n, 1), or an update "
    "would make matrices of them.",
    {DGAMMA: "(dZt * z_norm).sum(axis=1)", DBETA: "dZt.sum(axis=1)"},
)
batchnorm_backward.variant(
    "BN9e",
    "You average over the examples in dgamma and dbeta. dZt is the gradient of the whole cost, so "
    "any 1/m is in it already: sum.",
    {DGAMMA: DGAMMA.replace("sum", "mean"), DBETA: DBETA.replace("sum", "mean")},
)
batchnorm_backward.variant(
    "BN9f",
    "You sum over the units in dgamma and dbeta. γ and β have one entry for each unit: sum over "
    "the examples.",
    {DGAMMA: DGAMMA.replace("axis=1", "axis=0"), DBETA: DBETA.replace("axis=1", "axis=0")},
)
batchnorm_backward.variant(
    "BN9g",
    "Your dgamma is γ times too large: the output depends on γ through γ·z_norm, whose slope is "
    "z_norm alone.",
    {DGAMMA: f'cache["gamma"] * {DGAMMA}'},
)
batchnorm_backward.variant(
    "BN16",
    "γ is missing in dZ: between Zt and z_norm stands a factor γ.",
    {'cache["gamma"] * dZt': "dZt"},
)
batchnorm_backward.variant(
    "BN17",
    "The division by √(σ² + ε) is missing in dZ: normalising divides, and so does its gradient.",
    {f" / {BACK_ROOT}": ""},
)
batchnorm_backward.variant(
    "BN18",
    "You divide dZ by the variance. The derivative of dividing by √(σ² + ε) is dividing by the "
    "root.",
    {BACK_ROOT: '(cache["var"] + cache["eps"])'},
)
batchnorm_backward.variant(
    "BN19",
    "Your backward pass forgets ε. Forwards you divided by √(σ² + ε); with a small variance that "
    "is far from σ.",
    {BACK_ROOT: 'np.sqrt(cache["var"])'},
)
batchnorm_backward.variant(
    "BN20",
    "dgamma and dbeta come back in exchanged order: first the gradient of Z, then that of γ, then "
    "that of β.",
    {"return dZ, dgamma, dbeta": "return dZ, dbeta, dgamma"},
)
batchnorm_backward.variant(
    "BN21",
    "Your dZ has the wrong sign.",
    {TERMS: "(by_mu + by_var - dz_norm)"},
)


def backward_in_place(dZt, cache):
    z_norm = cache["z_norm"]
    dbeta = dZt.sum(axis=1, keepdims=True)
    dgamma = (dZt * z_norm).sum(axis=1, keepdims=True)
    dZt *= cache["gamma"]
    mean = dZt.mean(axis=1, keepdims=True)
    along = (dZt * z_norm).mean(axis=1, keepdims=True)
    dZt -= mean + z_norm * along
    dZt /= np.sqrt(cache["var"] + cache["eps"])
    return dZt, dgamma, dbeta


batchnorm_backward.variant(
    "BN22",
    "Your gradients are right, but you compute them inside the caller's `dZt`. Make a new array.",
    backward_in_place,
)


def backward_as_in_the_text(dZt, cache):
    Z, mu, var, eps = (cache[name] for name in ("Z", "mu", "var", "eps"))
    m = Z.shape[1]
    dz_norm = dZt * cache["gamma"]
    dvar = np.sum(dz_norm * (Z - mu), axis=1, keepdims=True) * -0.5 * (var + eps) ** -1.5
    dmu = -np.sum(dz_norm, axis=1, keepdims=True) / np.sqrt(var + eps)
    dZ = dz_norm / np.sqrt(var + eps) + dvar * 2 * (Z - mu) / m + dmu / m
    dgamma = np.sum(dZt * (Z - mu) / np.sqrt(var + eps), axis=1, keepdims=True)
    return dZ, dgamma, np.sum(dZt, axis=1, keepdims=True)


def backward_step_by_step(dZt, cache):
    Z, mu, var, eps = (cache[name] for name in ("Z", "mu", "var", "eps"))
    m, centred, inverse = Z.shape[1], Z - mu, 1 / np.sqrt(var + eps)
    dz_norm = dZt * cache["gamma"]
    dinverse = np.einsum("im,im->i", dz_norm, centred)[:, None]
    droot = -dinverse * inverse**2
    dvar = 0.5 * droot * inverse
    dcentred = dz_norm * inverse + 2 * centred * np.ones((1, m)) / m * dvar
    dmu = -np.einsum("im->i", dcentred)[:, None]
    dZ = dcentred + dmu / m
    dgamma = np.einsum("im,im->i", dZt, centred * inverse)[:, None]
    return [dZ, dgamma, dZt @ np.ones((m, 1))]


def backward_by_jacobians(dZt, cache):
    m = dZt.shape[1]
    dZ = np.zeros(dZt.shape)
    for i, z_norm in enumerate(cache["z_norm"]):
        scale = cache["gamma"][i, 0] / np.sqrt(cache["var"][i, 0] + cache["eps"])
        jacobian = scale * (np.eye(m) - 1 / m - np.outer(z_norm, z_norm) / m)
        dZ[i] = jacobian @ dZt[i]
    dgamma = np.diag(dZt @ cache["z_norm"].T)[:, np.newaxis]
    return dZ, dgamma, dZt.sum(1).reshape(-1, 1)


batchnorm_backward.equivalent("the three lines of the text", backward_as_in_the_text)
batchnorm_backward.equivalent("step by step", backward_step_by_step)
batchnorm_backward.equivalent("Jacobians", backward_by_jacobians)

# ----------------------------------------------------------------------------------- MyBatchNorm

MyBatchNorm = unit.exercise("MyBatchNorm", points=6, forbids=READY_MADE)

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


# Alone: the shapes are others in each case, and right weights are a first step.
@MyBatchNorm.check(points=1, cases=shapes, judge=exact(secret=False), counts_alone=True)
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


@MyBatchNorm.check(points=1.25, cases=inputs_in_training, judge=close(float64))
def layer_training(program, x, gamma, beta, epsilon):
    """In training the outputs are normalised over all axes but the last, scaled and shifted"""
    layer = program.MyBatchNorm(epsilon=epsilon, dtype="float64", name="bn")
    layer.build(x.shape)
    layer.gamma.assign(gamma)
    layer.beta.assign(beta)
    y = layer(ops.convert_to_tensor(x), training=True)
    return {"outputs": ops.convert_to_numpy(y)}


@MyBatchNorm.check(points=1, cases=inputs_in_prediction, judge=close(float64))
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


@MyBatchNorm.check(points=0.5, cases=two_inputs, judge=close(float64))
def layer_moving_mean(program, batches, momentum):
    """`moving_mean` is right after one training batch, and after two"""
    layer = program.MyBatchNorm(momentum=momentum, dtype="float64", name="bn")
    layer.build(batches[0].shape)
    seen = {}
    for number, batch in enumerate(batches, 1):
        layer(ops.convert_to_tensor(batch), training=True)
        seen[f"moving_mean after batch {number}"] = ops.convert_to_numpy(layer.moving_mean)
    return seen


@MyBatchNorm.check(points=0.5, cases=two_inputs, judge=close(float64))
def layer_moving_variance(program, batches, momentum):
    """`moving_variance` is right after one training batch, and after two"""
    layer = program.MyBatchNorm(momentum=momentum, dtype="float64", name="bn")
    layer.build(batches[0].shape)
    seen = {}
    for number, batch in enumerate(batches, 1):
        layer(ops.convert_to_tensor(batch), training=True)
        value = ops.convert_to_numpy(layer.moving_variance)
        seen[f"moving_variance after batch {number}"] = value
    return seen


@MyBatchNorm.check(points=0.25, cases=one_input, judge=exact(secret=False))
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


@MyBatchNorm.check(points=0.5, cases=hardly_any_spread, judge=close(float64))
def layer_epsilon(program, x, mean, variance, epsilon, training):
    """With hardly any variance, where ε matters, it is added under the root"""
    layer = program.MyBatchNorm(epsilon=epsilon, dtype="float64", name="bn")
    layer.build(x.shape)
    layer.moving_mean.assign(mean)
    layer.moving_variance.assign(variance)
    y = layer(ops.convert_to_tensor(x), training=training)
    return {"outputs": ops.convert_to_numpy(y)}


@MyBatchNorm.check(points=0.5, cases=cotangents, judge=close(float64))
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


@MyBatchNorm.check(points=0.5, cases=regression, judge=exact(secret=False))
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
L_STORED = "mean, variance = self.moving_mean, self.moving_variance"
L_NEW_MEAN = "keep * self.moving_mean + (1 - keep) * mean"
L_NEW_VARIANCE = "keep * self.moving_variance + (1 - keep) * variance"
L_ASSIGNED = f"""
            keep = self.momentum
            self.moving_mean.assign({L_NEW_MEAN})
            self.moving_variance.assign({L_NEW_VARIANCE})"""
L_ROOT = "ops.sqrt(variance + self.epsilon)"
L_IF = "if training:"

MyBatchNorm.variant(
    "BN1.layer",
    "You average over the features of each example: that is layer normalisation. In the layout of "
    "Keras the features are the last axis, and it is the one axis that is *not* averaged over.",
    {L_AXES: "axes = (-1,)"},
)
MyBatchNorm.variant(
    "BN1.places",
    "You average over the examples only. For pictures that leaves a mean for every place; a "
    "channel has one mean, over all places too.",
    {L_AXES: "axes = (0,)"},
)
MyBatchNorm.variant(
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
MyBatchNorm.variant(
    "BN2.moving",
    "Your moving variance is divided by one less than the number of values, as in the paper. Here "
    "it averages the variances that the batches were normalised with.",
    {
        L_NEW_VARIANCE: L_NEW_VARIANCE
        + " * (ops.cast(ops.size(inputs), variance.dtype) / inputs.shape[-1])"
        + " / (ops.cast(ops.size(inputs), variance.dtype) / inputs.shape[-1] - 1)"
    },
)
MyBatchNorm.variant(
    "BN3.layer",
    "You divide by the variance instead of its root.",
    {L_ROOT: "(variance + self.epsilon)"},
)
MyBatchNorm.variant(
    "BN4.layer",
    "You add ε to the root. It belongs to the variance, under the root.",
    {L_ROOT: "(ops.sqrt(variance) + self.epsilon)"},
)
MyBatchNorm.variant(
    "BN4.none",
    "Your divisor lacks ε: a feature that is the same for every example is divided by 0.",
    {L_ROOT: "ops.sqrt(variance)"},
)
MyBatchNorm.variant(
    "BN5.layer",
    "Your layer normalises with the statistics of the batch even when it predicts. A single "
    "example would always become β. Predict with the moving averages.",
    {
        L_IF: "if True:",
        L_ASSIGNED: L_ASSIGNED.replace("keep =", "keep = 1.0 if not training else"),
    },
)
MyBatchNorm.variant(
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
MyBatchNorm.variant(
    "BN5.none",
    "A call without `training` counts as training in your layer. Where nobody says what it is "
    "for, the layer predicts.",
    {L_IF: "if training is None or training:"},
)
MyBatchNorm.variant(
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
MyBatchNorm.variant(
    "BN6.never",
    "Your moving averages never move, so that predictions use their start values.",
    {L_ASSIGNED: ""},
)
MyBatchNorm.variant(
    "BN7.layer",
    "The two weights of your moving averages are exchanged: `momentum` is the share of the old "
    "value that is kept.",
    {"keep = self.momentum": "keep = 1 - self.momentum"},
)
MyBatchNorm.variant(
    "BN8.layer",
    "No gradient runs through the mean and the variance of your batch: they are cut off, as if "
    "they were constants. Every input moves them, and so all outputs.",
    {
        L_STATISTICS: f"{L_STATISTICS}\n"
        "            mean, variance = ops.stop_gradient(mean), ops.stop_gradient(variance)"
    },
)
MyBatchNorm.variant(
    "BN10.layer",
    "Your moving variance averages standard deviations. It is a variance; the root is taken when "
    "it is used.",
    {L_NEW_VARIANCE: L_NEW_VARIANCE.replace(" variance", " ops.sqrt(variance)")},
)
MyBatchNorm.variant(
    "BN11.layer",
    "γ and β have changed places: γ scales, β shifts.",
    {"self.gamma * normalised + self.beta": "self.beta * normalised + self.gamma"},
)
MyBatchNorm.variant(
    "BN12.layer",
    "You create γ and β but don't use them: no gradient reaches them, and they are never trained.",
    {"self.gamma * normalised + self.beta": "normalised"},
)
MyBatchNorm.variant(
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
MyBatchNorm.variant(
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
MyBatchNorm.variant(
    "BN25",
    "Your moving variance starts at 0. Until training has filled it, predictions are divided by "
    "hardly anything. It starts at 1.",
    {
        'initializer="ones", trainable=False': 'initializer="zeros", trainable=False',
    },
)
MyBatchNorm.variant(
    "BN26",
    "Your γ starts at 0, so that the layer puts out β for everything. It starts at 1.",
    {'initializer="ones", name="gamma"': 'initializer="zeros", name="gamma"'},
)
MyBatchNorm.variant(
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


MyBatchNorm.equivalent("moments, folded", FoldedBatchNorm)
MyBatchNorm.equivalent("flattened", FlattenedBatchNorm)
MyBatchNorm.equivalent("TensorFlow's functions", TensorFlowBatchNorm)
