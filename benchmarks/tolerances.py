"""Measures the margins of the value judge: worst correct form, weakest wrong variant.

Each operation has a reference, other correct forms of it, and known mistakes.  All are judged by
`judges.Close` as grading does it: against the reference in float64, with the sensitivity of its
output to one-eps moves of its inputs.  A deviation of 64 units passes; the certificate asks
for at most 21 of every correct form and at least 640 of every mistake on some case.  Beside it
stand two rules that are often used, with the share of correct runs that they fail and of mistakes
that they pass on every case.

    python benchmarks/tolerances.py [--seeds 100]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.judging.comparison import PASS, Wanted
from autograder.judging.judge import CORRECT_FORM, WRONG_VARIANT
from autograder.judging.judges import Close

PERTURBATIONS = 6
EPS = {"float64": 2.0**-52, "float32": 2.0**-23}
RULES = {"1e-5/1e-8": (1e-5, 1e-8), "1e-6/1e-6": (1e-6, 1e-6)}

Inputs = dict[str, Any]
Form = Callable[..., dict[str, Any]]


@dataclass
class Operation:
    """An operation: its inputs, its correct forms (the first is the reference), its mistakes."""

    name: str
    draw: Callable[[np.random.Generator], Iterator[Inputs]]
    forms: dict[str, Form] = field(default_factory=dict)
    mistakes: dict[str, Form] = field(default_factory=dict)

    def form(self, function: Form) -> Form:
        """Registers the decorated function as a correct form."""
        self.forms[function.__name__] = function
        return function

    def mistake(self, name: str, function: Form) -> None:
        self.mistakes[name] = function


def cast(inputs: Inputs, dtype: str) -> Inputs:
    """Measured numbers in another precision; integers and settings as they are."""
    return {
        name: value.astype(dtype)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        else value
        for name, value in inputs.items()
    }


def sensitivity(reference: Form, inputs: Inputs, dtype: str, rng: np.random.Generator) -> Any:
    """How far each output moves, in eps, when the inputs move by one eps."""
    plain = reference(**inputs)
    moved = dict.fromkeys(plain, 0.0)
    for _ in range(PERTURBATIONS):
        other = reference(
            **{
                name: value * (1 + EPS[dtype] * rng.choice([-1.0, 1.0], size=value.shape))
                if isinstance(value, np.ndarray) and value.dtype.kind == "f"
                else value
                for name, value in inputs.items()
            }
        )
        for name in plain:
            gap = float(np.max(np.abs(other[name] - plain[name]), initial=0.0))
            moved[name] = max(moved[name], gap / EPS[dtype])
    return moved


def allclose(got: dict[str, Any], want: dict[str, Any], rtol: float, atol: float) -> bool:
    """What a notebook's own `np.allclose` says; shapes are left to broadcasting, as there."""
    return all(np.allclose(got[name], want[name], rtol=rtol, atol=atol) for name in want)


@dataclass
class Measured:
    """Deviations by form and mistake (of a mistake, over the cases of a seed the largest)."""

    correct: dict[str, list[float]]
    wrong: dict[str, list[float]]
    rule_fails: dict[str, list[bool]]
    rule_misses: dict[str, list[bool]]


def measure(operation: Operation, dtype: str, seeds: int) -> Measured:
    found = Measured(
        {name: [] for name in operation.forms},
        {name: [] for name in operation.mistakes},
        {rule: [] for rule in RULES},
        {rule: [] for rule in RULES},
    )
    reference = next(iter(operation.forms.values()))
    judge = Close(dtype)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        cases = []
        for inputs in operation.draw(rng):
            given = cast(inputs, dtype)
            wide = cast(given, "float64")
            want = reference(**wide)
            cases.append((given, want, Wanted(want, sensitivity(reference, wide, dtype, rng))))
        for name, form in operation.forms.items():
            for given, want, wanted in cases:
                got = form(**given)
                found.correct[name].append(judge(got, wanted).deviation)
                for rule, (rtol, atol) in RULES.items():
                    found.rule_fails[rule].append(not allclose(got, want, rtol, atol))
        for name, form in operation.mistakes.items():
            gots = [(form(**given), want, wanted) for given, want, wanted in cases]
            found.wrong[name].append(max(judge(got, wanted).deviation for got, _, wanted in gots))
            for rule, (rtol, atol) in RULES.items():
                found.rule_misses[rule].append(
                    all(allclose(got, want, rtol, atol) for got, want, _ in gots)
                )
    return found


# Sizes all differ, biases are not zero, scales are spread out.


def dense_inputs(rng: np.random.Generator) -> Iterator[Inputs]:
    for n, d, h in [(7, 5, 3), (13, 257, 11)]:
        yield {
            "X": rng.normal(size=(n, d)),
            "W": rng.normal(size=(d, h)),
            "b": rng.normal(size=h),
        }


dense = Operation("dense forward", dense_inputs)


@dense.form
def matmul(X: Any, W: Any, b: Any) -> dict[str, Any]:
    return {"Z": X @ W + b}


@dense.form
def einsum(X: Any, W: Any, b: Any) -> dict[str, Any]:
    return {"Z": np.einsum("nd,dh->nh", X, W) + b}


@dense.form
def loop_over_features_bias_first(X: Any, W: Any, b: Any) -> dict[str, Any]:
    Z = np.zeros((X.shape[0], W.shape[1]), X.dtype) + b
    for j in range(X.shape[1]):
        Z = Z + X[:, j : j + 1] * W[j]
    return {"Z": Z}


@dense.form
def bias_as_a_row_of_ones(X: Any, W: Any, b: Any) -> dict[str, Any]:
    ones = np.ones((X.shape[0], 1), X.dtype)
    return {"Z": np.hstack([X, ones]) @ np.vstack([W, b])}


dense.mistake("no bias", lambda X, W, b: {"Z": X @ W})
dense.mistake("bias twice", lambda X, W, b: {"Z": X @ W + 2 * b})
dense.mistake("first feature dropped", lambda X, W, b: {"Z": X[:, 1:] @ W[1:] + b})
dense.mistake("bias rolled", lambda X, W, b: {"Z": X @ W + np.roll(b, 1)})


def cross_entropy_inputs(rng: np.random.Generator) -> Iterator[Inputs]:
    for m, k, spread in [(7, 5, 1.0), (63, 11, 8.0)]:
        yield {"Z": rng.normal(size=(m, k)) * spread, "y": rng.integers(0, k, m)}


cross_entropy = Operation("softmax cross-entropy", cross_entropy_inputs)


@cross_entropy.form
def log_sum_exp(Z: Any, y: Any) -> dict[str, Any]:
    top = Z.max(1, keepdims=True)
    logs = Z - top - np.log(np.exp(Z - top).sum(1, keepdims=True))
    return {"loss": -logs[np.arange(len(y)), y].mean()}


@cross_entropy.form
def probabilities_then_log(Z: Any, y: Any) -> dict[str, Any]:
    P = np.exp(Z - Z.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    return {"loss": -np.log(P[np.arange(len(y)), y]).mean()}


@cross_entropy.form
def one_hot(Z: Any, y: Any) -> dict[str, Any]:
    Y = np.eye(Z.shape[1], dtype=Z.dtype)[y]
    return {"loss": np.mean(np.log(np.exp(Z).sum(1)) - (Y * Z).sum(1))}


@cross_entropy.form
def sum_in_a_loop(Z: Any, y: Any) -> dict[str, Any]:
    total = Z.dtype.type(0)
    for row, label in zip(Z, y, strict=True):
        top = row.max()
        total = total + (top + np.log(np.exp(row - top).sum()) - row[label])
    return {"loss": total / Z.dtype.type(len(y))}


def cross_entropy_with(eps: float = 0.0, less: int = 0, factor: float = 1.0) -> Form:
    def form(Z: Any, y: Any) -> dict[str, Any]:
        P = np.exp(Z - Z.max(1, keepdims=True))
        P /= P.sum(1, keepdims=True)
        logs = np.log(P[np.arange(len(y)), y] + Z.dtype.type(eps))
        return {"loss": -(logs.sum() * Z.dtype.type(factor)) / Z.dtype.type(len(y) - less)}

    return form


cross_entropy.mistake("1e-3 inside the log", cross_entropy_with(eps=1e-3))
cross_entropy.mistake("m - 1 for m", cross_entropy_with(less=1))
cross_entropy.mistake("logarithm to base 2", cross_entropy_with(factor=1 / np.log(2)))


def mlp_inputs(rng: np.random.Generator) -> Iterator[Inputs]:
    for n0, n1, n2, m in [(3, 4, 2, 5), (11, 17, 3, 63)]:
        yield {
            "X": rng.normal(size=(n0, m)),
            "Y": rng.integers(0, 2, (n2, m)),
            "W1": rng.normal(size=(n1, n0)) / 2,
            "b1": rng.normal(size=(n1, 1)),
            "W2": rng.normal(size=(n2, n1)) / 2,
            "b2": rng.normal(size=(n2, 1)),
        }


mlp = Operation("MLP backward", mlp_inputs)


def mlp_backward(
    slope: Callable[[Any, Any], Any] = lambda Z, A: 1 - A**2,
    bias: Callable[[Any], Any] = lambda dZ: dZ.mean(1, keepdims=True),
    less: int = 0,
    sigmoid: Callable[[Any], Any] = lambda Z: 1 / (1 + np.exp(-Z)),
) -> Form:
    def form(X: Any, Y: Any, W1: Any, b1: Any, W2: Any, b2: Any) -> dict[str, Any]:
        m = X.shape[1] - less
        Z1 = W1 @ X + b1
        A1 = np.tanh(Z1)
        dZ2 = sigmoid(W2 @ A1 + b2) - Y.astype(X.dtype)
        dZ1 = (W2.T @ dZ2) * slope(Z1, A1)
        return {"dW1": dZ1 @ X.T / m, "db1": bias(dZ1), "dW2": dZ2 @ A1.T / m, "db2": bias(dZ2)}

    return form


mlp.forms["matrices"] = mlp_backward()
mlp.forms["sigmoid by tanh, slope by cosh"] = mlp_backward(
    slope=lambda Z, A: 1 / np.cosh(Z) ** 2, sigmoid=lambda Z: (1 + np.tanh(Z / 2)) / 2
)
mlp.forms["bias by a product with ones"] = mlp_backward(
    bias=lambda dZ: dZ @ np.full((dZ.shape[1], 1), 1 / dZ.shape[1], dZ.dtype)
)


@mlp.form
def one_example_at_a_time(X: Any, Y: Any, **params: Any) -> dict[str, Any]:
    one = mlp_backward()
    total: dict[str, Any] = {}
    for i in range(X.shape[1]):
        for name, value in one(X[:, i : i + 1], Y[:, i : i + 1], **params).items():
            total[name] = total.get(name, np.zeros_like(value)) + value
    return {name: value / X.dtype.type(X.shape[1]) for name, value in total.items()}


mlp.mistake("slope of tanh at Z", mlp_backward(slope=lambda Z, A: 1 - np.tanh(A) ** 2))
mlp.mistake("slope forgotten", mlp_backward(slope=lambda Z, A: np.ones_like(A)))
mlp.mistake("bias summed", mlp_backward(bias=lambda dZ: dZ.sum(1, keepdims=True)))
mlp.mistake("m - 1 for m", mlp_backward(less=1))


def adam_inputs(rng: np.random.Generator) -> Iterator[Inputs]:
    yield {"w": rng.normal(size=13), "g": rng.normal(size=(5, 13))}
    # Gradients from far below epsilon to far above it show where epsilon stands.
    yield {"w": rng.normal(size=13), "g": rng.normal(size=(5, 13)) * np.geomspace(1e-9, 1, 13)}


adam = Operation("Adam, 5 steps", adam_inputs)


def adam_with(
    eps: float = 1e-8, inside: bool = False, correct: bool = True, first: int = 1, hat: bool = False
) -> Form:
    def form(w: Any, g: Any) -> dict[str, Any]:
        number = w.dtype.type
        m, v, rate = np.zeros_like(w), np.zeros_like(w), number(0.01)
        for t, gradient in enumerate(g, first):
            m = number(0.9) * m + number(0.1) * gradient
            v = number(0.999) * v + number(0.001) * gradient**2
            # The powers are Python's, as in the notes.
            c1, c2 = (1 - 0.9**t, 1 - 0.999**t) if correct else (1.0, 1.0)
            if hat:
                step = number(0.01 * c2**0.5 / c1)
                w = w - step * m / (np.sqrt(v) + number(eps * c2**0.5))
                continue
            v_hat = v / number(c2)
            root = np.sqrt(v_hat + number(eps)) if inside else np.sqrt(v_hat) + number(eps)
            w = w - rate * (m / number(c1)) / root
        return {"w": w, "m": m, "v": v}

    return form


adam.forms["as in the paper"] = adam_with()
adam.forms["correction in the step"] = adam_with(hat=True)


@adam.form
def one_number_at_a_time(w: Any, g: Any) -> dict[str, Any]:
    parts = [adam_with()(w[i : i + 1], g[:, i : i + 1]) for i in range(len(w))]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


adam.mistake("no bias correction", adam_with(correct=False))
adam.mistake("t one too large", adam_with(first=2))
adam.mistake("epsilon inside the root", adam_with(inside=True))
adam.mistake("epsilon 1e-7", adam_with(eps=1e-7))
adam.mistake("no epsilon", adam_with(eps=0.0))


def batch_norm_inputs(rng: np.random.Generator) -> Iterator[Inputs]:
    for m, d in [(7, 5), (63, 11)]:
        yield {
            # Far from zero compared with its spread, a feature would be ill-conditioned itself.
            "X": (rng.normal(size=(m, d)) + rng.normal(size=d)) * np.geomspace(1e-3, 10, d),
            "gamma": rng.normal(size=d),
            "beta": rng.normal(size=d),
        }


batch_norm = Operation("batch-norm forward", batch_norm_inputs)


def batch_norm_with(
    variance: Callable[[Any, Any], Any] = lambda X, mean: ((X - mean) ** 2).mean(0),
    scale: Callable[[Any], Any] = lambda v: np.sqrt(v + v.dtype.type(1e-5)),
    swapped: bool = False,
) -> Form:
    def form(X: Any, gamma: Any, beta: Any) -> dict[str, Any]:
        mean = X.mean(0)
        normal = (X - mean) / scale(variance(X, mean))
        return {"Y": normal * beta + gamma if swapped else normal * gamma + beta}

    return form


batch_norm.forms["two passes"] = batch_norm_with()
batch_norm.forms["np.var"] = batch_norm_with(variance=lambda X, mean: X.var(0))
batch_norm.forms["reciprocal power"] = batch_norm_with(
    scale=lambda v: 1 / (v + v.dtype.type(1e-5)) ** v.dtype.type(-0.5)
)


@batch_norm.form
def scale_and_shift_folded(X: Any, gamma: Any, beta: Any) -> dict[str, Any]:
    slope = gamma / np.sqrt(X.var(0) + X.dtype.type(1e-5))
    return {"Y": X * slope + (beta - X.mean(0) * slope)}


batch_norm.mistake("unbiased variance", batch_norm_with(variance=lambda X, mean: X.var(0, ddof=1)))
batch_norm.mistake(
    "epsilon outside the root", batch_norm_with(scale=lambda v: np.sqrt(v) + v.dtype.type(1e-5))
)
batch_norm.mistake("no epsilon", batch_norm_with(scale=np.sqrt))
batch_norm.mistake("gamma and beta swapped", batch_norm_with(swapped=True))


def lstm_inputs(rng: np.random.Generator) -> Iterator[Inputs]:
    for n, d, h in [(5, 3, 4), (13, 17, 11)]:
        yield {
            "x": rng.normal(size=(n, d)),
            "h": rng.normal(size=(n, h)),
            "c": rng.normal(size=(n, h)),
            "W": rng.normal(size=(d + h, 4 * h)) / 2,
            "b": rng.normal(size=4 * h),
        }


lstm = Operation("LSTM step", lstm_inputs)


def logistic(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def lstm_with(
    gate: Callable[[Any], Any] = logistic,
    order: tuple[int, ...] = (0, 1, 2, 3),
    out: Callable[[Any], Any] = np.tanh,
) -> Form:
    def form(x: Any, h: Any, c: Any, W: Any, b: Any) -> dict[str, Any]:
        parts = np.split(np.hstack([x, h]) @ W + b, 4, axis=1)
        i, f, g, o = (parts[k] for k in order)
        c = gate(f) * c + gate(i) * np.tanh(g)
        return {"h": gate(o) * out(c), "c": c}

    return form


lstm.forms["one product"] = lstm_with()
lstm.forms["gates by tanh"] = lstm_with(gate=lambda z: (1 + np.tanh(z / 2)) / 2)


@lstm.form
def eight_products(x: Any, h: Any, c: Any, W: Any, b: Any) -> dict[str, Any]:
    d, size = x.shape[1], h.shape[1]
    columns = [slice(k * size, (k + 1) * size) for k in range(4)]
    i, f, g, o = (x @ W[:d, k] + h @ W[d:, k] + b[k] for k in columns)
    c = logistic(f) * c + logistic(i) * np.tanh(g)
    return {"h": logistic(o) * np.tanh(c), "c": c}


lstm.mistake("no tanh of c", lstm_with(out=lambda c: c))
lstm.mistake("input and forget gate swapped", lstm_with(order=(1, 0, 2, 3)))
lstm.mistake("hard sigmoid", lstm_with(gate=lambda z: np.clip(z / 6 + 0.5, 0, 1).astype(z.dtype)))

OPERATIONS = [dense, cross_entropy, mlp, adam, batch_norm, lstm]


def percent(flags: list[bool]) -> str:
    return f"{100 * np.mean(flags):.1f}%"


def report(dtype: str, seeds: int) -> bool:
    """Prints the table of one precision; whether every certificate holds."""
    limits = f"{CORRECT_FORM:g}, {PASS:g}, {WRONG_VARIANT:g}"
    print(f"\n{dtype}: worst correct form and weakest mistake in units (limits {limits});")
    print("for np.allclose: correct runs that fail, mistakes that pass on every case")
    rules = "".join(f"{rule:>15}" for rule in RULES)
    print(f"{'':22}{'worst form':>8}{'':32}{'weakest mistake':>17}{'':24}{rules}")
    held = True
    for operation in OPERATIONS:
        found = measure(operation, dtype, seeds)
        form = max(found.correct, key=lambda name: max(found.correct[name]))
        mistake = min(found.wrong, key=lambda name: min(found.wrong[name]))
        worst, weakest = max(found.correct[form]), min(found.wrong[mistake])
        shares = "".join(
            f"{percent(found.rule_fails[rule]):>9}{percent(found.rule_misses[rule]):>6}"
            for rule in RULES
        )
        within = worst <= CORRECT_FORM and weakest >= WRONG_VARIANT
        held = held and within
        print(
            f"{operation.name:22}{worst:>8.2g}  {form:34.34}{weakest:>8.2g}  {mistake:29.29}"
            f"{shares}{'' if within else '  <- outside'}"
        )
    return held


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=100)
    options = parser.parse_args()
    with np.errstate(all="ignore"):
        held = [report(dtype, options.seeds) for dtype in EPS]
    print(f"\nThe certificate {'holds' if all(held) else 'DOES NOT HOLD'} for every operation.")


if __name__ == "__main__":
    main()
