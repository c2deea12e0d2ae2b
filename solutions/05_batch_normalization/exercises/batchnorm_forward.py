"""Unit 05, `batchnorm_forward`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, float64, unchanged

from .cases import BATCHES, READY_MADE, arguments, away, batch, running

exercise = Exercise("batchnorm_forward", points=9, forbids=READY_MADE)


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


@exercise.check(points=1.25, cases=plain_batches, judge=close(float64))
def normalised(program, Z, gamma, beta, state, eps):
    """It returns a triple `(Zt, cache, state)`; in training, if γ = 1, β = 0, `Zt` is normalised"""
    result = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)
    if isinstance(result, (tuple, list)) and len(result) == 3:
        result = [result[0], "a cache", "a state"]
    return {"(Zt, cache, state)": result}


@exercise.check(
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


@exercise.check(points=0.75, cases=both_modes, judge=close(float64))
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


@exercise.check(points=0.5, cases=moved_batches, judge=exact(secret=False))
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


@exercise.check(
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


@exercise.observe(
    cases=training_batches,
    judge=close(float64),
    parts={
        "running_mean": (
            0.5,
            "With momentum 1/2, `running_mean` moves half-way to the mean of the batch",
        ),
        "running_var": (
            0.75,
            "With momentum 1/2, `running_var` moves half-way to the variance of the batch",
        ),
    },
)
def running_statistics(program, Z, gamma, beta, state, eps):
    return program.batchnorm_forward(Z, gamma, beta, state, 0.5, eps, True)[2]


@exercise.check(points=1, cases=two_batches, judge=exact(secret=False))
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


@exercise.check(points=1.5, cases=predictions, judge=close(float64))
def prediction(program, Z, gamma, beta, state, eps):
    """Predictions, for one example too, are normalised with the running averages"""
    return {"Zt": program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, False)[0]}


@exercise.check(points=0.5, cases=training_batches, judge=exact(secret=False))
def who_moves_the_state(program, Z, gamma, beta, state, eps):
    """A training batch moves the running averages, a prediction does not"""

    def moved(training):
        kept = {name: value.copy() for name, value in state.items()}
        new = program.batchnorm_forward(Z.copy(), gamma, beta, kept, 0.9, eps, training)[2]
        same = [
            np.shape(new[name]) == old.shape and np.allclose(new[name], old, 1e-6)
            for name, old in state.items()
        ]
        return not any(same) if training else not all(same)

    return {
        "training moves running_mean and running_var": moved(True),
        "a prediction moves one of them": moved(False),
    }


@exercise.check(points=0.75, cases=hardly_any_variance, judge=close(float64))
def forward_epsilon(program, Z, gamma, beta, state, eps, training):
    """With hardly any variance, where ε matters, it is added under the root"""
    return {"Zt": program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, training)[0]}


@exercise.check(points=0.5, cases=both_modes, judge=unchanged())
def forward_arguments_unchanged(program, Z, gamma, beta, state, eps, training):
    """It leaves the caller's `Z`, `gamma`, `beta` and `state` as they were"""
    program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, training)
    return {"Z": Z, "gamma": gamma, "beta": beta, "state": state}


MEAN, VAR = "Z.mean(axis=1, keepdims=True)", "Z.var(axis=1, keepdims=True)"
NEW_MEAN = 'momentum * state["running_mean"] + (1 - momentum) * mu'
NEW_VAR = 'momentum * state["running_var"] + (1 - momentum) * var'
ROOT = "np.sqrt(var + eps)"
STORED = 'mu, var = state["running_mean"], state["running_var"]'
exercise.variant(
    "BN1",
    "You average over the units of each example. A unit is normalised by itself: over the "
    "examples, which are the columns.",
    {MEAN: MEAN.replace("1", "0"), VAR: VAR.replace("1", "0")},
)
exercise.variant(
    "BN1b",
    "One mean and one variance serve all your units. Each row has its own.",
    {MEAN: "Z.mean()", VAR: "Z.var()"},
)
exercise.variant(
    "BN1c",
    "Your mean and variance are plain vectors, which NumPy lays along the examples, not along the "
    "units. Keep the axis that you average over, so that they are columns.",
    {MEAN: "Z.mean(axis=1)", VAR: "Z.var(axis=1)"},
)
exercise.variant(
    "BN2",
    "You divide the sum of squares by m - 1. In the notes the variance of a batch is divided by "
    "m; with few examples the difference is large, and with one it is 0/0.",
    {VAR: "Z.var(axis=1, ddof=1, keepdims=True)"},
)
exercise.variant(
    "BN2b",
    "You record the variance divided by m - 1, as the paper and PyTorch do. Here, as in Keras, the "
    "variance that is recorded is the one that the batch was normalised with.",
    {NEW_VAR: f"{NEW_VAR} * Z.shape[1] / max(Z.shape[1] - 1, 1)"},
)
exercise.variant(
    "BN3",
    "You divide by the variance. Its root has the unit of z: only then do the normalised values "
    "not depend on how z is measured.",
    {ROOT: "(var + eps)"},
)
exercise.variant(
    "BN3b",
    "Your values are centred, but not divided by their spread: their mean is right, their variance "
    "is what it was.",
    {f" / {ROOT}": ""},
)
exercise.variant(
    "BN3c",
    "You divide by the spread, but do not take away the mean first.",
    {"(Z - mu)": "Z"},
)
exercise.variant(
    "BN4",
    "You add ε to the root. In the notes it is added to the variance, under the root. With "
    "ordinary variances nobody sees the difference; with tiny ones your outputs are another size.",
    {ROOT: "(np.sqrt(var) + eps)"},
)
exercise.variant(
    "BN4b",
    "Your divisor lacks ε. A unit that gives the same for every example is divided by 0, and tiny "
    "differences are blown up.",
    {ROOT: "np.sqrt(var)"},
)
exercise.variant(
    "BN5",
    "You predict with the statistics of the batch. A prediction would then hang on what else is in "
    "the batch, and a single example would always be 0. Use what training has recorded.",
    {STORED: f"mu, var = {MEAN}, {VAR}"},
)
exercise.variant(
    "BN5b",
    "In training you normalise with the running averages. They are the record for later; a "
    "training batch is normalised with its own mean and variance.",
    {
        "    z_norm = (Z - mu)": (
            '    mu, var = state["running_mean"], state["running_var"]\n    z_norm = (Z - mu)'
        )
    },
)
exercise.variant(
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
exercise.variant(
    "BN6b",
    "Your running averages never move: the state comes back from training as it was handed in. "
    "Predictions would still use its start values.",
    {NEW_MEAN: 'state["running_mean"]', NEW_VAR: 'state["running_var"]'},
)
exercise.variant(
    "BN6c",
    "You record the last batch alone. One small batch is a poor estimate: keep an average over "
    "many, in which `momentum` weighs the old value.",
    {NEW_MEAN: "mu", NEW_VAR: "var"},
)
exercise.variant(
    "BN7",
    "The two weights of your running average are exchanged: you give `momentum` to the new batch, "
    "as PyTorch does. Here it is the share of the old value that is kept.",
    {
        NEW_MEAN: '(1 - momentum) * state["running_mean"] + momentum * mu',
        NEW_VAR: '(1 - momentum) * state["running_var"] + momentum * var',
    },
)
exercise.variant(
    "BN10",
    "You record the standard deviation, and later take the root of it once more. What is averaged "
    "is the variance.",
    {NEW_VAR: NEW_VAR.replace(" var", " np.sqrt(var)")},
)
exercise.variant(
    "BN10b",
    "You average standard deviations and divide by their average. What is recorded is the "
    "variance; its root is taken when it is used.",
    {NEW_VAR: NEW_VAR.replace(" var", " np.sqrt(var)"), STORED: f"{STORED} ** 2"},
)
exercise.variant(
    "BN11",
    "γ and β have changed places: γ scales the normalised values, β shifts them.",
    {"gamma * z_norm + beta": "beta * z_norm + gamma"},
)
exercise.variant(
    "BN12",
    "You return the normalised values as they are. γ and β, which give the layer back its freedom, "
    "are not used.",
    {"gamma * z_norm + beta": "z_norm"},
)
exercise.variant(
    "BN13",
    "You shift before you scale, so that β is multiplied by γ as well.",
    {"gamma * z_norm + beta": "gamma * (z_norm + beta)"},
)


@exercise.variant("BN14")
def forward_into_the_state(Z, gamma, beta, state, momentum, eps, training):
    """Your numbers are right, but you write the new averages into the caller's `state`. Whoever
    kept the old one finds it changed: put the new averages into a new dict.
    """
    mu, var = state["running_mean"], state["running_var"]
    if training:
        mu, var = Z.mean(axis=1, keepdims=True), Z.var(axis=1, keepdims=True)
        state["running_mean"] = momentum * state["running_mean"] + (1 - momentum) * mu
        state["running_var"] = momentum * state["running_var"] + (1 - momentum) * var
    z_norm = (Z - mu) / np.sqrt(var + eps)
    cache = {"z_norm": z_norm, "gamma": gamma, "var": var, "eps": eps}
    return gamma * z_norm + beta, cache, state


@exercise.variant("BN15")
def forward_into_z(Z, gamma, beta, state, momentum, eps, training):
    """Your numbers are right, but you normalise inside the caller's `Z`: an augmented assignment
    changes the array itself. Compute a new array.
    """
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


@exercise.equivalent("mean of squares less square of mean")
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


@exercise.equivalent("unit by unit")
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


@exercise.equivalent("matrix products, folded")
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
