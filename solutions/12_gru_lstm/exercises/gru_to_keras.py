"""Unit 12, `gru_to_keras`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, exact, float64, probes

from .cases import GRU, weights

exercise = Exercise("gru_to_keras", points=2)


def gru_weights(rng: np.random.Generator) -> Iterator[Case]:
    for features, units in ((3, 4), (5, 2)):
        yield Case({"p": weights(rng, GRU, units, features)}, f"D = {features}, U = {units}")


@exercise.check(points=0.5, cases=gru_weights, judge=exact(secret=False))
def keras_form(program, p):
    """`gru_to_keras` returns kernel, recurrent kernel and bias as NumPy arrays"""
    found = program.gru_to_keras(probes.to_tensors(p))
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    return {
        "shapes": ", ".join(str(np.shape(probes.to_arrays(item))) for item in found),
        "all are NumPy arrays": all(isinstance(item, np.ndarray) for item in found),
    }


@exercise.observe(
    cases=gru_weights,
    judge=close(float64),
    parts={
        "blocks": (
            0.75,
            "The columns of reset gate and candidate stand where Keras looks for them",
        ),
        "update": (
            0.75,
            "The columns of the update gate make Keras' layer keep what yours keeps",
        ),
    },
)
def keras_columns(program, p):
    U = p["b_z"].shape[0]
    names = ("kernel", "recurrent kernel", "bias")
    found = probes.to_arrays(list(program.gru_to_keras(probes.to_tensors(p))))
    named = list(zip(names, found, strict=True))
    return {
        "blocks": {f"{name}, columns of r and h": item[..., U:] for name, item in named},
        "update": {f"{name}, columns of z": item[..., :U] for name, item in named},
    }


KERAS_W = '[-p["W_z"], p["W_r"], p["W_h"]]'
KERAS_B = '[-p["b_z"], p["b_r"], p["b_h"]]'
KERAS_RETURN = "return [W[U:], W[:U], b]"
exercise.variant(
    "GK1",
    "Your update gate means the opposite in Keras: there z = 1 keeps the old state, in the notes z "
    "= 0 does. A sigmoid is turned over by the signs of everything that goes into it.",
    {KERAS_W: KERAS_W.replace("-", ""), KERAS_B: KERAS_B.replace("-", "")},
)
exercise.variant(
    "GK2",
    "You turn over the weights of the update gate but not its bias. 1 - sigmoid(a) = "
    "sigmoid(-a) asks for the other sign of all of a.",
    {KERAS_B: KERAS_B.replace("-", "")},
)
exercise.variant(
    "GK3",
    "You turn over the bias of the update gate but not its weights. 1 - sigmoid(a) = "
    "sigmoid(-a) asks for the other sign of all of a.",
    {KERAS_W: KERAS_W.replace("-", "")},
)
exercise.variant(
    "GK4",
    "Your blocks stand in the order r, z, h. Keras wants z, r, h.",
    {
        KERAS_W: '[p["W_r"], -p["W_z"], p["W_h"]]',
        KERAS_B: '[p["b_r"], -p["b_z"], p["b_h"]]',
    },
)
exercise.variant(
    "GK5",
    "Kernel and recurrent kernel are exchanged: the first rows of W meet h, the others x, and "
    "Keras wants those for x first.",
    {KERAS_RETURN: "return [W[:U], W[U:], b]"},
)
exercise.variant(
    "GK6",
    "You split W as if x came first. In [h, x] the first U rows belong to the state.",
    {KERAS_RETURN: "return [W[: W.shape[0] - U], W[W.shape[0] - U :], b]"},
)
exercise.variant(
    "GK7",
    "Your numbers are right, but they come as tensors. `set_weights` and files want NumPy arrays.",
    {"W, b = ops.convert_to_numpy(W), ops.convert_to_numpy(b)": "pass"},
)
exercise.variant(
    "GK8",
    "Your bias has two rows, as for `reset_after=True`. Without it there is one.",
    {KERAS_RETURN: "return [W[U:], W[:U], np.stack([b, 0 * b])]"},
)
exercise.variant(
    "GK9",
    "You turn over the whole of the candidate as well. It is a tanh, not a gate; only the update "
    "gate means something else in Keras.",
    {
        KERAS_W: '[-p["W_z"], p["W_r"], -p["W_h"]]',
        KERAS_B: '[-p["b_z"], p["b_r"], -p["b_h"]]',
    },
)


@exercise.equivalent("in NumPy, as a tuple")
def gru_to_keras_in_numpy(p):
    p = {name: np.asarray(value) for name, value in p.items()}
    U = len(p["b_r"])
    kernel = np.hstack([-p["W_z"][U:], p["W_r"][U:], p["W_h"][U:]])
    recurrent = np.hstack([p[f"W_{gate}"][:U] * sign for gate, sign in zip("zrh", (-1, 1, 1))])  # noqa: B905
    return kernel, recurrent, np.concatenate([-p["b_z"], p["b_r"], p["b_h"]])
