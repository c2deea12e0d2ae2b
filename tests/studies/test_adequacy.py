"""The mutants of the adequacy study: what the operators make, and what the study says of it."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import adequacy
import pytest
from rich.progress import Progress

from autograder.course.exercise import Alternative
from autograder.course.unit import LoadedUnit
from autograder.sandbox.pool import Pool
from autograder.sandbox.watch import Stopped
from autograder.wire.observation import Observation

CELL = '''
import numpy as np

def other(a):
    return a + 1

def scaled(X: np.ndarray, c: float = 2.0) -> np.ndarray:
    """Says nothing."""
    total = np.sum(X, axis=1, keepdims=True)
    if c < 0 and c != -1:
        total = -total
    return X[1:] * c / total.T
'''


def test_operators_make_every_change_once() -> None:
    made = list(adequacy.mutants(CELL, "scaled"))
    assert len({mutant.source for mutant in made}) == len(made)
    assert {mutant.operator for mutant in made} == {
        "operator",
        "operand",
        "sign",
        "comparison",
        "connective",
        "constant",
        "keyword",
        "bound",
        "arguments",
        "function",
        "transposed",
        "variable",
        "statement",
    }
    for wanted in (
        "np.mean(X, axis=1, keepdims=True)",
        "np.sum(X, axis=2, keepdims=True)",
        "np.sum(X, keepdims=True)",
        "np.sum(X, axis=1, keepdims=False)",
        "np.sum(X, axis=1)",
        "if c <= 0 and c != -1",
        "if c < 0 or c != -1",
        "total = total",
        "X[:] * c / total.T",
        "X[1:] / c / total.T",
        "X[1:] * c / total\n",
        "return X[1:] * c\n",
    ):
        assert any(wanted in mutant.source + "\n" for mutant in made), wanted


def test_only_the_body_of_the_function_is_changed() -> None:
    kept = ast.dump(ast.parse(CELL).body[1])
    for mutant in adequacy.mutants(CELL, "scaled"):
        tree = ast.parse(mutant.source)
        assert ast.dump(tree.body[1]) == kept
        assert ast.unparse(tree.body[2]).startswith("def scaled(X: np.ndarray, c: float=2.0)")
        assert "Says nothing." in mutant.source


def test_a_study_tells_what_is_killed_and_lists_what_is_not(
    lines: LoadedUnit, pool: Pool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    study = adequacy.Study(lines, pool, 2)
    with Progress(disable=True) as progress:
        found = adequacy.studied(study, lines.unit.exercises[:1], 1, progress)
    study.close()
    assert {one.verdict for one in found["mutants"]} == {"killed"}
    assert [one.verdict for one in found["variants"]] == ["top 1"] * 3
    assert {one.verdict for one in found["equivalents"]} == {"passed"}
    again = [one.name for one in found["equivalents"] if one.name.startswith("reference, ")]
    assert again[:2] == ["reference, 2 threads", "reference, other seeds (1)"]
    here = adequacy.Study(lines, adequacy.Here(), 2)
    with Progress(disable=True) as progress:
        seen = adequacy.studied(here, lines.unit.exercises[:1], 1, progress)
    here.close()
    assert seen["mutants"] == [
        replace(one, explained_by=(), lost=one.lost.split(", ")[0]) for one in found["mutants"]
    ]
    two_threads = [one for one in found["equivalents"] if one.name == "reference, 2 threads"]
    assert len(two_threads) == 1
    assert seen["equivalents"] == [one for one in found["equivalents"] if one not in two_threads]
    assert (seen["variants"], seen["pairs"]) == (found["variants"], found["pairs"])
    adequacy.show(lines.name, found)
    shown = capsys.readouterr().out
    assert "| `center` |" in shown
    record = tmp_path / "found.json"
    adequacy.write({lines.name: found}, record)
    adequacy.show(lines.name, adequacy.read([record, record])[lines.name])
    assert capsys.readouterr().out == shown


def test_a_mutant_in_this_process_is_stopped_and_spoils_no_inputs() -> None:
    child = adequacy.Here().fork("numpy")
    child.request("cell", 1.0, number=1, source="def f(x):\n    while len(x):\n        x[0] += 1")
    inputs = {"x": [0]}
    asked = Observation("def o(program, x):\n    program.f(x)", inputs, 0)
    with pytest.raises(Stopped):
        child.request("cell", 1.0, number=2, source="f([0])")
    reply = child.request("observe", 1.0, asked.packed)
    assert reply["status"] != "ok"
    assert inputs == {"x": [0]}


def test_two_variants_make_a_pair_where_their_edits_do_not_touch() -> None:
    def variant(**edit: str) -> Alternative:
        return Alternative("V", "", edit)

    assert adequacy.together("a = b + c", variant(a="x"), variant(c="y")) == "x = b + y"
    assert adequacy.together("a = b + c", variant(c="long"), variant(b="")) == "a =  + long"
    touching = Alternative("T", "", {"b + c": "b"})
    assert adequacy.together("a = b + c", touching, variant(c="y")) is None
    assert adequacy.together("a = b + c", variant(a="q"), variant(q="y")) is None
    assert adequacy.together("a = b + c", variant(a="x"), Alternative("W", "", variant)) is None


def test_bounds_are_those_of_clopper_and_pearson() -> None:
    assert adequacy.share(0, 0) == "none"
    assert adequacy.share(31, 31) == "31/31 = 100.0% (88.8% to 100.0%)"
