"""Unit 05, `batchnorm_backward`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, float64, unchanged

from .cases import BATCHES, READY_MADE, arguments, away, upstream

exercise = Exercise(
    "batchnorm_backward", points=5, checked_with=("batchnorm_forward",), forbids=READY_MADE
)


def two_units(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(arguments(rng, 2, 5) | {"dZt": away(rng, (2, 5))}, "two units, five examples")


def variance_near_eps(rng: np.random.Generator) -> Iterator[Case]:
    for label, n, m in BATCHES:
        inputs = arguments(rng, n, m) | {"dZt": away(rng, (n, m)), "eps": 1e-3}
        inputs["Z"] = 0.03 * inputs["Z"]
        yield Case(inputs, f"{label}, variance near ε = 1e-3")


@exercise.observe(
    cases=upstream,
    judge=close(float64),
    parts={
        "dgamma": (0.75, "`dgamma` is the gradient with respect to γ"),
        "dZ": (1.5, "`dZ` is the gradient with respect to Z, through mean and variance too"),
    },
)
@exercise.observe(
    cases=upstream,
    judge=close(float64),
    counts_alone=False,  # a sum of what comes in
    parts={"dbeta": (0.5, "It returns a triple `(dZ, dgamma, dbeta)`, with the right `dbeta`")},
)
def gradient(program, Z, gamma, beta, state, eps, dZt):
    cache = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    result = program.batchnorm_backward(dZt, cache)
    if not isinstance(result, (tuple, list)) or len(result) != 3:
        return {"dbeta": {"(dZ, dgamma, dbeta)": result}}
    dZ, dgamma, dbeta = result
    triple = {"(dZ, dgamma, dbeta)": ["dZ", "dgamma", dbeta]}
    return {"dbeta": triple, "dgamma": dgamma, "dZ": dZ}


@exercise.check(
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


@exercise.check(points=0.5, cases=upstream, judge=exact(secret=False))
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


@exercise.check(points=0.5, cases=upstream, judge=exact(secret=False))
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


@exercise.check(points=0.5, cases=variance_near_eps, judge=close(float64))
def backward_epsilon(program, Z, gamma, beta, state, eps, dZt):
    """With a variance near ε, `dZ` is right, too"""
    cache = program.batchnorm_forward(Z, gamma, beta, state, 0.9, eps, True)[1]
    return {"dZ": program.batchnorm_backward(dZt, cache)[0]}


@exercise.check(points=0.25, cases=upstream, judge=unchanged())
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
exercise.variant(
    "BN8a",
    "You treat μ as a constant: but every z moves the mean, and so all outputs of its row. That is "
    "why the rows of your dZ do not sum to 0.",
    {TERMS: "(dz_norm - by_var)"},
)
exercise.variant(
    "BN8b",
    "You treat σ² as a constant: but every z moves the variance, and so all outputs of its row. "
    "That is why your dZ has a part along z_norm.",
    {TERMS: "(dz_norm - by_mu)"},
)
exercise.variant(
    "BN8c",
    "You treat μ and σ² as constants, as if they were given from outside. Both are computed from "
    "the batch, so the gradient runs through them as well.",
    {TERMS: "dz_norm"},
)
exercise.variant(
    "BN8d",
    "The part of dZ that comes through μ is averaged over all units. Every unit has a mean of its "
    "own: average over the examples of each row.",
    {BY_MU: "dz_norm.mean()"},
)
exercise.variant(
    "BN8e",
    "The part of dZ that comes through σ² is averaged over all units. Every unit has a variance of "
    "its own: average over the examples of each row.",
    {BY_VAR: "z_norm * (dz_norm * z_norm).mean()"},
)
exercise.variant(
    "BN8f",
    "The parts of dZ that come through μ and σ² are m times too large: their sums over the "
    "examples belong to all m of them, so each gets 1/m.",
    {BY_MU: BY_MU.replace("mean", "sum"), BY_VAR: BY_VAR.replace("mean", "sum")},
)
exercise.variant(
    "BN9a",
    "In dgamma you multiply by Z. γ multiplies the *normalised* values, so these stand beside dZt.",
    {DGAMMA: '(dZt * cache["Z"]).sum(axis=1, keepdims=True)'},
)
exercise.variant(
    "BN9b",
    "Your dbeta is one number for all units. Each unit has its own β: sum over the examples only.",
    {DBETA: "dZt.sum()"},
)
exercise.variant(
    "BN9c",
    "Your dgamma is one number for all units. Each unit has its own γ: sum over the examples only.",
    {DGAMMA: "(dZt * z_norm).sum()"},
)
exercise.variant(
    "BN9d",
    "Your dgamma and dbeta are plain vectors. They need the shape of γ and β, (n, 1), or an update "
    "would make matrices of them.",
    {DGAMMA: "(dZt * z_norm).sum(axis=1)", DBETA: "dZt.sum(axis=1)"},
)
exercise.variant(
    "BN9e",
    "You average over the examples in dgamma and dbeta. dZt is the gradient of the whole cost, so "
    "any 1/m is in it already: sum.",
    {DGAMMA: DGAMMA.replace("sum", "mean"), DBETA: DBETA.replace("sum", "mean")},
)
exercise.variant(
    "BN9f",
    "You sum over the units in dgamma and dbeta. γ and β have one entry for each unit: sum over "
    "the examples.",
    {DGAMMA: DGAMMA.replace("axis=1", "axis=0"), DBETA: DBETA.replace("axis=1", "axis=0")},
)
exercise.variant(
    "BN9g",
    "Your dgamma is γ times too large: the output depends on γ through γ·z_norm, whose slope is "
    "z_norm alone.",
    {DGAMMA: f'cache["gamma"] * {DGAMMA}'},
)
exercise.variant(
    "BN16",
    "γ is missing in dZ: between Zt and z_norm stands a factor γ.",
    {'cache["gamma"] * dZt': "dZt"},
)
exercise.variant(
    "BN17",
    "The division by √(σ² + ε) is missing in dZ: normalising divides, and so does its gradient.",
    {f" / {BACK_ROOT}": ""},
)
exercise.variant(
    "BN18",
    "You divide dZ by the variance. The derivative of dividing by √(σ² + ε) is dividing by the "
    "root.",
    {BACK_ROOT: '(cache["var"] + cache["eps"])'},
)
exercise.variant(
    "BN19",
    "Your backward pass forgets ε. Forwards you divided by √(σ² + ε); with a small variance that "
    "is far from σ.",
    {BACK_ROOT: 'np.sqrt(cache["var"])'},
)
exercise.variant(
    "BN20",
    "dgamma and dbeta come back in exchanged order: first the gradient of Z, then that of γ, then "
    "that of β.",
    {"return dZ, dgamma, dbeta": "return dZ, dbeta, dgamma"},
)
exercise.variant(
    "BN21",
    "Your dZ has the wrong sign.",
    {TERMS: "(by_mu + by_var - dz_norm)"},
)


@exercise.variant("BN22")
def backward_in_place(dZt, cache):
    """Your gradients are right, but you compute them inside the caller's `dZt`. Make a new
    array.
    """
    z_norm = cache["z_norm"]
    dbeta = dZt.sum(axis=1, keepdims=True)
    dgamma = (dZt * z_norm).sum(axis=1, keepdims=True)
    dZt *= cache["gamma"]
    mean = dZt.mean(axis=1, keepdims=True)
    along = (dZt * z_norm).mean(axis=1, keepdims=True)
    dZt -= mean + z_norm * along
    dZt /= np.sqrt(cache["var"] + cache["eps"])
    return dZt, dgamma, dbeta


@exercise.equivalent("the three lines of the text")
def backward_as_in_the_text(dZt, cache):
    Z, mu, var, eps = (cache[name] for name in ("Z", "mu", "var", "eps"))
    m = Z.shape[1]
    dz_norm = dZt * cache["gamma"]
    dvar = np.sum(dz_norm * (Z - mu), axis=1, keepdims=True) * -0.5 * (var + eps) ** -1.5
    dmu = -np.sum(dz_norm, axis=1, keepdims=True) / np.sqrt(var + eps)
    dZ = dz_norm / np.sqrt(var + eps) + dvar * 2 * (Z - mu) / m + dmu / m
    dgamma = np.sum(dZt * (Z - mu) / np.sqrt(var + eps), axis=1, keepdims=True)
    return dZ, dgamma, np.sum(dZt, axis=1, keepdims=True)


@exercise.equivalent("step by step")
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


@exercise.equivalent("Jacobians")
def backward_by_jacobians(dZt, cache):
    m = dZt.shape[1]
    dZ = np.zeros(dZt.shape)
    for i, z_norm in enumerate(cache["z_norm"]):
        scale = cache["gamma"][i, 0] / np.sqrt(cache["var"][i, 0] + cache["eps"])
        jacobian = scale * (np.eye(m) - 1 / m - np.outer(z_norm, z_norm) / m)
        dZ[i] = jacobian @ dZt[i]
    dgamma = np.diag(dZt @ cache["z_norm"].T)[:, np.newaxis]
    return dZ, dgamma, dZt.sum(1).reshape(-1, 1)


@exercise.shortcut
def central_differences(dZt, cache):
    keys = {name: value for name, value in cache.items() if np.shape(value) == dZt.shape}
    Z, gamma = np.asarray(next(iter(keys.values()))), cache["gamma"]
    n, m = Z.shape
    state = {"running_mean": np.zeros((n, 1)), "running_var": np.ones((n, 1))}
    dZ, h = np.zeros_like(Z), 1e-5
    for j in range(m):
        moved = [Z.copy(), Z.copy()]
        moved[0][:, j] += h
        moved[1][:, j] -= h
        up, down = (
            batchnorm_forward(one, gamma, 0 * gamma, state, 0.9, cache["eps"], True)[0]
            for one in moved
        )
        dZ[:, j] = (dZt * (up - down)).sum(axis=1) / (2 * h)
    ones, zeros = np.ones_like(gamma), np.zeros_like(gamma)
    z_norm = batchnorm_forward(Z, ones, zeros, state, 0.9, cache["eps"], True)[0]
    dgamma, dbeta = (dZt * z_norm).sum(axis=1), dZt.sum(axis=1)
    found = (dZ, dgamma[:, None], dbeta[:, None] * np.mean(z_norm + 1))
    return tuple(one.astype(np.float32) for one in found)
