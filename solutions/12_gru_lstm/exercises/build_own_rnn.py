"""Unit 12, `build_own_rnn`.

Form, logits and gradients are judged with another cell in place of the student's `gru_cell` and
`lstm_cell`, so that a slip there costs nothing here.  Training runs the student's own cells, but
for one that gives no state of the right shape or lets no gradient through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, accuracy, close, exact, float64, probes

from .cases import GRU, LSTM, weights

READY_MADE = tuple(
    f"keras.layers.{name}"
    for name in ("GRU", "GRUCell", "LSTM", "LSTMCell", "SimpleRNN", "SimpleRNNCell")
)
exercise = Exercise("build_own_rnn", points=4, forbids=READY_MADE)
# Measured by benchmarks/calibrate.py over 20 seeds of bits and start, 400 new sequences each: a GRU
# has mean 0.9999, sd 0.0006, an LSTM 1 in every draw (after 10 epochs mean 0.9476, sd 0.1290:
# hence 15).  The floor leaves room for other ways to draw the matrices.  A plain cell (OR13) gets
# 0.6025 at best of ten draws: it guesses.
FLOOR, TYPICAL = 0.9, 0.99
STEPS, EARLY = 60, 10


def sizes() -> Iterator[dict[str, Any]]:
    """Sizes that all differ, so that no transposition passes."""
    yield {"cell": "gru", "shape": (4, 3), "units": 5, "classes": 2}
    yield {"cell": "lstm", "shape": (5, 2), "units": 4, "classes": 3}


def forms(rng: np.random.Generator) -> Iterator[Case]:
    for inputs in sizes():
        x = rng.normal(size=(6, *inputs["shape"]))
        yield Case(inputs | {"x": x}, f'cell = "{inputs["cell"]}"')


def weighted(rng: np.random.Generator) -> Iterator[Case]:
    """Every weight is given; so is the other cell, by its name."""
    for inputs in sizes():
        cell, shape, units, classes = inputs.values()
        p = {
            name: 0.5 * value
            for name, value in weights(rng, GRU if cell == "gru" else LSTM, units, shape[1]).items()
        }
        given = {
            "p": p,
            "kernel": rng.normal(size=(units, classes)),
            "bias": rng.normal(size=classes),
            "x": rng.normal(size=(3, *shape)),
            "cotangent": rng.normal(size=(3, classes)),
        }
        yield Case(inputs | given, f'cell = "{cell}", another cell in place of `{cell}_cell`')


def marked_bits(rng: np.random.Generator) -> Iterator[Case]:
    """Which bit was marked last?  Anywhere in 2000 sequences, 50 steps ago and more in 400 others.

    The columns are shuffled: nobody knows beforehand which one is the mark.
    """
    bits = rng.integers(0, 2, (2400, STEPS))
    last = np.append(rng.integers(0, STEPS, 2000), rng.integers(0, EARLY, 400))
    places = np.arange(STEPS)
    marks = (rng.random(bits.shape) < 0.1) & (places < last[:, None])
    marks |= places == last[:, None]
    X = np.stack([bits == 0, bits == 1, marks], axis=-1)[..., rng.permutation(3)].astype(np.uint8)
    labels = bits[np.arange(2400), last]
    inputs = {"X": X[:2000], "labels": labels[:2000], "new_X": X[2000:]}
    yield Case(inputs, "the bit that was marked last", {"labels": labels[2000:]})


def other_gru(x, h, p):
    """Another cell than a GRU, which uses all that it gets."""
    W, b = (p[f"{kind}_r"] + 2.0 * p[f"{kind}_z"] - p[f"{kind}_h"] for kind in "Wb")
    return 0.5 * h + ops.sin(ops.matmul(ops.concatenate([h, x], axis=1), W) + b)


def other_lstm(x, h, c, p):
    """Another cell than an LSTM, which uses all that it gets."""
    W, b = (p[f"{kind}_f"] + 2.0 * p[f"{kind}_i"] - p[f"{kind}_o"] for kind in "Wb")
    W, b = W + 3.0 * p["W_C"], b + 3.0 * p["b_C"]
    c = 0.5 * c + ops.sin(ops.matmul(ops.concatenate([h, x], axis=1), W) + b)
    return ops.sin(2.0 * c) - 0.5 * h, c


def built(program, cell, shape, units, classes):
    """The model, built once for all checks: each leaves its weights as they were."""
    return probes.kept(
        program,
        f"own {cell}",
        lambda: program.build_own_rnn(cell, tuple(shape), units, classes),
    )


def own_weights(model):
    """The weights of the cell in the model's recurrent layers, by name."""
    loops = [item for item in probes.leaf_layers(model) if isinstance(item, keras.layers.RNN)]
    return {weight.name: weight for loop in loops for weight in loop.weights}


def described(model):
    """The recurrent layers, and the names and shapes of their weights."""
    loops = [item for item in probes.leaf_layers(model) if isinstance(item, keras.layers.RNN)]
    found = [f"{weight.name} {tuple(weight.shape)}" for loop in loops for weight in loop.weights]
    kinds = [type(item).__name__ for item in loops]
    return {
        "recurrent layers": ", ".join(kinds) or "none",
        "their weights": ", ".join(sorted(found)) or "none",
    }


def start_of(weight):
    """How a weight begins."""
    value = probes.to_arrays(weight)
    return f"{value.flat[0]:g}" if np.ptp(value) == 0 else "various values"


@exercise.observe(
    cases=forms,
    judge=exact(secret=False),
    parts={
        "form": (0.5, "The model gives logits, by one `keras.layers.RNN`, and all of it can learn"),
        "start": (0.5, "The cell's weights have the names, shapes and first values of the task"),
    },
    helpers=(built, own_weights, described, start_of, other_gru, other_lstm),
    seconds=20,
)
def own(program, cell, shape, units, classes, x):
    with (
        probes.replaced(program, "gru_cell", other_gru),
        probes.replaced(program, "lstm_cell", other_lstm),
    ):
        model = built(program, cell, shape, units, classes)
        form = {"input": str(model.input_shape), "output": str(model.output_shape)}
        seen = described(model)
        start = {"weights": seen.pop("their weights")}
        start |= {
            f"{name} starts at": start_of(w) for name, w in sorted(own_weights(model).items())
        }
        if form["output"] == str((None, classes)):
            logits = probes.to_arrays(model(probes.to_tensors(x.astype("float32"))))
            softmax = bool(np.allclose(logits.sum(axis=1), 1))
            form["outputs add up to 1, as after a softmax"] = softmax
    form["every weight can learn"] = len(model.trainable_weights) == len(model.weights)
    return {"form": form | seen, "start": start}


@exercise.observe(
    cases=weighted,
    judge=close(float64),
    parts={
        "logits": (1, "With given weights, and with another cell, its logits are right"),
        "gradients": (0.5, "With that cell, gradients come back to every weight"),
    },
    helpers=(built, own_weights, other_gru, other_lstm),
    seconds=20,
)
def own_cell(program, cell, shape, units, classes, p, kernel, bias, x, cotangent):
    with (
        probes.replaced(program, "gru_cell", other_gru),
        probes.replaced(program, "lstm_cell", other_lstm),
    ):
        model = built(program, cell, shape, units, classes)
        before, cells = model.get_weights(), own_weights(model)
        missing = [name for name in p if name not in cells]
        if missing:
            raise ValueError(
                f"The recurrent layer has no weight named {missing[0]!r}; it has: "
                f"{', '.join(cells) or 'none'}."
            )
        (dense,) = (i for i in probes.leaf_layers(model) if isinstance(i, keras.layers.Dense))
        for name, value in p.items():
            cells[name].assign(value)
        dense.set_weights([kernel, bias])
        given = [probes.to_arrays(weight) for weight in model.trainable_variables]
        x = x.astype("float32")
        logits = probes.to_arrays(model(probes.to_tensors(x)))

        def by_weights(*values):
            return model.stateless_call(values, model.non_trainable_variables, x)[0]

        found = probes.vjp(by_weights, *given, cotangent=cotangent)
        model.set_weights(before)
    names = [weight.name for weight in model.trainable_variables]
    named = dict(zip(names, found, strict=True))
    gradients = {f"gradient of {name}": named.get(name) for name in p}
    return {"logits": {"logits": logits}, "gradients": gradients}


def usable(program, cell):
    """The program's own cell, or a plain gated one where that can't be part of a network."""

    def gated(x, *rest):
        # One gate, and no more: it learns, and answers neither `gru_cell` nor `lstm_cell`.
        *states, p = rest
        gate, new = "zh" if cell == "gru" else "iC"
        hx = ops.concatenate([states[0], x], axis=1)
        opened = ops.sigmoid(ops.matmul(hx, p[f"W_{gate}"]) + p[f"b_{gate}"] - 1.0)
        state = states[0] + opened * (ops.tanh(ops.matmul(hx, p[f"W_{new}"])) - states[0])
        return state if cell == "gru" else (state, state)

    names = "rzh" if cell == "gru" else "fiCo"
    states = 1 if cell == "gru" else 2
    p = {f"W_{name}": np.full((5, 3), 0.1) for name in names}
    p |= {f"b_{name}": np.full(3, 0.1) for name in names}
    try:
        own = getattr(program, f"{cell}_cell")

        def first(*values):
            result = own(*values, probes.to_tensors(p))
            return result if states == 1 else result[0] + result[1]

        inputs = [np.full((4, 2), 0.3), *[np.full((4, 3), 0.2)] * states]
        gradients = probes.vjp(first, *inputs, cotangent=np.ones((4, 3)))
        return gated if any(gradient is None for gradient in gradients) else own
    except Exception:
        return gated


def learnt(program, cell, epochs, X, labels, new_X):
    """Trains 16 units on batches of 100 sequences; the answers to new ones."""
    with probes.replaced(program, f"{cell}_cell", usable(program, cell)):
        model = program.build_own_rnn(cell, X.shape[1:], 16, 2)
        # The model is never told the labels, so that it can't look them up.
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        rate = keras.optimizers.schedules.CosineDecay(0.05, epochs * len(X) // 100)
        step = probes.training_step(model, loss, keras.optimizers.Adam(rate, clipnorm=1.0))
        X, new_X = X.astype("float32"), new_X.astype("float32")
        losses = []
        for _ in range(epochs):
            batches = np.random.permutation(len(X)).reshape(-1, 100)
            losses.append(np.mean([step(X[batch], labels[batch]) for batch in batches]))
        logits = probes.to_arrays(model(new_X))
    return {"predictions": np.argmax(logits, axis=-1), "losses": np.array(losses)}


@exercise.check(
    points=0.75,
    cases=marked_bits,
    judge=accuracy(FLOOR, TYPICAL),
    tries=3,
    seconds=60,
    helpers=(usable, learnt),
)
def own_gru_remembers(program, X, labels, new_X):
    """16 units of your `gru_cell` learn to tell what was marked 50 steps ago and more"""
    return learnt(program, "gru", 10, X, labels, new_X)


@exercise.check(
    points=0.75,
    cases=marked_bits,
    judge=accuracy(FLOOR, TYPICAL),
    tries=3,
    seconds=60,
    helpers=(usable, learnt),
)
def own_lstm_remembers(program, X, labels, new_X):
    """16 units of your `lstm_cell` learn to tell what was marked 50 steps ago and more"""
    return learnt(program, "lstm", 15, X, labels, new_X)


CALL_GRU = "h = gru_cell(x, states[0], p)"
CALL_LSTM = "h, c = lstm_cell(x, *states, p)"
BACK_GRU, BACK_LSTM = "return h, [h]\n", "return h, [h, c]\n"
RECURRENT = "keras.layers.RNN(OwnCell())"
DENSE = "keras.layers.Dense(classes)"
KIND, IS_GRU = '"lstm": ("fiCo", 2)}[cell]', 'if cell == "gru":'
START = '{"f": 1.0, "z": -1.0}.get(name, 0.0)'
MATRIX = "shape=(units + step[-1], units)"
KEPT = "p = {name: ops.convert_to_tensor(weight) for name, weight in self.p.items()}"
exercise.variant(
    "OR1",
    "Your LSTM shows the memory c to the rest of the network. What a cell shows is the hidden "
    "state h.",
    {BACK_LSTM: "return c, [h, c]\n"},
)
exercise.variant(
    "OR2",
    "Your cell hands on the states that it was given: nothing is remembered from step to step. "
    "`call` returns the output and the *new* states.",
    {BACK_GRU: "return h, list(states)\n", BACK_LSTM: "return h, list(states)\n"},
)
exercise.variant(
    "OR3",
    "Your LSTM hands on the old memory: each step begins with the zeros of the start. The new "
    "states are h *and* c.",
    {BACK_LSTM: "return h, [h, states[1]]\n"},
)
exercise.variant(
    "OR4",
    "All biases of yours start at 0, so that an untrained gate stands half open and half of the "
    "memory is gone after each step. Start the gate that keeps the old state on its open side.",
    {START: "0.0"},
)
exercise.variant(
    "OR5",
    "Your update gate starts on the wrong side. In `gru_cell` the old state stays where z is near "
    "0, so its bias starts below 0.",
    {START: START.replace("-1.0", "1.0")},
)
exercise.variant(
    "OR6",
    "Your model ends in a softmax. Logits are wanted: the loss takes their softmax itself, and "
    "more exactly.",
    {DENSE: 'keras.layers.Dense(classes, activation="softmax")'},
)
exercise.variant(
    "OR7",
    "Your model puts out logits after every step. One set is wanted, from the last state.",
    {RECURRENT: "keras.layers.RNN(OwnCell(), return_sequences=True)"},
)
exercise.variant(
    "OR8",
    'Your model has a GRU whatever is asked for. `cell` is "gru" or "lstm".',
    {KIND: KIND.replace("cell", '"gru"'), IS_GRU: "if True:"},
)
exercise.variant(
    "OR9",
    "Your sequences are read from their end. Time runs from step 0 upwards.",
    {RECURRENT: "keras.layers.RNN(OwnCell(), go_backwards=True)"},
)
exercise.variant(
    "OR10",
    "Between your weights and the cell the gradient is lost: they can't be trained. NumPy, "
    "`.numpy()` and `stop_gradient` hand on numbers without it.",
    {KEPT: "p = {name: keras.ops.stop_gradient(weight) for name, weight in self.p.items()}"},
)
exercise.variant(
    "OR11",
    "Your matrices are not trainable: they stay as they were drawn.",
    {MATRIX: f"{MATRIX}, trainable=False"},
)
exercise.variant(
    "OR12",
    "Your matrices start at 0. Then all units compute the same, and go on doing so: draw the "
    "matrices at random, as Keras does by default.",
    {MATRIX: f'{MATRIX}, initializer="zeros"'},
)
exercise.variant(
    "OR13",
    "Your network computes the plain cell, without gates. Your `gru_cell` or `lstm_cell` computes "
    "each step.",
    {
        CALL_GRU: 'h = ops.tanh(ops.matmul(ops.concatenate([states[0], x], 1), p["W_h"])'
        ' + p["b_h"])',
        CALL_LSTM: "h, c = states[0], states[1]\n            h = ops.tanh("
        'ops.matmul(ops.concatenate([h, x], 1), p["W_C"]) + p["b_C"])',
    },
)
exercise.variant(
    "OR14",
    "Your recurrent layer has a width of its own. The caller says how many units.",
    {"    gates, count =": "    units = 16\n    gates, count ="},
)
exercise.variant(
    "OR15",
    "Your weights don't bear the names that they have in `p`: give each its own, `W_z`, `b_z` and "
    "so on.",
    {'name=f"W_{name}"': 'name=f"kernel_{name}"', 'name=f"b_{name}"': 'name=f"bias_{name}"'},
)


@exercise.equivalent("functional, last of all states")
def own_rnn_functional(cell, shape, units, classes):
    def biases(name):
        return keras.initializers.Constant({"f": 1, "z": -1}.get(name, 0))

    class Cell(keras.layers.Layer):
        def __init__(self, names, step, state_size):
            super().__init__()
            self.names, self.step_of, self.state_size = names, step, state_size

        def build(self, input_shape):
            rows = units + input_shape[-1]
            self.matrices = [self.add_weight((rows, units), name="W_" + n) for n in self.names]
            self.shifts = [self.add_weight((units,), biases(n), name="b_" + n) for n in self.names]

        def call(self, inputs, states):
            p = {"W_" + n: W for n, W in zip(self.names, self.matrices, strict=True)}
            p.update({"b_" + n: b for n, b in zip(self.names, self.shifts, strict=True)})
            return self.step_of(inputs, states, p)

    def gru(x, states, p):
        h = gru_cell(x, states[0], p)
        return h, h

    def lstm(x, states, p):
        h, c = lstm_cell(x, states[0], states[1], p)
        return h, (h, c)

    inside = Cell("fiCo", lstm, (units, units)) if cell == "lstm" else Cell("hrz", gru, units)
    sequences = keras.Input(shape=shape)
    states = keras.layers.RNN(inside, return_sequences=True)(sequences)
    return keras.Model(sequences, keras.layers.Dense(classes, name="logits")(states[:, -1]))


@exercise.equivalent("two classes, variables of Keras")
def own_rnn_two_classes(cell, shape, units, classes):
    class Own(keras.layers.Layer):
        output_size = units

        def build(self, input_shape):
            draw = keras.initializers.RandomNormal(stddev=0.2)
            for name in self.gates:
                start = np.full(units, self.opened.get(name, 0.0), "float32")
                W = keras.Variable(draw((units + input_shape[1], units)), name="W_" + name)
                setattr(self, "W_" + name, W)
                setattr(self, "b_" + name, keras.Variable(start, name="b_" + name))

        def weights_by_name(self):
            names = [kind + name for kind in ("W_", "b_") for name in self.gates]
            return {name: ops.convert_to_tensor(getattr(self, name)) for name in names}

    class Gru(Own):
        gates, opened, state_size = "zrh", {"z": -1.0}, units

        def call(self, x, states):
            h = gru_cell(x, states[0], self.weights_by_name())
            return h, [h]

    class Lstm(Own):
        gates, opened, state_size = "oCif", {"f": 1.0}, [units, units]

        def call(self, x, states):
            h, c = states
            h, c = lstm_cell(x, h, c, self.weights_by_name())
            return h, [h, c]

    model = keras.Sequential()
    model.add(keras.layers.Input(shape))
    model.add(keras.layers.RNN(Gru() if cell == "gru" else Lstm()))
    model.add(keras.layers.Dense(classes))
    return model


@exercise.equivalent("a start state of its own")
def own_rnn_started(cell, shape, units, classes):
    count = 1 if cell == "gru" else 2

    class Loop(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.state_size = [units] * count

        def get_initial_state(self, batch_size=None):
            return [ops.zeros((batch_size, units)) for _ in range(count)]

        def build(self, shape):
            self.weights_of = {}
            for name in ("r", "z", "h") if count == 1 else ("f", "i", "C", "o"):
                W = self.add_weight(shape=(shape[-1] + units, units), name=f"W_{name}")
                b = self.add_weight(
                    shape=(units,),
                    initializer="ones" if name == "f" else "zeros",
                    name=f"b_{name}",
                )
                if name == "z":
                    b.assign(ops.full((units,), -1.0))
                self.weights_of |= {f"W_{name}": W, f"b_{name}": b}

        def call(self, x, states):
            if count == 1:
                new = (gru_cell(x, *states, dict(self.weights_of)),)
            else:
                new = lstm_cell(x, *states, dict(self.weights_of))
            return new[0], list(new)

    x = keras.Input(shape)
    return keras.Model(x, keras.layers.Dense(classes)(keras.layers.RNN(Loop())(x)))


@exercise.symptom(
    "flat", "The loss hardly moves: no gradient reaches the weights, or they are not trainable."
)
def flat(got: Any) -> bool:
    losses = got.get("losses", np.zeros(0))
    return len(losses) > 3 and bool(losses[-1] > 0.95 * losses[0])
