"""A short run of the fuzzing in fuzz.py; docs/robustness.md has the long one."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.fuzz import CHECKS, example, message_of, odd_notebook
from support.places import ROOT

from autograder.wire.codec import CodecError, unpack

pytestmark = pytest.mark.filterwarnings("ignore")

unhurried = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@pytest.mark.parametrize("kind", CHECKS)
@settings(unhurried, max_examples=60)
@given(rng=st.randoms(use_true_random=False))
def test_nothing_that_arrives_is_more_than_refused(kind: str, rng: random.Random) -> None:
    example(kind, rng)


@pytest.mark.parametrize(("kind", "count"), [("messages", "4000"), ("notebooks", "60")])
def test_a_short_run_of_the_long_one(kind: str, count: str) -> None:
    script = ROOT / "tests" / "support" / "fuzz.py"
    done = subprocess.run(
        [sys.executable, script, kind, "--count", count, "--seed", "short"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_same_seed_makes_the_same_examples() -> None:
    for make in (message_of, odd_notebook):
        assert make(random.Random("1 5")) == make(random.Random("1 5"))
        assert len({make(random.Random(f"1 {n}")) for n in range(20)}) > 15


def test_some_of_what_is_made_is_right() -> None:
    right = 0
    for number in range(200):
        try:
            unpack(message_of(random.Random(f"1 {number}")))
            right += 1
        except CodecError:
            pass
    assert 20 < right < 180
