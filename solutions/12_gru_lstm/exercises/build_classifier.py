"""Unit 12, `build_classifier`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, accuracy, digit_pictures, exact, probes

exercise = Exercise("build_classifier", points=3)
# Measured by benchmarks/calibrate.py over 12 seeds of digits and start, 400 unseen digits each: a
# GRU has mean 0.9587, sd 0.0142, 0.9350 to 0.9850; an LSTM has mean 0.9652, sd 0.0116, 0.9425 up.
# The floor is the lower mean less 2 sd (0.9303), rounded down.  A plain cell (BC8) gets 0.4875 at
# best of six draws.
DIGITS_FLOOR, DIGITS_TYPICAL = 0.93, 0.955


def kinds(rng: np.random.Generator) -> Iterator[Case]:
    """Two kinds of cell, of different width."""
    for cell, units in (("gru", 12), ("lstm", 7)):
        inputs = {"cell": cell, "units": units, "rows": rng.uniform(0, 1, (6, 20, 8))}
        yield Case(inputs, f'cell = "{cell}", units = {units}')


def digit_task(rng: np.random.Generator) -> Iterator[Case]:
    """2000 digits to learn from, 400 others; their labels stay with the grader."""
    rows, labels = digit_pictures(rng, 2400, (20, 8), (8, 10), clutter=1, noise=0.05, inverted=0)
    inputs = {"rows": rows[:2000], "labels": labels[:2000], "new_rows": rows[2000:]}
    yield Case(inputs, "drawn digits, row by row", {"labels": labels[2000:]})


@exercise.check(points=1, cases=kinds, judge=exact(secret=False))
def classifier_form(program, cell, units, rows):
    """The model maps 20 rows of 8 pixels to 10 logits, and all of it can learn"""
    model = program.build_classifier(cell, units)
    form = {"input": str(model.input_shape), "output": str(model.output_shape)}
    if form != {"input": "(None, 20, 8)", "output": "(None, 10)"}:
        return form
    logits = probes.to_arrays(model(probes.to_tensors(rows.astype("float32"))))
    return form | {
        "outputs can be negative, as logits are": bool((logits < 0).any()),
        "outputs add up to 1, as after a softmax": bool(np.allclose(logits.sum(axis=1), 1)),
        "every layer can learn": all(layer.trainable for layer in model.layers),
    }


@exercise.check(points=1, cases=kinds, judge=exact(secret=False))
def classifier_recurrent(program, cell, units, rows):
    """It has one recurrent layer, of the kind and the number of units asked for"""
    found = []
    for layer in probes.layers(program.build_classifier(cell, units)):
        kind, config = layer["class"], layer["config"]
        if kind == "RNN":  # around a cell
            kind, config = config["cell"]["class_name"], config["cell"]["config"]
        if kind.removesuffix("Cell") in ("GRU", "LSTM", "SimpleRNN", "Bidirectional"):
            found.append(f"{kind.removesuffix('Cell')} of {config.get('units', '?')} units")
    return {"recurrent layers": " and ".join(found) or "none"}


def learnt(program, cell, epochs, rows, labels, new_rows):
    """Trains 32 units on batches of 50; the answers to new digits."""
    model = probes.only_keras_layers(program.build_classifier(cell, 32))
    # Its last steps are small: what comes out hangs less on the last batches.
    rate = keras.optimizers.schedules.CosineDecay(0.02, epochs * len(rows) // 50)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    step = probes.training_step(model, loss, keras.optimizers.Adam(rate))
    X, losses = rows.astype("float32") / 16, []
    for _ in range(epochs):
        batches = np.random.permutation(len(X)).reshape(-1, 50)
        losses.append(np.mean([step(X[batch], labels[batch]) for batch in batches]))
    logits = probes.to_arrays(model(new_rows.astype("float32") / 16))
    return {"predictions": np.argmax(logits, axis=-1), "losses": np.array(losses)}


@exercise.check(
    points=0.5,
    cases=digit_task,
    judge=accuracy(DIGITS_FLOOR, DIGITS_TYPICAL),
    tries=3,
    seconds=60,
    helpers=(learnt,),
)
def learns_digits(program, rows, labels, new_rows):
    """A GRU of 32 units learns to tell digits apart in 10 epochs, on unseen ones"""
    return learnt(program, "gru", 10, rows, labels, new_rows)


@exercise.check(
    points=0.5,
    cases=digit_task,
    judge=accuracy(DIGITS_FLOOR, DIGITS_TYPICAL),
    tries=3,
    seconds=60,
    helpers=(learnt,),
)
def lstm_learns_digits(program, rows, labels, new_rows):
    """An LSTM of 32 units learns to tell digits apart in 18 epochs, on unseen ones"""
    return learnt(program, "lstm", 18, rows, labels, new_rows)


CLASSES = "keras.layers.Dense(10)"
RECURRENT = "layer(units)"
KINDS = '{"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[cell]'
exercise.variant(
    "BC1",
    "Your model ends in a softmax. Logits are wanted: the loss takes their softmax itself, and "
    "more exactly.",
    {CLASSES: 'keras.layers.Dense(10, activation="softmax")'},
)
exercise.variant(
    "BC2",
    "Your logits pass a relu. A logit may be negative; the last layer has no activation.",
    {CLASSES: 'keras.layers.Dense(10, activation="relu")'},
)
exercise.variant(
    "BC3",
    'Your model has a GRU whatever is asked for. `cell` is "gru" or "lstm".',
    {KINDS: "keras.layers.GRU"},
)
exercise.variant(
    "BC4",
    "The two kinds of cell are exchanged.",
    {KINDS: '{"lstm": keras.layers.GRU, "gru": keras.layers.LSTM}[cell]'},
)
exercise.variant(
    "BC5",
    "Your recurrent layer has a width of its own. The caller says how many units.",
    {RECURRENT: "layer(32)"},
)
exercise.variant(
    "BC6",
    "Your model puts out logits after every row. One set is wanted, from the last state.",
    {RECURRENT: "layer(units, return_sequences=True)"},
)
exercise.variant(
    "BC7",
    "Your input is a flat row of 160 pixels. A recurrent layer reads steps: 20 rows of 8 pixels.",
    {
        "keras.Input((20, 8)),": "keras.Input((160,)),\n            keras.layers.Reshape((20, 8)),",
    },
)
exercise.variant(
    "BC8",
    "Your model has a plain recurrent cell, without gates.",
    {KINDS: "keras.layers.SimpleRNN"},
)
exercise.variant(
    "BC9",
    "Your model has no recurrent layer: it looks at all the pixels at once.",
    {RECURRENT: 'keras.layers.Flatten(),\n            keras.layers.Dense(units, "tanh")'},
)
exercise.variant(
    "BC10",
    "Your recurrent layer is not trainable, so that only the dense layer learns.",
    {RECURRENT: "layer(units, trainable=False)"},
)


@exercise.equivalent("functional, last of all states")
def classifier_functional(cell, units):
    rows = keras.Input(shape=(20, 8))
    layer = keras.layers.GRU if cell == "gru" else keras.layers.LSTM
    states = layer(units, return_sequences=True, name="reads")(rows)
    return keras.Model(rows, keras.layers.Dense(10, name="logits")(states[:, -1]))


@exercise.equivalent("RNN around a cell")
def classifier_with_cells(cell, units):
    inner = {"gru": keras.layers.GRUCell, "lstm": keras.layers.LSTMCell}[cell](units)
    model = keras.Sequential([keras.layers.RNN(inner), keras.layers.Dense(10)])
    model.build((None, 20, 8))
    return model


exercise.equivalent("dropout on the rows", {RECURRENT: "layer(units, dropout=0.1)"})


@exercise.symptom(
    "flat", "The loss hardly moves: no gradient reaches the weights, or the model is not trainable."
)
def flat(got: Any) -> bool:
    losses = got.get("losses", np.zeros(0))
    return len(losses) > 3 and bool(losses[-1] > 0.95 * losses[0])
