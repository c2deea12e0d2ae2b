"""Judges as plain data, as a release carries them to students."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from autograder.judging.detection import AveragePrecision, Recall
from autograder.judging.judge import Judge
from autograder.judging.judges import Close, Exact, Unchanged
from autograder.judging.laws import EqualSides
from autograder.judging.statistical import Accuracy, AtMost, Within

KINDS: Final[dict[str, Any]] = {
    kind.__name__: kind
    for kind in (
        *(Close, Exact, Unchanged, EqualSides),
        *(AtMost, Accuracy, Within, Recall, AveragePrecision),
    )
}


def to_data(judge: Judge, source_of: Callable[[Any], str]) -> dict[str, Any]:
    """Return a judge as plain data; functions become their text by `source_of`."""
    given = {
        name: {"source": source_of(value)} if callable(value) else value
        for name, value in vars(judge).items()
    }
    return {"kind": type(judge).__name__, "fields": given}


def from_data(data: dict[str, Any], function_of: Callable[[str], Any]) -> Judge:
    """Return the judge that `to_data` described; none but those of `KINDS` can come back.

    Only the fields of its class are taken: in earlier releases the data repeats facts that are now
    the class's own, `needs_reference` among them.

    Raises:
        KeyError: there is no such kind of judge.
    """
    kind = KINDS[data["kind"]]
    own = {field.name for field in fields(kind)}
    given = {
        name: function_of(value["source"]) if isinstance(value, dict) else value
        for name, value in data["fields"].items()
        if name in own
    }
    judge: Judge = kind(**given)
    return judge
