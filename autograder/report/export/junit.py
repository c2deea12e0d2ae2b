"""JUnit XML, which CI systems show as tests: one suite a submission, one test case a check."""

from __future__ import annotations

import io
from collections.abc import Iterable

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from autograder.report import phrases
from autograder.report.sanitize import inert, one_line
from autograder.results.result import ExerciseResult, Finding, Result

# XML 1.0 has no such characters, not even escaped; `inert` has taken the control characters away.
_NO_XML = {0xFFFE: None, 0xFFFF: None}


def render(results: Iterable[Result]) -> str:
    """Return all results as one document.

    A check that is not passed is a failure, one that the grader failed in an error, and one that
    was not counted is skipped.  What could not be graded is one error.
    """
    document = JUnitXml("autograder")
    for result in phrases.in_order(results):
        document.add_testsuite(_suite(result))
    file = io.BytesIO()
    document.write(file, pretty=True)
    return file.getvalue().decode("utf-8")


def _suite(result: Result) -> TestSuite:
    name = f"{_text(result.unit)} {_text(phrases.student_name(result))}"
    suite = TestSuite(name.strip())
    suite.time = _seconds(result.seconds)
    shown = {
        "points": phrases.earned(result),
        "max_points": phrases.number(result.max_points),
        "isolation": result.isolation,
        "backend": result.backend,
        "device": result.device,
    }
    for key, value in shown.items():
        suite.add_property(key, _text(value))
    if result.status == "ungradable":
        case = TestCase("can be graded", _text(result.unit))
        case.result = [Error(_text(result.problem), "ungradable")]
        suite.add_testcase(case)
    for exercise in result.exercises:
        for finding in exercise.findings:
            suite.add_testcase(_case(result, exercise, finding))
    if result.status == "fault" and not result.exercises:
        case = TestCase("can be graded", _text(result.unit))
        case.result = [Error(_text(phrases.problem(result)), "fault")]
        suite.add_testcase(case)
    return suite


def _case(result: Result, exercise: ExerciseResult, finding: Finding) -> TestCase:
    where = f"{_text(result.unit)}.{_text(exercise.exercise)}"
    title = f"{_text(finding.claim)} [{phrases.share(finding)}]"
    case = TestCase(title, where, _seconds(finding.seconds))
    kind = {"fault": Error, "skipped": Skipped}.get(finding.verdict, Failure)
    if finding.verdict != "passed":
        outcome = kind(_text(phrases.headline(finding)), phrases.WORDS[finding.verdict])
        outcome.text = _told(finding)
        case.result = [outcome]
    elif finding.remarks:
        case.system_out = _told(finding)
    return case


def _told(finding: Finding) -> str:
    lines = [sentence.line for sentence in phrases.sentences(finding)]
    if finding.place and finding.verdict != "passed":
        lines.append(f"{phrases.where(finding.place)}: {finding.place.code}")
    return inert("\n".join(lines)).translate(_NO_XML)


def _seconds(seconds: float) -> float:
    """Return seconds as a record keeps them."""
    return float(f"{seconds:.4g}")


def _text(text: str) -> str:
    return one_line(text, 1000).translate(_NO_XML)
