"""Unit 01, `gd_step`."""

from __future__ import annotations

import numpy as np

from autograder import Exercise, close, exact, unchanged

from .cases import steps

exercise = Exercise("gd_step", points=2)


@exercise.check(points=1, cases=steps, judge=close("float64"))
def downhill(program, params, grads, lr):
    """`gd_step` moves every parameter against its gradient, by the learning rate times as far"""
    return program.gd_step(params, grads, lr)


@exercise.check(points=0.5, cases=steps, judge=unchanged())
def keeps_old(program, params, grads, lr):
    """`gd_step` leaves the old parameters and the gradients as they were"""
    program.gd_step(params, grads, lr)
    return {"params": params, "grads": grads}


@exercise.check(points=0.5, cases=steps, judge=exact(secret=False))
def new(program, params, grads, lr):
    """`gd_step` returns a new dict with new arrays, so that the old ones can be kept"""
    old, values = list(params.values()), [value.copy() for value in params.values()]
    stepped = program.gd_step(params, grads, lr)
    arrays = list(stepped.values()) if isinstance(stepped, dict) else []
    shared = any(np.shares_memory(array, other) for array in arrays for other in old)
    equal = [np.array_equal(array, value) for array, value in zip(arrays, values, strict=False)]
    return {
        "a new dict": isinstance(stepped, dict) and stepped is not params,
        "new arrays": bool(arrays) and not shared,
        "new values": bool(arrays) and not all(equal),
    }


@exercise.equivalent("spelled_out")
def gd_step_spelled_out(params, grads, lr):
    W1 = params["W1"] - lr * grads["dW1"]
    b1 = params["b1"] - lr * grads["db1"]
    W2 = params["W2"] - lr * grads["dW2"]
    b2 = params["b2"] - lr * grads["db2"]
    return {"W1": W1, "b1": b1, "W2": W2, "b2": b2}


@exercise.equivalent("deep_copy")
def gd_step_on_a_deep_copy(params, grads, lr):
    import copy

    params = copy.deepcopy(params)
    for name in params:
        params[name] -= lr * grads["d" + name]
    return params


@exercise.equivalent("shallow_copy")
def gd_step_on_a_shallow_copy(params, grads, lr):
    params = dict(params)
    for name in params:
        params[name] = np.add(params[name], -lr * grads["d" + name])
    return params


@exercise.variant("FB12a")
def gd_step_in_place(params, grads, lr):
    """You write into the caller's arrays: afterwards the old parameters are gone. Compute new
    arrays and put them into a new dict.
    """
    for name in params:
        params[name] -= lr * grads["d" + name]
    return params


@exercise.variant("FB12b")
def gd_step_copy_thrown_away(params, grads, lr):
    """You update a copy and return the old parameters, so nothing ever learns. Return what you have
    updated.
    """
    import copy

    updated = copy.deepcopy(params)
    for name in updated:
        updated[name] -= lr * grads["d" + name]
    return params


@exercise.variant("FB12c")
def gd_step_into_shared_arrays(params, grads, lr):
    """Your dict is new, but the arrays in it are still the caller's, and you write into them.
    Copying a dict copies no array.
    """
    params = dict(params)
    for name in params:
        params[name] -= lr * grads["d" + name]
    return params


@exercise.variant("FB12d")
def gd_step_rebinding_entries(params, grads, lr):
    """Your arrays are new, but you put them into the caller's dict, which so loses the old ones.
    Put them into a new dict.
    """
    for name in params:
        params[name] = params[name] - lr * grads["d" + name]
    return params


exercise.variant(
    "GD1",
    "Your step climbs: the gradient points uphill, and we want to go down.",
    {"params[name] - lr *": "params[name] + lr *"},
)
exercise.variant(
    "GD2",
    "The learning rate has no influence: every step is as long as the gradient.",
    {"lr * grads": "grads"},
)
exercise.variant(
    "GD3",
    "You divide by the learning rate. A larger one should mean a longer step.",
    {'lr * grads["d" + name]': 'grads["d" + name] / lr'},
)
exercise.variant(
    "GD4",
    "Only the weights move. The biases learn as well, by the same rule.",
    {'lr * grads["d" + name]': 'lr * grads["d" + name] * name.startswith("W")'},
)
exercise.variant(
    "GD5",
    "Only the output layer moves. The hidden layer learns as well, by the same rule.",
    {'lr * grads["d" + name]': 'lr * grads["d" + name] * name.endswith("2")'},
)
exercise.variant(
    "GD6",
    "You return the steps, not the parameters after them.",
    {'params[name] - lr * grads["d" + name]': '-lr * grads["d" + name]'},
)
exercise.variant(
    "GD7",
    "You shrink each parameter by the step in relation to its own size: the step is multiplied by "
    "the parameter. It is subtracted as it is.",
    {'params[name] - lr * grads["d" + name]': 'params[name] * (1 - lr * grads["d" + name])'},
)
