"""What was computed in float32, and what only looks like it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograder.guest.float32 import has_single, in_single

NUMBERS = np.random.default_rng(3).normal(size=(4, 5))


@pytest.mark.parametrize(
    "tree",
    [
        NUMBERS.astype("float32"),
        np.float32(0.1),
        float(np.float32(0.1)),
        NUMBERS.astype("float32").astype("float64"),
        {"a": [1, "b", (None, np.float32(2))]},
        [0.5, NUMBERS, float(np.float32(1e-20 / 3))],
        np.array([np.inf, 0.5, np.float32(0.1)]),
    ],
)
def test_float32_leaves_a_trace(tree: Any) -> None:
    assert has_single(tree)


@pytest.mark.parametrize(
    "tree",
    [
        NUMBERS,
        0.1,
        1e300,
        math.nan,
        np.float64(1) / 3,
        [],
        "float32",
        np.arange(5),
        np.array([]),
        [1.0, 0.25, 70_001.0, -0.0, math.inf],  # as exact in one as in the other
        np.arange(256) / 256,
        np.array([np.float32(0.1), 0.1]),
        NUMBERS.astype("float16"),
        True,
    ],
)
def test_float64_and_what_is_exact_is_not_taken_for_it(tree: Any) -> None:
    assert not has_single(tree)


def test_nearly_every_number_of_float32_is_known() -> None:
    singles = np.random.default_rng(4).normal(size=20_000).astype("float32").astype("float64")
    assert np.mean([has_single(float(one)) for one in singles]) > 0.99


def test_floats_alone_are_rounded() -> None:
    tree: Any = {"a": [0.1, True, 7, "b", None], "b": NUMBERS, "c": np.arange(3), "d": 1e300}
    single = in_single(tree)
    assert single["a"][0] == np.float32(0.1) and single["a"][1:] == tree["a"][1:]
    assert np.array_equal(single["b"], NUMBERS.astype("float32"))
    assert single["c"].dtype == np.arange(3).dtype
    assert single["d"] == np.inf
