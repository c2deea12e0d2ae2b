"""Preparing evidence: what the reference and the known mistakes of a unit give for one seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial

from autograder.course.exercise import Alternative, Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.cache import EvidenceCache
from autograder.grading.lending import Recorder
from autograder.grading.prepared import content_of
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.sandbox.pool import Pool
from autograder.wire.evidence import Evidence


class _Recording(EvidenceCache):
    """Evidence in memory, or of another cache, that remembers what it was asked for."""

    def __init__(self, kept: EvidenceCache) -> None:
        super().__init__(None)
        self._kept = kept
        self.found: dict[str, list[Evidence]] = {}

    def get(self, key: str, compute: Callable[[], list[Evidence]]) -> list[Evidence]:
        self.found[key] = self._kept.get(key, compute)
        return self.found[key]


def prepare(
    loaded: LoadedUnit,
    seed: str,
    pool: Pool,
    kept: EvidenceCache,
    jobs: int,
    step: Callable[[], object],
) -> bytes:
    """Return the content of a unit's file of prepared evidence.

    Args:
        loaded: the unit.
        seed: what the hidden cases are drawn from.
        pool: where programs run.
        kept: evidence that need not be computed again.
        jobs: how many programs are observed at a time.
        step: called after each of `steps`.

    Raises:
        SandboxError: the reference fails, or the sandbox.
    """
    cache = _Recording(kept)
    with closing(ReferenceOracle(loaded, seed, pool, cache)) as oracle:
        with ThreadPoolExecutor(jobs) as slots:
            for asked in [slots.submit(ask) for ask in _questions(oracle)]:
                asked.result()
                step()
        return content_of(cache.found, seed, oracle.binding)


def steps(loaded: LoadedUnit) -> int:
    """Return how many steps preparing a unit takes."""
    return sum(1 + len(exercise.variants) for exercise in loaded.unit.exercises)


def _questions(oracle: ReferenceOracle) -> Iterator[Callable[[], None]]:
    for exercise in oracle.loaded.unit.exercises:
        yield partial(_ask_reference, oracle, exercise)
        for variant in exercise.variants:
            yield partial(_ask_variant, oracle, exercise, variant)


def _ask_reference(oracle: ReferenceOracle, exercise: Exercise) -> None:
    for check in exercise.checks:
        for attempt in range(check.tries if check.judge.needs_reference else 0):
            for want in oracle.wanted(oracle.trial(exercise, check, attempt)):
                want.measured  # noqa: B018  # which asks for the sensitivity
    if exercise.borrows:
        with ExitStack() as observers:
            recorder = Recorder(oracle, observers)
            for check in exercise.checks:
                for attempt in range(check.tries):
                    for observation in oracle.trial(exercise, check, attempt).observations:
                        recorder.reference(exercise, observation)


def _ask_variant(oracle: ReferenceOracle, exercise: Exercise, variant: Alternative) -> None:
    for check in exercise.checks:
        if check.judge.recognises_variants:
            oracle.variant(exercise, variant, oracle.trial(exercise, check))
