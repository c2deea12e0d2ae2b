"""Unit 13, `build_encoder_decoder`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, Exercise, accuracy, exact, probes

from .cases import moved

exercise = Exercise("build_encoder_decoder", points=4)
# Over 20 seeds the legal form that does worst, an LSTM whose directions are added, has the mean
# 0.904 and the standard deviation 0.064, its worst 0.783 and 0.787: the floor is the mean less two
# deviations.  The reference got 0.994 and 0.009 in ten epochs (benchmarks/calibrate.py).
FLOOR, TYPICAL = 0.77, 0.95
DIGITS, SOS = 6, 10
MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
LETTERS = " ./0123456789" + "".join(sorted(set("".join(MONTHS))))
LONGEST = 9


def kinds(rng: np.random.Generator) -> Iterator[Case]:
    """Lengths, vocabularies and widths that all differ, with attention and without."""
    for attention in (True, False):
        source, target = (int(rng.integers(6, 9)), 12), (5, 7)
        inputs = {"source": source, "target": target, "units": 8, "attention": attention}
        yield Case(inputs, f"attention = {attention}")


def attending(rng: np.random.Generator) -> Iterator[Case]:
    source, target = (int(rng.integers(6, 9)), 12), (5, 7)
    yield Case({"source": source, "target": target, "units": 8, "attention": True})


def moved_tokens(rng: np.random.Generator, attention: bool) -> Case:
    """`places` are steps of the teacher's tokens."""
    T_x, T_y = int(rng.integers(6, 10)), int(rng.integers(6, 10))
    inputs = {"source": (T_x, 12), "target": (T_y, 7), "units": 8, "attention": attention}
    inputs["tokens"] = rng.integers(1, 10, T_x)
    inputs["tokens"][T_x - int(rng.integers(1, 4)) :] = 0
    inputs["teacher"] = rng.integers(0, 5, T_y)
    inputs["places"] = np.sort(rng.permutation(T_y)[:3])
    return Case(inputs, f"attention = {attention}")


def teacher_moved(rng: np.random.Generator) -> Iterator[Case]:
    """With attention, which can look at what it should not, and without."""
    yield moved_tokens(rng, attention=True)
    yield moved_tokens(rng, attention=False)


def source_moved(rng: np.random.Generator) -> Iterator[Case]:
    """Without attention, so that the last state is the only way."""
    yield moved_tokens(rng, attention=False)


def written(date: datetime.date, form: int) -> str:
    """A date as a person writes it, in one of four short forms."""
    day, month, name, year = date.day, date.month, MONTHS[date.month - 1], f"{date.year % 100:02}"
    forms = (f"{day} {name} {year}", f"{name} {day} {year}", f"{day}.{month}.{year}")
    return (*forms, f"{month}/{day}/{year}")[form]


def date_task(rng: np.random.Generator) -> Iterator[Case]:
    """1200 dates to learn from, 300 others; what those mean stays with the grader."""
    first = datetime.date(1930, 1, 1).toordinal()
    dates = [datetime.date.fromordinal(first + int(n)) for n in rng.integers(0, 36525, 1500)]
    texts = [written(date, int(rng.integers(4))) for date in dates]
    tokens = np.zeros((len(texts), LONGEST), np.uint8)
    for row, text in zip(tokens, texts, strict=True):
        row[: len(text)] = [LETTERS.index(letter) + 1 for letter in text]
    said = np.array([[int(digit) for digit in f"{date:%y%m%d}"] for date in dates], np.uint8)
    inputs = {
        "source": (LONGEST, len(LETTERS) + 1),
        "tokens": tokens[:1200],
        "said": said[:1200],
        "new_tokens": tokens[1200:],
    }
    labels = said[1200:] @ 10 ** np.arange(DIGITS)[::-1]
    yield Case(inputs, "short dates as six digits", {"labels": labels})


def weighted(model):
    """The model with weights that make every token felt at every step."""
    old = model.get_weights()
    model.set_weights([w + np.random.normal(0, 0.5, w.shape).astype(w.dtype) for w in old])
    return model


@exercise.check(
    points=0.75, cases=kinds, judge=exact(secret=False), helpers=(weighted,), seconds=10
)
def model_form(program, source, target, units, attention):
    """Two inputs, logits for each step, attention where it is asked for, and all of it learns"""
    model = program.build_encoder_decoder(source, target, units, attention)
    shapes = {
        "inputs": ", ".join(str(tuple(item.shape)) for item in model.inputs),
        "output": str(model.output_shape),
    }
    expected = {
        "inputs": f"{(None, source[0])}, {(None, target[0])}",
        "output": str((None, *target)),
    }
    if shapes != expected:
        return shapes
    tokens, teacher = np.ones((2, source[0]), "int32"), np.ones((2, target[0]), "int32")
    logits = probes.to_arrays(weighted(model)([tokens, teacher]))
    kinds = [layer["class"] for layer in probes.layers(model)]
    return shapes | {
        "AdditiveAttention layers": kinds.count("AdditiveAttention"),
        "outputs can be negative, as logits are": bool((logits < 0).any()),
        "outputs add up to 1, as after a softmax": bool(np.allclose(logits.sum(axis=-1), 1)),
        "every weight can learn": len(model.trainable_weights) == len(model.weights),
    }


@exercise.check(
    points=0.5, cases=attending, judge=exact(secret=False), helpers=(weighted,), seconds=10
)
def any_length(program, source, target, units, attention):
    """All steps share their weights, so that they fit other lengths, and padding moves nothing"""
    model = weighted(program.build_encoder_decoder(source, target, units, attention))
    longer = [(length + 3, count) for length, count in (source, target)]
    other = program.build_encoder_decoder(*longer, units, attention)
    shapes, others = ([w.shape for w in net.get_weights()] for net in (model, other))
    if shapes != others:
        return {"weights of the same shapes": False}
    other.set_weights(model.get_weights())
    tokens = np.arange(2 * source[0]).reshape(2, -1) % (source[1] - 1) + 1
    teacher = np.arange(2 * target[0]).reshape(2, -1) % target[1]
    short = probes.to_arrays(model([tokens.astype("int32"), teacher.astype("int32")]))
    tokens, teacher = (np.pad(item, ((0, 0), (0, 3))) for item in (tokens, teacher))
    long = probes.to_arrays(other([tokens.astype("int32"), teacher.astype("int32")]))
    return {
        "weights of the same shapes": True,
        "three padded positions more change the logits": not np.allclose(
            short, long[:, : target[0]], atol=1e-4
        ),
    }


@exercise.check(
    points=0.75, cases=teacher_moved, judge=exact(), helpers=(weighted, moved), seconds=10
)
def sees_no_future(program, source, target, units, attention, tokens, teacher, places):
    """The logits of a step hang on the teacher's tokens up to that step, and on none after it"""
    model = weighted(program.build_encoder_decoder(source, target, units, attention))
    read = np.repeat(teacher[None], 1 + len(places), axis=0)
    read[np.arange(len(places)) + 1, places] += 1
    found = moved(model, np.repeat(tokens[None], len(read), axis=0), read)
    return {
        f"steps that hang on the teacher's token {place}": steps
        for place, steps in zip(places, found, strict=True)
    }


@exercise.check(
    points=0.75,
    cases=source_moved,
    judge=exact(secret=False),
    helpers=(weighted, moved),
    seconds=10,
)
def sees_the_source(program, source, target, units, attention, tokens, teacher, places):
    """Without attention, too, all logits hang on every token of the source"""
    model = weighted(program.build_encoder_decoder(source, target, units, attention))
    real = np.flatnonzero(tokens)
    read = np.repeat(tokens[None], 1 + len(real), axis=0)
    read[np.arange(len(real)) + 1, real] += 1
    found = moved(model, read, np.repeat(teacher[None], len(read), axis=0))
    return {
        f"steps that hang on source token {place}": steps
        for place, steps in zip(real, found, strict=True)
    }


@exercise.check(
    points=1.25,
    cases=date_task,
    judge=accuracy(FLOOR, TYPICAL),
    tries=3,
    seconds=60,
)
def learns_dates(program, source, tokens, said, new_tokens):
    """With attention and 32 units it learns to read dates, on unseen ones and without a teacher"""
    steps, sos = said.shape[1], 10
    model = program.build_encoder_decoder(source, (steps, 11), 32, True)
    model.compile(
        optimizer=keras.optimizers.Adam(0.015, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=False,
    )
    model.optimizer.build(model.trainable_variables)  # else the training step is traced twice
    read = np.concatenate([np.full((len(said), 1), sos), said[:, :-1]], axis=1)
    data = [tokens.astype("int32"), read.astype("int32")]
    history = model.fit(data, said.astype("int32"), batch_size=32, epochs=8, verbose=0)

    read = np.full((len(new_tokens), steps), sos, "int32")
    found = np.zeros((len(new_tokens), steps), int)
    for t in range(steps):
        logits = model.predict([new_tokens.astype("int32"), read], batch_size=300, verbose=0)
        found[:, t] = logits[:, t].argmax(axis=-1)
        read[:, t + 1 : t + 2] = found[:, t : t + 1]
    numbers = found @ 10 ** np.arange(steps)[::-1]  # 870903 is one class
    return {"predictions": numbers, "losses": np.array(history.history["loss"])}


READ = "mask_zero=True"
STATES = "S = keras.layers.GRU(units, return_sequences=True)(said, initial_state=start)"
ATTENDED = "context = keras.layers.AdditiveAttention()([query, H, key])"
LOGITS = "logits = keras.layers.Dense(target[1])(S)"
MODEL = "return keras.Model([tokens, teacher], logits)"
exercise.variant(
    "SQ2",
    "Your decoder starts from zeros: what the encoder knows at the end never reaches it. Without "
    "attention it knows nothing of the source at all.",
    {STATES: STATES.replace(", initial_state=start", "")},
)
exercise.variant(
    "SQ1",
    "Your decoder reads the teacher's tokens in both directions: at each step it sees what it is "
    "to say. In training that is easy; without a teacher there is nothing to see.",
    {
        STATES: "S = keras.layers.Bidirectional(keras.layers.GRU(units, return_sequences=True))"
        "(said, initial_state=[start, start])"
    },
)
exercise.variant(
    "ED1",
    "Your attention looks at the decoder's own states, also those of later steps. The value and "
    "the key are the encoder's states.",
    {
        "key = keras.layers.Dense(units, use_bias=False)(H)": (
            "key = keras.layers.Dense(units, use_bias=False)(S)"
        ),
        ATTENDED: ATTENDED.replace("H", "S"),
    },
)
exercise.variant(
    "ED2",
    "Your model has no attention although it is asked for.",
    {"if attention:": "if False:"},
)
exercise.variant(
    "ED3",
    "Your model has attention whether it is asked for or not.",
    {"if attention:": "if True:"},
)
exercise.variant(
    "ED4",
    "Your model ends in a softmax. Logits are wanted: the loss takes their softmax itself, and "
    "more exactly.",
    {LOGITS: 'logits = keras.layers.Dense(target[1], activation="softmax")(S)'},
)
exercise.variant(
    "ED5",
    "Your model puts out the logits of one step. They are wanted for every step.",
    {MODEL: "return keras.Model([tokens, teacher], logits[:, -1])"},
)
exercise.variant(
    "ED6",
    "Padding takes part in your encoder. The embedding can tell the layers after it that token 0 "
    "is to be skipped.",
    {READ: "mask_zero=False"},
)
exercise.variant(
    "ED7",
    "The two inputs come in exchanged order: first the source, then the teacher's tokens.",
    {MODEL: "return keras.Model([teacher, tokens], logits)"},
)
exercise.variant(
    "ED8",
    "A part of your model is not trainable, so that it stays as it was drawn.",
    {
        "encoder = keras.layers.GRU(units, ": "encoder = keras.layers.GRU(units, trainable=False, ",
    },
)
exercise.variant(
    "ED9",
    "Your logits pass a relu. A logit may be negative; the last layer has no activation.",
    {LOGITS: 'logits = keras.layers.Dense(target[1], activation="relu")(S)'},
)


@exercise.variant("AT5")
def decoder_step_by_step(source, target, units, attention):
    """Each step has a layer of its own. Make the layer once and call it at every step: all steps
    share their weights, so that their number depends on no length.
    """
    tokens = keras.Input((source[0],), dtype="int32")
    teacher = keras.Input((target[0],), dtype="int32")
    read = keras.layers.Embedding(source[1], 16, mask_zero=True)(tokens)
    encoder = keras.layers.GRU(units, return_sequences=True, return_state=True)
    H, *ends = keras.layers.Bidirectional(encoder)(read)
    state = keras.layers.Dense(units, activation="tanh")(keras.layers.Concatenate()(ends))
    said = keras.layers.Embedding(target[1], 16)(teacher)
    cell = keras.layers.GRUCell(units)
    S = []
    for t in range(target[0]):
        _, state = cell(said[:, t], [state])
        state = state[0] if isinstance(state, (list, tuple)) else state
        S.append(state)
    S = keras.layers.Lambda(lambda states: keras.ops.stack(states, axis=1))(S)
    if attention:
        query = keras.layers.Dense(units, use_bias=False)(S)
        key = keras.layers.Dense(units, use_bias=False)(H)
        context = keras.layers.AdditiveAttention()([query, H, key])
        S = keras.layers.Concatenate()([S, context])
    rows = [keras.layers.Dense(target[1])(S[:, t]) for t in range(target[0])]
    logits = keras.layers.Lambda(lambda rows: keras.ops.stack(rows, axis=1))(rows)
    return keras.Model([tokens, teacher], logits)


@exercise.variant("SQ3")
def decoder_on_its_own(source, target, units, attention):
    """Your decoder never reads the teacher's tokens: it goes on with what it would have said
    itself. While it learns that is mostly wrong; it should be told the right token of each step
    before.
    """
    tokens = keras.Input((source[0],), dtype="int32")
    teacher = keras.Input((target[0],), dtype="int32")
    read = keras.layers.Embedding(source[1], 16, mask_zero=True)(tokens)
    encoder = keras.layers.GRU(units, return_sequences=True, return_state=True)
    H, *ends = keras.layers.Bidirectional(encoder)(read)
    state = keras.layers.Dense(units, activation="tanh")(keras.layers.Concatenate()(ends))
    embedding = keras.layers.Embedding(target[1], 16)
    cell, readout = keras.layers.GRUCell(units), keras.layers.Dense(target[1])
    query, key = (keras.layers.Dense(units, use_bias=False) for _ in range(2))
    look = keras.layers.AdditiveAttention()
    row = keras.ops.zeros_like(teacher[:, 0])
    rows = []
    for _ in range(target[0]):
        _, state = cell(embedding(row), [state])
        state = state[0] if isinstance(state, (list, tuple)) else state
        s = state
        if attention:
            context = look([query(s[:, None]), H, key(H)])
            s = keras.layers.Concatenate()([s, context[:, 0]])
        rows.append(readout(s))
        row = keras.ops.argmax(rows[-1], axis=-1)
    return keras.Model([tokens, teacher], keras.ops.stack(rows, axis=1))


@exercise.equivalent("LSTM, directions added")
def translator_with_lstm(source, target, units, attention):
    tokens = keras.layers.Input((source[0],), name="source")
    teacher = keras.layers.Input((target[0],), name="teacher")
    read = keras.layers.Embedding(source[1], 24, mask_zero=True)(tokens)
    encoder = keras.layers.Bidirectional(
        keras.layers.LSTM(units, return_sequences=True, return_state=True), merge_mode="sum"
    )
    H, h, c, h_back, c_back = encoder(read)
    said = keras.layers.Embedding(target[1], 24)(teacher)
    S = keras.layers.LSTM(units, return_sequences=True)(
        said, initial_state=[keras.layers.add([h, h_back]), keras.layers.add([c, c_back])]
    )
    if attention:
        key = keras.layers.Dense(units)(H)
        context = keras.layers.AdditiveAttention()([S, H, key])
        S = keras.layers.concatenate([context, S])
    return keras.Model(inputs=[tokens, teacher], outputs=keras.layers.Dense(target[1])(S))


exercise.equivalent(
    "one more layer before the logits",
    {LOGITS: f'S = keras.layers.Dense(units, activation="tanh")(S)\n    {LOGITS}'},
)


@exercise.symptom(
    "flat", "The loss hardly moves: no gradient reaches the weights, or the model is not trainable."
)
def flat(got: Any) -> bool:
    losses = got.get("losses", np.zeros(0))
    return len(losses) > 3 and bool(losses[-1] > 0.95 * losses[0])


@exercise.symptom(
    "copies",
    "The loss falls to almost nothing in an epoch or two, and yet without a teacher nothing comes "
    "out: at each step your decoder sees the token that it is to say.",
)
def copies(got: Any) -> bool:
    losses = got.get("losses", np.zeros(0))
    return len(losses) > 3 and bool(losses[2] < 0.02)
