"""What an export of Gradescope says of its folders, and files that would take long to read."""

from __future__ import annotations

import time

import pytest

from autograder.submissions import gradescope_export

PEOPLE = """\
submission_1:
  :submitters:
  - :name: Ada Moreau
    :sid: '41'
    :email: ada@x.edu
  :created_at: 2024-01-01 10:00:00
  :results: "submission_2: printed by a student"
"""
ALIASES = "".join(f"  - &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
SLOW = {
    "aliases": f"submission_1:\n  :submitters:\n  - &a0 {{name: x}}\n{ALIASES}"
    "  - {name: *a59, email: a@b}\n  :created_at: *a59\n",
    "nested": "submission_1:\n  :submitters: " + "[" * 20_000,
    "large": PEOPLE * 20_000,
}


def test_submitters_and_times_are_read() -> None:
    found = gradescope_export.submitters(PEOPLE.encode())
    assert list(found) == ["submission_1"]
    (label,) = found["submission_1"]
    assert (label.person.name, label.person.number) == ("Ada Moreau", "41")
    assert label.when == "2024-01-01 10:00:00"


@pytest.mark.parametrize("name", SLOW)
def test_what_would_take_long_is_read_at_once_or_not_at_all(name: str) -> None:
    began = time.process_time()
    found = gradescope_export.submitters(SLOW[name].encode())
    assert time.process_time() - began < 3
    assert all(len(label.person.name) < 100 for labels in found.values() for label in labels)
