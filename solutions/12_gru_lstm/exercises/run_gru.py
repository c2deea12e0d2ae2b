"""Unit 12, `run_gru`."""

from __future__ import annotations

import numpy as np

from autograder import Exercise, close, equal_sides, exact, float64, probes

from .cases import (
    BACKWARDS,
    CAUSAL,
    GRU,
    GRU_START,
    GRU_STEP,
    IGNORES_START,
    LAST_ONLY,
    LAST_SLOT,
    LOST,
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

exercise = Exercise("run_gru", points=2.5, uses=("gru_cell",), forbids=READY_MADE)


@exercise.check(points=0.5, cases=started(GRU), judge=exact(secret=False))
def run_gru_form(program, X, h0, p):
    """`run_gru` returns one tensor with a state for every example and step"""
    H = program.run_gru(*probes.to_tensors([X, h0, p]))
    return {"shape": str(np.shape(probes.to_arrays(H))), "it is a tensor": bool(ops.is_tensor(H))}


@exercise.check(points=0.5, cases=started(GRU), judge=close(float64))
def run_gru_states(program, X, h0, p):
    """Every state follows from the one before, the first from `h0`"""
    return {"H": program.run_gru(*probes.to_tensors([X, h0, p]))}


@exercise.check(points=0.5, cases=continued(GRU), judge=equal_sides(CAUSAL))
def run_gru_causal(program, X, other, h0, p):
    """States don't depend on later inputs"""
    X, other, h0, p = probes.to_tensors([X, other, h0, p])
    left, right = (probes.to_arrays(program.run_gru(each, h0, p)) for each in (X, other))
    return {"left": {"H[:, :2]": left[:, :2]}, "right": {"H[:, :2]": right[:, :2]}}


@exercise.check(points=0.5, cases=unstarted(GRU), judge=close(float64))
def run_gru_alone(program, X, h0, p):
    """From a start at zero, every example goes its own way, in a batch and alone"""
    X, h0, p = probes.to_tensors([X, h0, p])
    return {
        "H": program.run_gru(X, h0, p),
        "H of the second example alone": program.run_gru(X[1:2], h0[1:2], p),
    }


@exercise.check(points=0.5, cases=traced(GRU), judge=close(float64))
def run_gru_gradients(program, X, h0, p, cotangent):
    """Gradients come back through time, to `X`, `h0` and every weight"""
    names = sorted(p)

    def run(X, h0, *values):
        return program.run_gru(X, h0, dict(zip(names, values, strict=True)))

    values = [p[name] for name in names]
    found = probes.vjp(run, X, h0, *values, cotangent=cotangent)
    return {
        f"gradient of {name}": gradient
        for name, gradient in zip(["X", "h0", *names], found, strict=True)
    }


exercise.variant("RN1", IGNORES_START, {GRU_START: "h, states = ops.zeros_like(h0), []"})
exercise.variant(
    "RN2",
    LAST_SLOT,
    {
        GRU_START: "h, states = h0, [ops.zeros_like(h0)] * X.shape[1]",
        GRU_STEP: "states[t] = gru_cell(X[:, t], states[t - 1], p)",
        f"        {NOTED}\n": "",
    },
    same_as=("RN1",),
)
exercise.variant("RN3a", SAME_INPUT, {"X[:, t]": "X[:, 0]"})
exercise.variant("RN3b", SAME_STATE, {GRU_STEP: "h = gru_cell(X[:, t], h0, p)"})
exercise.variant("RN3c", RESHAPED, {"X[:, t]": RESHAPE})
exercise.variant("RN5", LOST, {NOTED: "states.append(ops.convert_to_numpy(h))"})
exercise.variant("RN6", BACKWARDS, {"range(X.shape[1])": "reversed(range(X.shape[1]))"})
exercise.variant("RN7", LAST_ONLY, {STACK: "return h"})
exercise.variant("RN8", TIME_FIRST, {STACK: "return ops.stack(states)"})
exercise.variant(
    "RN9",
    TOO_EARLY,
    {f"{GRU_STEP}\n        {NOTED}": f"{NOTED}\n        {GRU_STEP}"},
)


exercise.symptom(
    "no_gradient",
    "On the way through time the gradient is lost: NumPy and `.numpy()` hand on numbers "
    "without it.",
)(no_gradient)


@exercise.equivalent("keras.ops.scan")
def run_gru_scan(X, h0, p):
    def step(h, x):
        h = gru_cell(x, h, p)
        return h, h

    _, H = ops.scan(step, h0, ops.transpose(X, (1, 0, 2)))
    return ops.transpose(H, (1, 0, 2))


@exercise.equivalent("grown by concatenation")
def run_gru_joined(X, h0, p):
    H = h0[:, None]
    for x in ops.unstack(X, axis=1):
        H = ops.concatenate([H, ops.expand_dims(gru_cell(x, H[:, -1], p), 1)], axis=1)
    return H[:, 1:]


@exercise.equivalent("without the cell, inputs multiplied at once")
def run_gru_inlined(X, h0, p):
    U, states = h0.shape[1], [h0]
    from_x = {name: X @ p["W_" + name][U:] + p["b_" + name] for name in "rzh"}
    for t in range(X.shape[1]):
        h = states[-1]
        r, z = (ops.sigmoid(h @ p["W_" + name][:U] + from_x[name][:, t]) for name in "rz")
        h_tilde = ops.tanh((r * h) @ p["W_h"][:U] + from_x["h"][:, t])
        states.append(h + z * (h_tilde - h))
    return ops.stack(states[1:], 1)
