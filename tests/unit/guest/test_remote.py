"""Borrowed functions, lender and borrower in one process with the codec in between.

That a submission borrows through the sandbox is in test_grading.py, on NumPy, and in the tests of
units whose functions take tensors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograder.guest.remote import answered, borrowed, refusal
from autograder.wire.codec import pack, unpack

rng = np.random.default_rng(0)
X, W, G = rng.normal(size=(2, 3)), rng.normal(size=(3, 4)), rng.normal(size=(2, 4))


def lent(function: Callable[..., Any], asked: list[Any] | None = None) -> Callable[..., Any]:
    """`function` as a borrower has it."""

    def ask(trial: dict[str, Any]) -> Any:
        trial = unpack(pack(trial))
        if asked is not None:
            asked.append(trial)
        return unpack(pack(answered(function, **{k: v for k, v in trial.items() if k != "ask"})))

    return borrowed(function.__name__, ask)


def test_plain_values_cross_as_they_are() -> None:
    def scaled(x: Any, by: float = 1.0) -> Any:
        return {"scaled": by * x, "by": by}

    asked: list[Any] = []
    result = lent(scaled, asked)(X, by=3.0)
    np.testing.assert_array_equal(result["scaled"], 3 * X)
    assert result["by"] == 3.0
    assert "tensors" not in asked[0]
    assert lent(scaled).__name__ == "scaled"


@pytest.mark.slow
class TestTensors:
    """TensorFlow is imported once for all of them."""

    @staticmethod
    def layer(x: Any, p: dict[str, Any], scale: float = 1.0) -> Any:
        import keras

        return scale * keras.ops.tanh(keras.ops.matmul(x, p["W"])), keras.ops.sum(x)

    def test_tensors_come_back_as_tensors(self) -> None:
        import keras

        x = keras.ops.convert_to_tensor(X)
        own, total = self.layer(x, {"W": W}, scale=2.0)
        theirs, their_total = lent(self.layer)(x, {"W": W}, scale=2.0)
        assert keras.ops.is_tensor(theirs) and keras.ops.is_tensor(their_total)
        np.testing.assert_array_equal(theirs, own)
        assert float(their_total) == float(total)

    def test_gradients_pass_through(self) -> None:
        from autograder.guest import probes

        def loss_of(layer: Callable[..., Any]) -> Callable[..., Any]:
            # Once through it, once past it, and through it twice in a row.
            def loss(x: Any, w: Any, v: Any) -> Any:
                h = layer(x, {"W": w})[0]
                return layer(h, {"W": v}, scale=3.0)[0] + h

            return loss

        V = rng.normal(size=(4, 4))
        own = probes.vjp(loss_of(self.layer), X, W, V, cotangent=G)
        theirs = probes.vjp(loss_of(lent(self.layer)), X, W, V, cotangent=G)
        for a, b in zip(theirs, own, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-13)

    def test_no_gradient_reaches_what_does_not_matter(self) -> None:
        from autograder.guest import probes

        def first(x: Any, y: Any) -> Any:
            return 2.0 * x

        assert probes.vjp(lent(first), X, X)[1] is None
        np.testing.assert_array_equal(probes.vjp(lent(first), X, X)[0], 2 * np.ones_like(X))

    def test_arrays_beside_tensors_get_no_gradient_and_disturb_none(self) -> None:
        from autograder.guest import probes

        [own] = probes.vjp(lambda x: self.layer(x, {"W": W})[0], X, cotangent=G)
        [theirs] = probes.vjp(lambda x: lent(self.layer)(x, {"W": W})[0], X, cotangent=G)
        np.testing.assert_allclose(theirs, own, rtol=1e-13)


def test_a_generator_crosses_as_a_seed_drawn_from_it() -> None:
    def noise(n: int, generator: Any, other: Any = None) -> Any:
        return generator.normal(size=n) + (0 if other is None else other.normal(size=n))

    drawn = np.random.default_rng(5)
    first, second = lent(noise)(4, drawn), lent(noise)(4, drawn)
    again = lent(noise)(4, np.random.default_rng(5))
    assert np.array_equal(first, again)  # the same state, the same results
    assert not np.array_equal(first, second)  # every call, other ones
    both = lent(noise)(4, np.random.default_rng(5), other=np.random.default_rng(6))
    assert not np.array_equal(both, first)


@pytest.mark.parametrize(
    ("kind", "raised"),
    [
        ("ValueError", ValueError),
        ("ZeroDivisionError", ZeroDivisionError),
        ("NotImplementedError", RuntimeError),  # would read as a stub
        ("MemoryError", RuntimeError),  # would be the borrower's
        ("SystemExit", RuntimeError),
        ("UnicodeDecodeError", RuntimeError),  # can't be made of a text alone
        ("print", RuntimeError),
        ("", RuntimeError),
    ],
)
def test_a_refusal_is_of_the_lenders_kind(kind: str, raised: type[Exception]) -> None:
    """A caller that waits for a ValueError gets it."""
    error = refusal(kind, "`f` does not work on these arguments: too large")
    assert type(error) is raised
    assert str(error) == "`f` does not work on these arguments: too large"
