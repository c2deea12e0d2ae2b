"""Records: what is written is read again, and what is broken is named."""

from __future__ import annotations

import json
import math
import re
from dataclasses import fields, replace

import jsonschema
import pytest
from support.places import ROOT
from support.results import (
    backward,
    faulty,
    mixed,
    perfect,
    result_of,
    ungradable,
)

from autograder.report.phrases import WORDS
from autograder.results.record import RecordError, dumps, loads, schema, schema_text
from autograder.results.result import CellRun, ExerciseResult, Finding, Place, Result

DOCS = ROOT / "docs"


def test_record_survives_writing_and_reading() -> None:
    for result in [perfect(), ungradable(), faulty()]:
        assert loads(dumps(result)) == result
    # Seconds are rounded, so this one comes back the same only the second time.
    assert loads(dumps(loads(dumps(mixed())))) == loads(dumps(mixed())) != mixed()


@pytest.mark.parametrize("deviation", [math.inf, -math.inf, math.nan, 0.0, 65.5, None])
def test_any_deviation_survives_in_strict_json(deviation: float | None) -> None:
    text = dumps(result_of(backward(deviation=deviation)))
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    read = loads(text).exercises[0].findings[1].deviation
    assert repr(read) == repr(deviation)


def test_record_has_no_noise_and_one_form() -> None:
    result = result_of(backward(points=0.1 + 0.2), points=2, versions={"b": "1", "a": "2"})
    text = dumps(result)
    assert '"points": 0.3,' in text
    assert '"points": 2.0,' in text
    assert text == dumps(replace(result, points=2.0, versions={"a": "2", "b": "1"}))
    assert text.endswith("}\n")


def test_record_refuses_points_that_are_not_finite() -> None:
    with pytest.raises(RecordError, match="not finite"):
        dumps(replace(perfect(), points=math.nan))


def test_record_takes_text_that_cannot_be_encoded() -> None:
    result = replace(mixed(), notes=("half a pair: \ud83d \x00\x1b",))
    assert "half a pair" in loads(dumps(result).encode().decode()).notes[0]


@pytest.mark.parametrize("cut", [0, 1, 100, -3])
def test_truncated_record_says_what_to_do(cut: int) -> None:
    with pytest.raises(RecordError, match="cut off or changed: grade the submission again"):
        loads(dumps(mixed())[:cut])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"schema_version": 1', '"schema_version": 2', "schema_version 2; this version"),
        ('"schema_version": 1', '"schema_version": true', "schema_version True"),
        ('"schema_version": 1', '"other": 1', "schema_version None"),
        ('"points": 11.0', '"points": "11"', "`points`: Input should be a valid number"),
        ('"points": 11.0', '"points": NaN', "NaN is not JSON"),
        ('"points": 11.0', '"points": 1e999', "too large"),
        ('"verdict": "stub"', '"verdict": "perfect"', r"`exercises\.5\.findings\.0\.verdict`"),
        ('"student": "ada",', "", "`student`: "),
    ],
)
def test_broken_record_is_named(old: str, new: str, message: str) -> None:
    text = dumps(mixed())
    assert old in text
    with pytest.raises(RecordError, match=message):
        loads(text.replace(old, new, 1))


@pytest.mark.parametrize("text", ["[]", "null", '"x"', "[" * 100_000])
def test_other_json_is_no_record(text: str) -> None:
    with pytest.raises(RecordError):
        loads(text)


def test_record_of_a_later_minor_version_is_read() -> None:
    data = json.loads(dumps(perfect())) | {"mood": "sunny"}
    assert loads(json.dumps(data)) == perfect()


def test_records_agree_with_the_schema() -> None:
    validator = jsonschema.Draft202012Validator(schema())
    for result in [mixed(), ungradable(), result_of(backward(deviation=math.nan))]:
        validator.validate(json.loads(dumps(result)))
    broken = json.loads(dumps(mixed())) | {"schema_version": 2, "points": "many"}
    assert len(list(validator.iter_errors(broken))) == 2


def test_committed_schema_is_current() -> None:
    # python -c "from autograder.results.record import *; print(schema_text(), end='')"
    assert (DOCS / "result.schema.json").read_text() == schema_text()


@pytest.mark.parametrize("kind", [Result, ExerciseResult, Finding, Place, CellRun])
def test_every_field_is_documented(kind: type) -> None:
    text = (DOCS / "result.md").read_text()
    section = text.split(f"(`{kind.__name__}`)")[1].split("\n#")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.M) == [field.name for field in fields(kind)]


def test_every_verdict_is_documented() -> None:
    text = (DOCS / "result.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", text, re.M))
    assert {verdict: rows.get(verdict) for verdict in WORDS} == WORDS
