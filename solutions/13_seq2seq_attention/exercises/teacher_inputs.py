"""Unit 13, `teacher_inputs`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, exact, unchanged

exercise = Exercise("teacher_inputs", points=2)


def targets(rng: np.random.Generator) -> Iterator[Case]:
    """Tokens from 0 on, so that `sos` is none of them; more steps than examples and fewer."""
    for label, shape in (
        ("four examples, six steps", (4, 6)),
        ("five examples, three steps", (5, 3)),
        ("one example", (1, 7)),
        ("one step", (3, 1)),
    ):
        yield Case({"Y": rng.integers(0, 40, shape), "sos": int(rng.integers(41, 60))}, label)


def one_token(rng: np.random.Generator) -> Iterator[Case]:
    """`place` is the step whose token will be changed."""
    for label, steps in (("eight steps", 8), ("twelve steps", 12), ("nine steps", 9)):
        Y = rng.integers(0, 40, (3, steps))
        place = int(rng.integers(1, steps - 1))
        yield Case({"Y": Y, "sos": 41, "place": place}, label)


@exercise.check(points=1, cases=targets, judge=exact())
def teacher_values(program, Y, sos):
    """The decoder reads `sos` first, then the right token of the step before"""
    return program.teacher_inputs(Y, sos)


def steps_that_hang(value, inputs):
    """The steps whose input is another one when the token of one step is."""
    moved = (np.asarray(value["before"]) != np.asarray(value["after"])).any(axis=0)
    return {"steps whose input hangs on the token of one step": np.flatnonzero(moved)}


@exercise.check(points=0.5, cases=one_token, judge=exact(), measure=steps_that_hang)
def teacher_leaks_nothing(program, Y, sos, place):
    """What is read at a step does not hang on the token that is to be said there, or later"""
    changed = Y.copy()
    changed[:, place] += 50
    before, after = (np.array(program.teacher_inputs(item.copy(), sos)) for item in (Y, changed))
    return {"before": before, "after": after}


@exercise.check(points=0.5, cases=targets, judge=unchanged())
def teacher_arguments_unchanged(program, Y, sos):
    """The caller's tokens stay as they were"""
    program.teacher_inputs(Y, sos)
    return {"Y": Y}


START = "start = np.full((len(Y), 1), sos, dtype=Y.dtype)"
SHIFTED = "return np.concatenate([start, Y[:, :-1]], axis=1)"
exercise.variant(
    "SQ1",
    "Your tokens are not moved: at each step the decoder reads the very token that it is to say. "
    "It learns to copy, its loss goes to 0, and without a teacher it can do nothing.",
    {SHIFTED: "return Y.copy()"},
)
exercise.variant(
    "SQ1b",
    "You put `sos` over the first token and leave the others where they are: from the second step "
    "on, the decoder reads the token that it is to say. All tokens move by one step.",
    {SHIFTED: "return np.concatenate([start, Y[:, 1:]], axis=1)"},
)
exercise.variant(
    "SQ1c",
    "Your tokens are moved the wrong way: at each step the decoder reads the token *after* the one "
    "that it is to say. It has to read the one before.",
    {SHIFTED: "return np.concatenate([Y[:, 1:], start], axis=1)"},
)
exercise.variant(
    "SQ4",
    "Your result is one step longer than Y. The last token is never read: after it there is "
    "nothing to say.",
    {SHIFTED: "return np.concatenate([start, Y], axis=1)"},
)
exercise.variant(
    "SQ5",
    "The last token comes round to the front. At the first step nothing has been said yet, and the "
    "decoder reads `sos`.",
    {SHIFTED: "return np.roll(Y, 1, axis=1)"},
)
exercise.variant(
    "SQ6",
    "You move from example to example instead of from step to step: time is axis 1.",
    {SHIFTED: "return np.concatenate([np.full_like(Y[:1], sos), Y[:-1]], axis=0)"},
)
exercise.variant(
    "SQ7",
    "The first input is 0. It should be `sos`, whichever number that is.",
    {START: "start = np.zeros((len(Y), 1), dtype=Y.dtype)"},
)
exercise.variant(
    "SQ8",
    "Your tokens come as floating-point numbers. Tokens are integers: they look up a row of an "
    "embedding.",
    {START: "start = np.full((len(Y), 1), float(sos))"},
)


@exercise.variant("SQ9")
def shifted_in_place(Y, sos):
    """Your numbers are right, but you write them into the caller's array: the tokens to be said are
    gone. Make a new one.
    """
    Y[:, 1:] = Y[:, :-1].copy()
    Y[:, 0] = sos
    return Y


@exercise.equivalent("np.roll, then sos")
def shifted_by_roll(Y, sos):
    moved = np.roll(Y, 1, axis=1)
    moved[:, 0] = sos
    return moved


@exercise.equivalent("row by row")
def shifted_row_by_row(Y, sos):
    return np.array([[sos, *row[:-1]] for row in Y.tolist()])


@exercise.equivalent("np.pad")
def shifted_by_padding(Y, sos):
    return np.pad(Y, ((0, 0), (1, 0)), constant_values=sos)[:, :-1]
