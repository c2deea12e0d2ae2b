"""Unit 13, `greedy_decode`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import Case, Exercise, exact

from .cases import asked, both, greedy_tables

exercise = Exercise("greedy_decode", points=3)


def ending(rng: np.random.Generator) -> Iterator[Case]:
    yield greedy_tables(rng, "eos comes as the fourth token", 9, 7, 4)
    yield greedy_tables(rng, "eos comes as the sixth token", 9, 9, 6)
    yield greedy_tables(rng, "eos comes at once", 5, 6, 1)


def endless(rng: np.random.Generator) -> Iterator[Case]:
    yield greedy_tables(rng, "eos doesn't come", 6, 9, None)
    yield greedy_tables(rng, "eos doesn't come", 8, 12, None)


@exercise.check(points=0.5, cases=both, judge=exact(secret=False), helpers=(asked,))
def greedy_form(program, table, sos, eos, max_len):
    """`greedy_decode` returns a list of integers, without `sos`"""
    tokens = program.greedy_decode(asked(table, sos, []), sos, eos, max_len)
    return {
        "type": type(tokens).__name__,
        "all are integers": all(isinstance(token, (int, np.integer)) for token in tokens),
        "sos is among them": sos in list(tokens),
    }


@exercise.check(points=1, cases=ending, judge=exact(), helpers=(asked,))
def greedy_to_eos(program, table, sos, eos, max_len):
    """It goes on with the likeliest token until `eos`, which belongs to the result"""
    tokens = list(program.greedy_decode(asked(table, sos, []), sos, eos, max_len))
    return tokens[tokens[:1] == [sos] :]  # what is wrong with that, the form says


@exercise.check(points=0.75, cases=endless, judge=exact(), helpers=(asked,))
def greedy_to_max_len(program, table, sos, eos, max_len):
    """Where `eos` doesn't come, `max_len` tokens are written"""
    tokens = list(program.greedy_decode(asked(table, sos, []), sos, eos, max_len))
    return tokens[tokens[:1] == [sos] :]  # what is wrong with that, the form says


@exercise.check(points=0.75, cases=both, judge=exact(), helpers=(asked,))
def greedy_prefixes(program, table, sos, eos, max_len):
    """`step` is asked once for each token, with `sos` and all that has been written so far"""
    prefixes = []
    program.greedy_decode(asked(table, sos, prefixes), sos, eos, max_len)
    return {"prefixes": prefixes}


GREEDY_STEP = "token = int(np.argmax(step(prefix)))"
GREEDY_LOOP = "while len(prefix) <= max_len:"
GREEDY_GROW = "prefix = [*prefix, token]"
GREEDY_END = "        if token == eos:\n            break\n"
GREEDY_BACK = "return prefix[1:]"
exercise.variant(
    "GD1",
    "You take the least likely token.",
    {GREEDY_STEP: GREEDY_STEP.replace("argmax", "argmin")},
)
exercise.variant(
    "GD2",
    "Your result begins with `sos`. It is read, never written.",
    {GREEDY_BACK: "return prefix"},
)
exercise.variant(
    "GD3",
    "`eos` is missing from your result. It was written, and belongs to it.",
    {f"{GREEDY_GROW}\n{GREEDY_END}": f"{GREEDY_END.lstrip()}        {GREEDY_GROW}\n"},
)
exercise.variant(
    "GD4",
    "You go on after `eos`. The sequence ends there.",
    {GREEDY_END: ""},
)
exercise.variant(
    "GD5",
    "You write one token too few: `max_len` counts the tokens that are written, and `sos` is none "
    "of them.",
    {GREEDY_LOOP: GREEDY_LOOP.replace("<=", "<")},
)
exercise.variant(
    "SQ3",
    "Your decoder always reads the same beginning: what it has written does not go back in. Each "
    "token belongs to the prefix of the next step.",
    {
        GREEDY_LOOP: "written = []\n    while len(written) < max_len:",
        GREEDY_GROW: "written.append(token)",
        GREEDY_BACK: "return written",
    },
)
exercise.variant(
    "GD6",
    "`step` gets the last token alone. It wants the whole prefix, `sos` and all that has been "
    "written.",
    {"argmax(step(prefix))": "argmax(step(prefix[-1:]))"},
)
exercise.variant(
    "GD7",
    "You hand on what has been written without `sos`, but for the first step. Every prefix begins "
    "with it.",
    {"argmax(step(prefix))": "argmax(step(prefix[1:] or prefix))"},
)
exercise.variant(
    "GD8",
    "You ask `step` twice for each token. With a network behind it, that takes twice as long; keep "
    "what it gave.",
    {GREEDY_STEP: f"step(prefix)\n        {GREEDY_STEP}"},
)
exercise.variant(
    "GD9",
    "Your result is an array. A list of integers is wanted.",
    {GREEDY_BACK: "return np.array(prefix[1:])"},
)


@exercise.equivalent("for, list.index")
def greedy_with_for(step, sos, eos, max_len):
    tokens = []
    for _ in range(max_len):
        logp = list(step([sos] + tokens))  # noqa: RUF005
        tokens.append(logp.index(max(logp)))
        if tokens[-1] == eos:
            return tokens
    return tokens


@exercise.equivalent("recursive, NumPy integers")
def greedy_recursive(step, sos, eos, max_len):
    def rest(prefix, left):
        if left == 0 or prefix[-1] == eos:
            return []
        token = np.asarray(step(prefix)).argmax()
        return [token, *rest([*prefix, token], left - 1)]

    return rest([sos], max_len)
