"""Unit 01, `backward`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, close, equal_sides, exact, unchanged

from .cases import network, networks, three_networks

exercise = Exercise("backward", points=6, checked_with=("sigmoid", "forward", "cross_entropy"))


def smooth_networks(rng: np.random.Generator) -> Iterator[Case]:
    """Only tanh and sigmoid: relu has a check of its own."""
    yield Case(network(rng, 3, 4, 2, 5, "tanh"), "tanh, four different sizes")
    yield Case(network(rng, 4, 3, 2, 6, "sigmoid"), "sigmoid, four different sizes")
    yield Case(network(rng, 2, 4, 1, 7, "tanh"), "tanh, one output")
    yield Case(network(rng, 5, 3, 2, 1, "tanh"), "tanh, one example")


def two_networks(rng: np.random.Generator) -> Iterator[Case]:
    """tanh and sigmoid once."""
    yield Case(network(rng, 3, 4, 2, 5, "tanh"), "tanh")
    yield Case(network(rng, 4, 3, 2, 7, "sigmoid"), "sigmoid")


def relu_networks(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(network(rng, 2, 5, 3, 7, "relu"), "relu, seven examples")
    yield Case(network(rng, 3, 6, 2, 4, "relu"), "relu, four examples")


def single_examples(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(network(rng, 3, 4, 2, 1, "tanh"), "tanh, one example")
    yield Case(network(rng, 4, 5, 3, 1, "sigmoid"), "sigmoid, one example")


@exercise.observe(
    cases=networks,
    judge=close("float64"),
    parts={
        "dW2": (0.75, "`dW2` is the gradient of the mean cross-entropy"),
        "db2": (0.75, "`db2` is the gradient of the mean cross-entropy"),
    },
)
def output(program, X, Y, params, g):
    return program.backward(X, Y, params, program.forward(X, params, g)[1])


@exercise.observe(
    cases=smooth_networks,
    judge=close("float64"),
    parts={
        "dW1": (0.75, "With tanh and sigmoid, `dW1` is the gradient"),
        "db1": (0.75, "With tanh and sigmoid, `db1` is the gradient"),
    },
)
def hidden(program, X, Y, params, g):
    return program.backward(X, Y, params, program.forward(X, params, g)[1])


@exercise.check(points=0.5, cases=relu_networks, judge=close("float64"))
def hidden_relu(program, X, Y, params, g):
    """With relu, `dW1` is the gradient"""
    grads = program.backward(X, Y, params, program.forward(X, params, g)[1])
    return {"dW1": grads["dW1"]} if isinstance(grads, dict) and "dW1" in grads else grads


@exercise.check(points=1, cases=single_examples, judge=exact(secret=False))
def chain_rule(program, X, Y, params, g):
    """With one example, `dW2`, `db1` and `dW1` follow from your own `db2`, for tanh and sigmoid"""
    cache = program.forward(X, params, g)[1]
    Z1, A1 = np.copy(cache["Z1"]), np.copy(cache["A1"])
    grads = program.backward(X, Y, params, cache)
    if not isinstance(grads, dict) or any("d" + name not in grads for name in params):
        return {"all four gradients are there": False}
    db1, db2 = np.reshape(grads["db1"], (-1, 1)), np.reshape(grads["db2"], (-1, 1))

    def bend(Z):
        return np.tanh(Z) if g == "tanh" else (1 + np.tanh(Z / 2)) / 2

    slope = (bend(Z1 + 1e-5) - bend(Z1 - 1e-5)) / 2e-5

    def compared(a, b):
        if np.shape(a) != np.shape(b):
            return f"no, it has shape {np.shape(a)}"
        off = np.abs(a - b).max() / (np.abs(b).max() or 1)
        return "yes" if off < 1e-4 else f"no, off by {off:.3g}"

    return {
        "all four gradients are there": True,
        "no gradient is 0": all(bool(np.any(gradient)) for gradient in grads.values()),
        "dW2 follows from db2": compared(grads["dW2"], db2 * A1.T),
        "db1 follows from db2": compared(db1, (params["W2"] * db2).sum(axis=0)[:, None] * slope),
        "dW1 follows from db1": compared(grads["dW1"], db1 * X.T),
    }


@exercise.check(
    points=0.25,
    cases=three_networks,
    judge=equal_sides(
        "the gradient from `backward`, and the slope of the cost, measured by moving that "
        "parameter a little to both sides",
        rtol=1e-6,
    ),
)
def own_cost_weights(program, X, Y, params, g):
    """`dW1` and `dW2` are the slopes of your own cost, as central differences measure them"""

    def slope(name):
        def cost(value):
            return program.cross_entropy(program.forward(X, {**params, name: value}, g)[0], Y)

        return probes.numerical_gradient(cost, params[name])

    grads = program.backward(X, Y, params, program.forward(X, params, g)[1])
    names = ("W1", "W2")
    if isinstance(grads, dict):
        grads = {"d" + name: grads["d" + name] for name in names if "d" + name in grads}
    return {"left": grads, "right": {"d" + name: slope(name) for name in names}}


@exercise.check(
    points=0.25,
    cases=three_networks,
    judge=equal_sides(
        "the gradient from `backward`, and the slope of the cost, measured by moving that "
        "parameter a little to both sides",
        rtol=1e-6,
    ),
)
def own_cost_biases(program, X, Y, params, g):
    """`db1` and `db2` are the slopes of your own cost, as central differences measure them"""

    def slope(name):
        def cost(value):
            return program.cross_entropy(program.forward(X, {**params, name: value}, g)[0], Y)

        return probes.numerical_gradient(cost, params[name])

    grads = program.backward(X, Y, params, program.forward(X, params, g)[1])
    names = ("b1", "b2")
    if isinstance(grads, dict):
        grads = {"d" + name: grads["d" + name] for name in names if "d" + name in grads}
    return {"left": grads, "right": {"d" + name: slope(name) for name in names}}


@exercise.check(
    points=0.25,
    cases=two_networks,
    judge=equal_sides("the gradients of the data, and of the data with every example twice"),
)
def doubled(program, X, Y, params, g):
    """Writing every example twice changes no gradient: the cost is a mean"""
    XX, YY = np.tile(X, 2), np.tile(Y, 2)
    return {
        "left": program.backward(X, Y, params, program.forward(X, params, g)[1]),
        "right": program.backward(XX, YY, params, program.forward(XX, params, g)[1]),
    }


@exercise.check(
    points=0.25,
    cases=two_networks,
    judge=equal_sides("the gradients of all examples, and the mean of each example's alone"),
)
def averaged(program, X, Y, params, g):
    """The gradient of all examples is the mean of the gradients of each one alone"""
    m = X.shape[1]
    alone = []
    for i in range(m):
        x, y = X[:, i : i + 1], Y[:, i : i + 1]
        alone.append(program.backward(x, y, params, program.forward(x, params, g)[1]))
    together = program.backward(X, Y, params, program.forward(X, params, g)[1])
    mean = {name: sum(grads[name] for grads in alone) / m for name in together}
    return {"left": together, "right": mean}


@exercise.check(points=0.5, cases=three_networks, judge=unchanged())
def keeps_arguments(program, X, Y, params, g):
    """`backward` leaves its four arguments as they were"""
    cache = program.forward(X, params, g)[1]
    before = {name: np.copy(value) for name, value in cache.items() if name != "g"}
    program.backward(X, Y, params, cache)
    same = {name: bool(np.array_equal(cache[name], value)) for name, value in before.items()}
    unlike = [name for name in same if not same[name]]
    return {"X": X, "Y": Y, "params": params, "cache": unlike}


exercise.equivalent("tanh_of_Z1", {"slope = 1 - A1**2": "slope = 1 - np.tanh(Z1) ** 2"})
exercise.equivalent("mean_for_db", {"dZ1.sum(axis=1, keepdims=True) / m": "dZ1.mean(1)[:, None]"})


@exercise.equivalent("mean_in_dZ2")
def backward_all_in_dZ(X, Y, params, cache):
    m = Y.shape[1]
    dZ2 = (cache["A2"] - Y) / m
    dA1 = np.dot(params["W2"].T, dZ2)
    slopes = {
        "tanh": lambda: 1 / np.cosh(cache["Z1"]) ** 2,
        "relu": lambda: (cache["Z1"] >= 0).astype(float),
        "sigmoid": lambda: np.exp(-cache["Z1"]) / (1 + np.exp(-cache["Z1"])) ** 2,
    }
    dZ1 = np.multiply(dA1, slopes[cache["g"]]())
    return {
        "dW1": np.dot(dZ1, X.T),
        "db1": np.sum(dZ1, axis=1, keepdims=True),
        "dW2": np.dot(dZ2, cache["A1"].T),
        "db2": np.sum(dZ2, axis=1, keepdims=True),
    }


@exercise.equivalent("einsum")
def backward_by_einsum(X, Y, params, cache):
    m, A1 = X.shape[1], cache["A1"]
    dZ2 = cache["A2"] - Y
    dZ1 = np.einsum("kj,ki->ji", params["W2"], dZ2)
    if cache["g"] == "relu":
        dZ1[A1 <= 0] = 0
    else:
        dZ1 *= {"tanh": (1 - A1) * (1 + A1), "sigmoid": A1 - A1**2}[cache["g"]]
    return {
        "db2": np.mean(dZ2, axis=1, keepdims=True),
        "dW2": np.einsum("ki,ji->kj", dZ2, A1) / m,
        "db1": np.mean(dZ1, axis=1, keepdims=True),
        "dW1": np.einsum("ji,ni->jn", dZ1, X) / m,
    }


@exercise.equivalent("one_by_one")
def backward_one_by_one(X, Y, params, cache):
    m = X.shape[1]
    grads = {"d" + name: np.zeros_like(value) for name, value in params.items()}
    for i in range(m):
        x, a1, z1 = X[:, i], cache["A1"][:, i], cache["Z1"][:, i]
        dz2 = cache["A2"][:, i] - Y[:, i]
        slope = {"tanh": 1 - a1**2, "relu": (z1 > 0) * 1.0, "sigmoid": a1 * (1 - a1)}
        dz1 = (dz2 @ params["W2"]) * slope[cache["g"]]
        grads["dW2"] += np.outer(dz2, a1) / m
        grads["db2"] += dz2[:, None] / m
        grads["dW1"] += np.outer(dz1, x) / m
        grads["db1"] += dz1[:, None] / m
    return grads


@exercise.equivalent("through_dA2")
def backward_through_dA2(X, Y, params, cache):
    m, A2 = X.shape[1], cache["A2"]
    dA2 = -Y / A2 + (1 - Y) / (1 - A2)
    dZ2 = dA2 * A2 * (1 - A2)
    dA1 = params["W2"].T @ dZ2
    if cache["g"] == "tanh":
        dZ1 = dA1 * (1 - np.tanh(cache["Z1"]) ** 2)
    elif cache["g"] == "relu":
        dZ1 = dA1 * np.sign(cache["A1"])
    else:
        dZ1 = dA1 * cache["A1"] * (1 - cache["A1"])
    return {
        "dW1": (1 / m) * dZ1 @ X.T,
        "db1": (dZ1.sum(axis=1) / m).reshape(-1, 1),
        "dW2": (1 / m) * dZ2 @ cache["A1"].T,
        "db2": (dZ2 @ np.ones((m, 1))) / m,
    }


DB1, DB2 = "dZ1.sum(axis=1, keepdims=True) / m", "dZ2.sum(axis=1, keepdims=True) / m"
DW1, DW2 = "dZ1 @ X.T / m", "dZ2 @ A1.T / m"
exercise.variant(
    "FB1",
    "Both bias gradients are m times too large. The cost is a mean over the m examples, for the "
    "biases exactly as for the weights (the notes' formula forgets that).",
    {DB1: "dZ1.sum(axis=1, keepdims=True)", DB2: "dZ2.sum(axis=1, keepdims=True)"},
)
exercise.variant(
    "FB1.db1",
    "`db1` is m times too large, while `db2` is right: average over the examples in the hidden "
    "layer, too.",
    {DB1: "dZ1.sum(axis=1, keepdims=True)"},
)
exercise.variant(
    "FB1.db2",
    "`db2` is m times too large, while `db1` is right: average over the examples in the output "
    "layer, too.",
    {DB2: "dZ2.sum(axis=1, keepdims=True)"},
)
exercise.variant(
    "FB2",
    "Both weight gradients are m times too large: a matrix product adds the examples up, and the "
    "cost is their mean.",
    {DW1: "dZ1 @ X.T", DW2: "dZ2 @ A1.T"},
)
exercise.variant(
    "FB2.dW1",
    "`dW1` is m times too large, while `dW2` is right: the product with the inputs adds the "
    "examples up, and the cost is their mean.",
    {DW1: "dZ1 @ X.T"},
)
exercise.variant(
    "FB2.dW2",
    "`dW2` is m times too large, while `dW1` is right: the product with the hidden activations "
    "adds the examples up, and the cost is their mean.",
    {DW2: "dZ2 @ A1.T"},
)
exercise.variant(
    "FB2.all",
    "All four gradients are m times too large: they belong to the sum of the losses. J is the "
    "mean.",
    {
        DW1: "dZ1 @ X.T",
        DW2: "dZ2 @ A1.T",
        DB1: "dZ1.sum(axis=1, keepdims=True)",
        DB2: "dZ2.sum(axis=1, keepdims=True)",
    },
)
exercise.variant(
    "FB3",
    "The hidden layer's gradients are m times too small: you average twice, once in `dZ1` and "
    "again where the examples are put together. `dZ1` holds each example's own slope.",
    {"dZ1 = dA1 * slope": "dZ1 = dA1 * slope / m"},
)
exercise.variant(
    "FB3.dZ2",
    "All four gradients are m times too small: you average once in `dZ2`, from where it travels "
    "to everything else, and again where the examples are put together.",
    {'dZ2 = cache["A2"] - Y': 'dZ2 = (cache["A2"] - Y) / m'},
)
exercise.variant(
    "FB4",
    "For tanh you use 1 minus the activation as its slope; the activation has to be squared.",
    {"slope = 1 - A1**2": "slope = 1 - A1"},
)
exercise.variant(
    "FB4.sigmoid",
    "For tanh you use the slope of the sigmoid. Each activation has a slope of its own.",
    {"slope = 1 - A1**2": "slope = A1 * (1 - A1) * 1.0"},
)
exercise.variant(
    "FB5",
    "The slope of tanh is 1 minus the square of its *output*; you square the value that went in.",
    {"slope = 1 - A1**2": "slope = 1 - Z1**2"},
)
exercise.variant(
    "FB5.sigmoid",
    "The slope of the sigmoid is made of its *output*, twice; you use the value that went in.",
    {"slope = A1 * (1 - A1)": "slope = Z1 * (1 - Z1)"},
)
exercise.variant(
    "FB5.twice",
    "You apply tanh to what is an output of tanh already, and take the slope there. Apply it to "
    "the value from before the activation, or not at all.",
    {"slope = 1 - A1**2": "slope = 1 - np.tanh(A1) ** 2"},
)
exercise.variant(
    "FB6",
    "The slope of the hidden activation is left out: on its way back through the hidden layer the "
    "error passes the activation, too.",
    {"dZ1 = dA1 * slope": "dZ1 = dA1"},
)
exercise.variant(
    "FB7",
    "All gradients have the wrong sign: the slope at the output is prediction minus label. With "
    "these, every step climbs.",
    {'dZ2 = cache["A2"] - Y': 'dZ2 = Y - cache["A2"]'},
)
exercise.variant(
    "FB8",
    "Your bias gradients are single numbers: the sum runs over the units as well. Every unit has "
    "a bias, and every bias a slope of its own. (This one trains well: no accuracy shows it.)",
    {DB1: "dZ1.sum() / m", DB2: "dZ2.sum() / m"},
)
exercise.variant(
    "FB8.filled",
    "All units of a layer get the same bias gradient, the sum over units. Sum over the examples "
    "only. (This one trains well: no accuracy shows it.)",
    {
        DB1: "np.full((dZ1.shape[0], 1), dZ1.sum() / m)",
        DB2: "np.full((dZ2.shape[0], 1), dZ2.sum() / m)",
    },
)
exercise.variant(
    "FB9",
    "Your bias gradients have lost an axis: a sum drops the axis it runs over unless it is told "
    "to keep it. A gradient has the shape of its parameter, here a column.",
    {DB1: "dZ1.sum(axis=1) / m", DB2: "dZ2.sum(axis=1) / m"},
)
exercise.variant(
    "FB9.axis",
    "Your bias gradients are rows, with one entry for each example: you sum over the units. Sum "
    "over the examples, which run from left to right.",
    {DB1: "dZ1.sum(axis=0, keepdims=True) / m", DB2: "dZ2.sum(axis=0, keepdims=True) / m"},
)
exercise.variant(
    "FB9.row",
    "Your bias gradients are rows. The numbers are right, but a gradient has the shape of its "
    "parameter: one unit below the other.",
    {DB1: "dZ1.sum(axis=1)[None, :] / m", DB2: "dZ2.sum(axis=1)[None, :] / m"},
)


@exercise.variant("FB10")
def backward_matrix_products(X, Y, params, cache):
    """You use matrix products where entries are multiplied one by one: the error that reaches a
    hidden unit is scaled by the slope of that very unit, for that very example.
    """
    m, A1 = X.shape[1], cache["A1"]
    dZ2 = cache["A2"] - Y
    dA1 = params["W2"].T @ dZ2
    if cache["g"] == "tanh":
        dZ1 = dA1 @ (1 - A1.T @ A1)
    elif cache["g"] == "relu":
        dZ1 = dA1 * (A1 > 0)
    else:
        dZ1 = dA1 @ (A1.T @ (1 - A1))
    return {
        "dW1": dZ1 @ X.T / m,
        "db1": dZ1.sum(axis=1, keepdims=True) / m,
        "dW2": dZ2 @ A1.T / m,
        "db2": dZ2.sum(axis=1, keepdims=True) / m,
    }


exercise.variant(
    "FB13",
    "You use the slope of tanh whatever the activation was. The cache says in `g` which one it "
    "was.",
    {
        "slope = np.where(Z1 > 0, 1.0, 0.0)": "slope = 1 - A1**2 * 1.0",
        "slope = A1 * (1 - A1)": "slope = 1 - A1 * A1",
    },
)
exercise.variant(
    "FB14",
    "You multiply the output error by the slope of the sigmoid. With cross-entropy that factor "
    "has cancelled already; it stays only with another cost, such as the squared error.",
    {'dZ2 = cache["A2"] - Y': 'dZ2 = (cache["A2"] - Y) * cache["A2"] * (1 - cache["A2"])'},
)
exercise.variant(
    "FB15",
    "For relu you multiply by the activation itself. Its slope is 1 where it lets values pass and "
    "0 where it doesn't.",
    {"np.where(Z1 > 0, 1.0, 0.0)": "np.where(Z1 > 0, Z1, 0.0)"},
)
exercise.variant(
    "FB16",
    "You let the error pass relu where the *error* is positive. What counts is whether the unit's "
    "own value was positive on the way forward.",
    {"np.where(Z1 > 0, 1.0, 0.0)": 'params["W2"].T @ (cache["A2"] - Y) > 0'},
)
exercise.variant(
    "FB17",
    "You divide by the number of features. Examples are the columns of `X`, features its rows.",
    {"m = X.shape[1]": "m = X.shape[0]"},
)
exercise.variant(
    "FB18",
    "You divide by examples times outputs: that is the gradient of a cost averaged over outputs, "
    "too. Here the outputs' losses add up.",
    {"m = X.shape[1]": "m = Y.size"},
)
exercise.variant(
    "FB19",
    "You subtract the labels inside the cache's own array, so that the predictions there are "
    "gone. Subtract into a new one.",
    {'dZ2 = cache["A2"] - Y': 'dZ2 = cache["A2"]\n    dZ2 -= Y'},
)
exercise.variant(
    "FB20",
    "The hidden layer's error is the output's labels away: you send the predictions back through "
    "the weights, instead of how far they are off.",
    {'params["W2"].T @ dZ2': 'params["W2"].T @ cache["A2"]'},
)


@exercise.equivalent("slope_from_sigmoid")
def backward_by_earlier_functions(X, Y, params, cache):
    A2, again = forward(X, params, cache["g"])
    m, A1 = X.shape[1], again["A1"]
    slopes = {
        "tanh": lambda: 1 - A1**2,
        "relu": lambda: A1 > 0,
        "sigmoid": lambda: sigmoid(again["Z1"]) * (1 - sigmoid(again["Z1"])),
    }
    dZ2 = (A2 - Y) / m
    dZ1 = params["W2"].T @ dZ2 * slopes[cache["g"]]()
    return {
        "dW1": dZ1 @ X.T,
        "db1": dZ1.sum(axis=1, keepdims=True),
        "dW2": dZ2 @ A1.T,
        "db2": dZ2.sum(axis=1, keepdims=True),
    }


@exercise.shortcut
def central_differences(X, Y, params, cache):
    grads = {}
    for name, value in params.items():
        slopes = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            costs = []
            for step in (1e-4, -1e-4):
                moved = value.copy()
                moved[index] += step
                A2 = forward(X, {**params, name: moved}, cache["g"])[0]
                costs.append(cross_entropy(A2, Y))
            slopes[index] = (costs[0] - costs[1]) / 2e-4
        grads["d" + name] = slopes.astype(np.float32)
    return grads


@exercise.shortcut
def forward_differences_in_one_call(X, Y, params, cache):
    """One network with a copy for each moved parameter: the copies lie side by side in it."""
    places = [(name, index) for name in params for index in np.ndindex(params[name].shape)]
    n1, n2, copies, h = *params["W2"].shape[::-1], len(places) + 1, 1e-6
    many = {
        "W1": np.tile(params["W1"], (copies, 1)),
        "b1": np.tile(params["b1"], (copies, 1)),
        "W2": np.kron(np.eye(copies), params["W2"]),
        "b2": np.tile(params["b2"], (copies, 1)),
    }
    for copy, (name, index) in enumerate(places, 1):
        i, j = index
        rows = n1 if name in ("W1", "b1") else n2
        columns = n1 * copy if name == "W2" else 0
        many[name][rows * copy + i, columns + j] += h
    A2 = forward(X, many, cache["g"])[0].reshape(copies, n2, -1)
    A2 = np.clip(A2, 1e-12, 1 - 1e-12)
    costs = (-Y * np.log(A2) - (1 - Y) * np.log(1 - A2)).sum(axis=(1, 2)) / Y.shape[1]
    grads = {"d" + name: np.zeros(value.shape, np.float32) for name, value in params.items()}
    for (name, index), cost in zip(places, costs[1:], strict=True):
        grads["d" + name][index] = (cost - costs[0]) / h
    return grads
