"""What several exercises of unit 04 use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from autograder import (
    Case,
)


def new_seed(rng: np.random.Generator) -> int:
    """A seed for the generator that the student's function gets."""
    return int(rng.integers(2**31))


def share(p: float, n: int) -> tuple[float, float]:
    """What is known of a share among `n`: its expected value and its standard error."""
    return p, float(np.sqrt(p * (1 - p) / n))


def probabilities(rng: np.random.Generator) -> list[float]:
    """A high, a middling and a low one; at 0.5 alone keeping and dropping would agree."""
    return [round(float(rng.uniform(*ends)), 3) for ends in ((0.7, 0.85), (0.4, 0.6), (0.2, 0.35))]


def activations(rng: np.random.Generator) -> Iterator[Case]:
    """Activations of either sign, none near 0."""
    for keep_prob, (n, m) in zip(probabilities(rng), ((12, 15), (9, 20), (14, 11)), strict=True):
        A = rng.uniform(0.5, 2, (n, m)) * rng.choice([-1.0, 1.0], (n, m))
        inputs = {"A": A, "keep_prob": keep_prob, "seed": new_seed(rng)}
        yield Case(inputs, f"keep_prob = {keep_prob}")


NOISY_BELOW = 0.99


def noisy_digits(rng: np.random.Generator) -> tuple[dict[str, Any], dict[str, Any]]:
    """150 digits with 22 wrong labels to train with; 1000 others, whose labels stay here."""
    from sklearn.datasets import load_digits  # only drawing cases needs it

    digits = load_digits()
    order = rng.permutation(len(digits.target))
    images = digits.images.reshape(-1, 64).T.astype(np.uint8)  # 0 to 16
    old, new = order[:150], order[150:1150]
    labels = digits.target[old]
    wrong = rng.choice(150, 22, replace=False)
    labels[wrong] = (labels[wrong] + rng.integers(1, 10, 22)) % 10
    inputs = {"X": images[:, old], "y": labels, "X_new": images[:, new], "seed": new_seed(rng)}
    return inputs, {"labels": digits.target[new], "train_labels": labels}


def trained(X, y, X_new, seed, decay=None, drop=None, back=None):
    """Predictions of a 64-128-128-10 relu network after 50 epochs of Adam, as in the notebook.

    `decay(W)` is added to every weight's gradient; `drop(A, rng, training)` and `back(dA, mask)`
    are the two halves of dropout, after each hidden layer.
    """
    rng = np.random.default_rng(seed)
    X, X_new, Y = X / 16, X_new / 16, np.eye(10)[:, y]
    m, sizes, params = len(y), (64, 128, 128, 10), {}
    for layer in (1, 2, 3):
        n0, n1 = sizes[layer - 1], sizes[layer]
        params[f"W{layer}"] = rng.normal(size=(n1, n0)) * np.sqrt(2 / n0)
        params[f"b{layer}"] = np.zeros((n1, 1))

    def forward(X, training):
        A, masks = [X], []
        for layer in (1, 2):
            hidden = np.maximum(params[f"W{layer}"] @ A[-1] + params[f"b{layer}"], 0)
            if drop is not None:
                hidden, mask = drop(hidden, rng, training)
                masks.append(mask)
            A.append(hidden)
        return A, masks, params["W3"] @ A[-1] + params["b3"]

    def gradients(batch):
        A, masks, Z = forward(X[:, batch], True)
        E = np.exp(Z - Z.max(axis=0))
        dZ, grads = (E / E.sum(axis=0) - Y[:, batch]) / len(batch), {}
        for layer in (3, 2, 1):
            W = params[f"W{layer}"]
            grads[f"W{layer}"] = dZ @ A[layer - 1].T + (0 if decay is None else decay(W.copy()))
            grads[f"b{layer}"] = dZ.sum(axis=1, keepdims=True)
            if layer > 1:
                dA = W.T @ dZ
                dA = dA if back is None else back(dA, masks[layer - 2])
                dZ = dA * (A[layer - 1] > 0)
        return grads

    v, s, t = {name: 0.0 for name in params}, {name: 0.0 for name in params}, 0
    for _ in range(50):
        for batch in np.split(rng.permutation(m), m // 25):
            t += 1
            for name, dw in gradients(batch).items():
                v[name] = 0.9 * v[name] + 0.1 * dw
                s[name] = 0.999 * s[name] + 0.001 * dw**2
                rate = 0.002 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                params[name] = params[name] - rate * v[name] / (np.sqrt(s[name]) + 1e-8)
    return {
        "predictions": forward(X_new, False)[2].argmax(axis=0),
        "train_predictions": forward(X, False)[2].argmax(axis=0),
    }


Params = dict[str, Any]


def layers(rng: np.random.Generator, sizes: tuple[int, ...], biases: bool) -> Params:
    """Parameters of a network; biases are 0, or larger than any weight."""
    params = {}
    for layer, (n0, n1) in enumerate(pairwise(sizes), 1):
        params[f"W{layer}"] = rng.normal(size=(n1, n0))
        params[f"b{layer}"] = rng.uniform(3, 4, (n1, 1)) * biases
    return params


def penalties(sizes: tuple[tuple[int, ...], ...], biases: bool) -> Callable[..., Any]:
    """Cases for networks of the given sizes."""

    def cases(rng: np.random.Generator) -> Iterator[Case]:
        for (lam, m), layout in zip(((0.7, 5), (3.0, 40)), sizes, strict=True):
            label = f"{len(layout) - 1} layer{'s' if len(layout) > 2 else ''}, λ = {lam}, m = {m}"
            yield Case({"params": layers(rng, layout, biases), "lam": lam, "m": m}, label)

    return cases


one_layer = penalties(((3, 4), (6, 2)), biases=False)
more_layers = penalties(((3, 4, 2), (5, 2, 6, 3)), biases=False)
with_biases = penalties(((3, 4), (5, 2, 3)), biases=True)


def weights(rng: np.random.Generator) -> Iterator[Case]:
    """One weight matrix each, no entry near 0."""
    for (lam, m), shape in zip(((0.7, 5), (3.0, 40)), ((4, 3), (2, 6)), strict=True):
        W = rng.uniform(0.2, 2, shape) * rng.choice([-1.0, 1.0], shape)
        yield Case({"W": W, "lam": lam, "m": m}, f"λ = {lam}, m = {m}")


def growing(cases: Callable[..., Any]) -> Callable[..., Any]:
    """The cases, each with a factor for λ and one for m, which stays a whole number."""

    def drawn(rng: np.random.Generator) -> Iterator[Case]:
        for case in cases(rng):
            factors = {"factor": float(rng.uniform(1.5, 4)), "times": int(rng.integers(2, 6))}
            yield Case(case.inputs | factors, case.label)

    return drawn


WINDOW = "top, left = max_px - down, max_px - right"
