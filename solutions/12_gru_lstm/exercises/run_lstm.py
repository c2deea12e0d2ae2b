"""Unit 12, `run_lstm`."""

from __future__ import annotations

import numpy as np

from autograder import Exercise, close, equal_sides, exact, float64, probes

from .cases import (
    BACKWARDS,
    CAUSAL,
    IGNORES_START,
    LAST_ONLY,
    LAST_SLOT,
    LOST,
    LSTM,
    LSTM_START,
    LSTM_STEP,
    NOTED,
    READY_MADE,
    RESHAPE,
    RESHAPED,
    SAME_INPUT,
    SAME_STATE,
    STACK,
    TIME_FIRST,
    TOO_EARLY,
    continued,
    no_gradient,
    started,
    traced,
    unstarted,
)

exercise = Exercise("run_lstm", points=2.5, uses=("lstm_cell",), forbids=READY_MADE)


@exercise.check(points=0.5, cases=started(LSTM), judge=exact(secret=False))
def run_lstm_form(program, X, h0, c0, p):
    """`run_lstm` returns one tensor with a hidden state for every example and step"""
    H = program.run_lstm(*probes.to_tensors([X, h0, c0, p]))
    return {"shape": str(np.shape(probes.to_arrays(H))), "it is a tensor": bool(ops.is_tensor(H))}


@exercise.check(points=0.5, cases=started(LSTM), judge=close(float64))
def run_lstm_states(program, X, h0, c0, p):
    """Hidden state and memory follow from those before, the first from `h0` and `c0`"""
    return {"H": program.run_lstm(*probes.to_tensors([X, h0, c0, p]))}


@exercise.check(points=0.5, cases=continued(LSTM), judge=equal_sides(CAUSAL))
def run_lstm_causal(program, X, other, h0, c0, p):
    """Hidden states don't depend on later inputs"""
    X, other, h0, c0, p = probes.to_tensors([X, other, h0, c0, p])
    left, right = (probes.to_arrays(program.run_lstm(each, h0, c0, p)) for each in (X, other))
    return {"left": {"H[:, :2]": left[:, :2]}, "right": {"H[:, :2]": right[:, :2]}}


@exercise.check(points=0.5, cases=unstarted(LSTM), judge=close(float64))
def run_lstm_alone(program, X, h0, c0, p):
    """From a start at zero, every example goes its own way, in a batch and alone"""
    X, h0, c0, p = probes.to_tensors([X, h0, c0, p])
    return {
        "H": program.run_lstm(X, h0, c0, p),
        "H of the second example alone": program.run_lstm(X[1:2], h0[1:2], c0[1:2], p),
    }


@exercise.check(points=0.5, cases=traced(LSTM), judge=close(float64))
def run_lstm_gradients(program, X, h0, c0, p, cotangent):
    """Gradients come back through time, to `X`, `h0`, `c0` and every weight"""
    names = sorted(p)

    def run(X, h0, c0, *values):
        return program.run_lstm(X, h0, c0, dict(zip(names, values, strict=True)))

    values = [p[name] for name in names]
    found = probes.vjp(run, X, h0, c0, *values, cotangent=cotangent)
    return {
        f"gradient of {name}": gradient
        for name, gradient in zip(["X", "h0", "c0", *names], found, strict=True)
    }


exercise.variant(
    "RN1",
    IGNORES_START,
    {LSTM_START: "h, c, states = ops.zeros_like(h0), ops.zeros_like(c0), []"},
)
exercise.variant(
    "RN2",
    LAST_SLOT,
    {
        LSTM_START: "c = ops.zeros_like(c0)\n"
        "    states, memories = [ops.zeros_like(h0)] * X.shape[1], [c] * X.shape[1]",
        LSTM_STEP: "states[t], memories[t] = lstm_cell(X[:, t], states[t - 1], memories[t - 1], p)",
        f"        {NOTED}\n": "",
    },
    same_as=("RN1",),
)
exercise.variant("RN3a", SAME_INPUT, {"X[:, t]": "X[:, 0]"})
exercise.variant("RN3b", SAME_STATE, {LSTM_STEP: "h, c = lstm_cell(X[:, t], h0, c0, p)"})
exercise.variant("RN3c", RESHAPED, {"X[:, t]": RESHAPE})
NOT_CARRIED = (
    "The memory c is not carried on: every step begins with the one handed in. Keep both results "
    "of the cell for the next step."
)
exercise.variant("RN4", NOT_CARRIED, {LSTM_STEP: "h, _ = lstm_cell(X[:, t], h, c, p)"})
exercise.variant("RN5", LOST, {NOTED: "states.append(ops.convert_to_numpy(h))"})
exercise.variant("RN6", BACKWARDS, {"range(X.shape[1])": "reversed(range(X.shape[1]))"})
exercise.variant("RN7", LAST_ONLY, {STACK: "return h"})
exercise.variant("RN8", TIME_FIRST, {STACK: "return ops.stack(states)"})
exercise.variant(
    "RN9",
    TOO_EARLY,
    {f"{LSTM_STEP}\n        {NOTED}": f"{NOTED}\n        {LSTM_STEP}"},
)
exercise.variant(
    "RN10",
    "You collect the memory c. What a layer above gets to see is the hidden state h.",
    {NOTED: "states.append(c)"},
)
exercise.variant(
    "RN11",
    "The memory begins as zeros, though the hidden state begins as it should. Both are handed in.",
    {LSTM_START: "h, c, states = h0, ops.zeros_like(c0), []"},
)


exercise.symptom(
    "no_gradient",
    "On the way through time the gradient is lost: NumPy and `.numpy()` hand on numbers "
    "without it.",
)(no_gradient)


@exercise.equivalent("keras.ops.scan")
def run_lstm_scan(X, h0, c0, p):
    def step(carry, x):  # on TensorFlow, what is collected must be structured like the carry
        carry = list(lstm_cell(x, *carry, p))
        return carry, carry

    _, (H, _) = ops.scan(step, [h0, c0], ops.swapaxes(X, 0, 1))
    return ops.swapaxes(H, 0, 1)


@exercise.equivalent("recursive")
def run_lstm_recursive(X, h0, c0, p):
    h, c = lstm_cell(X[:, 0], h0, c0, p)
    if X.shape[1] == 1:
        return h[:, None]
    return ops.concatenate([h[:, None], run_lstm(X[:, 1:], h, c, p)], axis=1)
