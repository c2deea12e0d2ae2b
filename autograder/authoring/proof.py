"""Proof that a unit's checks do their work, on the unit's own programs: `check-course`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import partial

from rich.progress import Progress

from autograder.authoring.matrix import Matrix, Row, merged
from autograder.course.course import PUBLIC_SEED, Course, LoadedUnit
from autograder.course.exercise import Alternative, Check, Exercise
from autograder.course.notebook import STUB, Cell, clear_solutions, solution_lines
from autograder.grading.assessment import Assessment, evidence_key
from autograder.grading.cache import Draft, EvidenceCache
from autograder.grading.explain import same_evidence
from autograder.grading.fingerprint import key_of
from autograder.grading.grade import grade
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.judging.judge import CORRECT_FORM
from autograder.results.result import ExerciseResult
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import Submission, cells_digest
from autograder.wire.program import Program, ProgramCell

SEED = "check-course"

# CPU time from which the evidence of a variant is not made twice: Keras compiles, a net trains.
SLOW_SECONDS = 0.5

# Answers without a solution in them, for a function or for every unanswered method of a class: none
# may get a point.
HOLLOW = {
    "none": "return None",
    "zero": "return 0.0",
    "echo": "return args[0] if args else None",
    "echo_all": "return args",
}


def prove(
    course: Course,
    loaded: LoadedUnit,
    pool: Pool,
    cache: EvidenceCache,
    seeds: int,
    slots: int,
    progress: Progress,
    draws: int = 1,
) -> Matrix:
    """Runs every program of the unit.

    With several `seeds` the equivalents run on each, with several `draws` the variants: a mistake
    that the cases of one draw tell may get by those of another.

    Raises:
        FaultError: the reference can't be observed.
    """
    first = ReferenceOracle(loaded, f"{SEED}-0", pool, cache)
    public = ReferenceOracle(loaded, PUBLIC_SEED, pool, cache)
    jobs = list(_jobs(loaded, first, public))
    for index in range(1, seeds):
        jobs.append(partial(equivalents, loaded, f"{SEED}-{index}", pool, cache))
    for index in range(1, draws):
        jobs.append(partial(unseen, loaded, f"{SEED}-{index}", pool, cache))
    rows: list[Row] = []
    task = progress.add_task(loaded.name, total=len(jobs))
    try:
        with ThreadPoolExecutor(slots) as executor:
            for found in executor.map(lambda job: job(), jobs):
                rows += found
                progress.advance(task)
        problems = (*_twins(loaded, first), *_leaks(loaded), *_stale(course, loaded))
    finally:
        public.close()
        first.close()
    return Matrix(loaded.name, tuple(merged(rows)), problems)


def _jobs(
    loaded: LoadedUnit, first: ReferenceOracle, public: ReferenceOracle
) -> Iterator[Callable[[], list[Row]]]:
    yield lambda: _whole("reference", loaded, first)
    yield lambda: _whole("release", loaded, first)
    for exercise in loaded.unit.exercises:
        for name in HOLLOW:
            yield _job(_hollow, first, exercise, Alternative(name, "", {}))
        lookup = partial(_lookup, public)
        yield _job(lookup, first, exercise, Alternative("", "", {}), kind="lookup")
        for equivalent in exercise.equivalents:
            yield _job(_equivalent, first, exercise, equivalent)
        for variant in exercise.variants:
            yield _job(_variant, first, exercise, variant)


def equivalents(loaded: LoadedUnit, seed: str, pool: Pool, cache: EvidenceCache) -> list[Row]:
    """The equivalents of every exercise on one more seed, whose reference has its own process."""
    with closing(ReferenceOracle(loaded, seed, pool, cache)) as oracle:
        return [
            row
            for exercise in loaded.unit.exercises
            for equivalent in exercise.equivalents
            for row in _job(_equivalent, oracle, exercise, equivalent)()
        ]


def unseen(loaded: LoadedUnit, seed: str, pool: Pool, cache: EvidenceCache) -> list[Row]:
    """The variants of every exercise that lose nothing on one more draw of the cases."""
    with closing(ReferenceOracle(loaded, seed, pool, cache)) as oracle:
        return [
            row
            for exercise in loaded.unit.exercises
            for variant in exercise.variants
            for row in _job(_losing, oracle, exercise, variant, kind="variant")()
            if row.problem
        ]


def _job(
    prove_one: Callable[[ReferenceOracle, Exercise, Alternative], Row],
    oracle: ReferenceOracle,
    exercise: Exercise,
    alternative: Alternative,
    kind: str = "",
) -> Callable[[], list[Row]]:
    def job() -> list[Row]:
        try:
            return [prove_one(oracle, exercise, alternative)]
        except Exception as error:  # one row's trouble must not hide the others
            said = f"{type(error).__name__}: {error}"
            name = kind or prove_one.__name__.strip("_")
            return [Row(name, exercise.name, alternative.name, 0.0, exercise.points, problem=said)]

    return job


def _whole(kind: str, loaded: LoadedUnit, oracle: ReferenceOracle) -> list[Row]:
    """The reference or the release, graded as a submission is."""
    clear = kind == "release"
    cells = tuple(_numbered(loaded.cells, clear))
    submission = Submission(kind, loaded.name, kind, cells, (), cells_digest(cells))
    rows = []
    for result in grade(submission, oracle).exercises:
        row = _row(kind, "", result)
        if clear and (row.points or any(f.verdict != "stub" for f in result.findings)):
            row = replace(row, problem="the release must get nothing, and read as not answered.")
        if not clear and row.points < row.max_points:
            row = replace(row, problem=f"the reference loses points: {result.findings}")
        rows.append(row)
    return rows


def _numbered(cells: Sequence[Cell], clear: bool) -> Iterator[ProgramCell]:
    code = (cell for cell in cells if cell.kind == "code")
    for number, cell in enumerate(code, 1):
        source = clear_solutions(cell.source) if clear else cell.source
        yield ProgramCell(number, source, "experiment" in cell.tags, "an experiment")


def _hollow(oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative) -> Row:
    """The reference with an answer that holds no solution appended."""
    stub = clear_solutions(oracle.loaded.solution_cell(exercise.name).source)
    cells = oracle.loaded.reference.cells
    last = (cells[-1][0] + 1, _hollowed(stub, exercise.name, HOLLOW[alternative.name]))
    row = _row("hollow", alternative.name, assessed(oracle, exercise, Program((*cells, last))))
    return replace(row, problem="an answer without a solution gets points.") if row.points else row


def _lookup(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative
) -> Row:
    """The right answers to the public cases, which everybody has, handed in for the hidden ones.

    Checks that pass so must not count alone; what is judged by labels that were kept back can't.
    """
    passed = [check for check in exercise.checks if _looked_up(public, oracle, exercise, check)]
    row = Row(
        "lookup",
        exercise.name,
        alternative.name,
        sum(check.points for check in passed),
        exercise.points,
        failed=tuple(check.name for check in exercise.checks if check not in passed),
    )
    alone = ", ".join(f"`{check.name}`" for check in passed if check.counts_alone)
    if not alone:
        return replace(row, points=0.0)
    said = f"the public answers pass {alone}: vary its cases, or declare `counts_alone=False`."
    return replace(row, problem=said)


def _looked_up(
    public: ReferenceOracle, oracle: ReferenceOracle, exercise: Exercise, check: Check
) -> bool:
    known = public.trial(exercise, check)
    wanted = oracle.wanted(oracle.trial(exercise, check))
    if check.judge.needs_reference:
        answers = [item.value for item in public.reference(known)]
    elif check.judge.recognises_variants:  # by its statistics, and the truth has those expected
        answers = [{name: law[0] for name, law in case.truth.items()} for case in known.cases]
    else:
        return False
    return len(answers) == len(wanted) and all(
        check.judge(answer, want).passed for answer, want in zip(answers, wanted, strict=True)
    )


def _hollowed(stub: str, name: str, body: str) -> str:
    """A function that does nothing but `body`, or a class of which every empty method does."""
    definition = next(node for node in ast.parse(stub).body if getattr(node, "name", None) == name)
    if not isinstance(definition, ast.ClassDef):
        return f"def {name}(*args, **kwargs):\n    {body}\n"
    for index, method in enumerate(definition.body):
        if isinstance(method, ast.FunctionDef) and any(map(_is_unanswered, method.body)):
            inner = "super().__init__()" if method.name == "__init__" else body
            text = f"def {method.name}(self, *args, **kwargs):\n    {inner}\n"
            definition.body[index] = ast.parse(text).body[0]
    return ast.unparse(definition) + "\n"


def _is_unanswered(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Raise) and ast.unparse(statement) == STUB[-1]


def assessed(
    oracle: ReferenceOracle, exercise: Exercise, program: Program, kept: Draft | None = None
) -> ExerciseResult:
    """One of the unit's own programs against one exercise; `kept` holds what is seen of it."""
    with oracle.observer(program) as observer:
        cells = tuple(ProgramCell(number, source, False) for number, source in program.cells)
        kept = kept or _draft(oracle, program)
        found = Assessment(cells, oracle.identity(program), oracle, observer, draft=kept).exercises(
            [exercise]
        )[0]
    kept.keep()
    return found


def _draft(oracle: ReferenceOracle, program: Program) -> Draft:
    return Draft(oracle.cache, key_of("alternative", oracle.identity(program), oracle.seed))


def without_training(exercise: Exercise) -> Exercise:
    """The exercise less the checks that train: minutes each, and a floor calibrated elsewhere.

    Where nothing else counts alone, they stay: without them no pass would count.
    """
    rest = [check for check in exercise.checks if check.tries == 1]
    counts = any(check.counts_alone for check in rest)
    return replace(exercise, checks=rest) if counts else exercise


def _equivalent(oracle: ReferenceOracle, exercise: Exercise, equivalent: Alternative) -> Row:
    """Trains on the first seed only."""
    first = oracle.seed == f"{SEED}-0"
    asked = exercise if first else without_training(exercise)
    found = assessed(oracle, asked, oracle.program(exercise, equivalent))
    row = _row("equivalent", equivalent.name, found)
    worst = max((d for d in row.deviations.values() if d is not None), default=0.0)
    if row.failed:
        return replace(row, problem=f"must pass (seed {oracle.seed}).")
    if worst > CORRECT_FORM and not _trains(exercise, row):
        return replace(row, problem=f"deviates {worst:.3g}; {CORRECT_FORM:g} is the limit.")
    return row


def _variant(oracle: ReferenceOracle, exercise: Exercise, variant: Alternative) -> Row:
    row = _losing(oracle, exercise, variant, _slow_evidence(oracle, exercise, variant))
    if row.problem:
        return row
    if not {variant.name, *variant.same_as} & set(row.recognised):
        return replace(row, problem="is not recognised.")
    least = {check.name: check.judge.least_wrong for check in exercise.checks}
    shares = [(row.deviations[name] or float("inf")) / least[name] for name in row.failed]
    if max(shares) < 1:
        return replace(row, problem=f"deviates {max(shares):.2g} of what is asked for.")
    return row


def _losing(
    oracle: ReferenceOracle, exercise: Exercise, variant: Alternative, kept: Draft | None = None
) -> Row:
    """Trains only what no other check tells from the reference."""
    program, rest = oracle.program(exercise, variant), without_training(exercise)
    row = _row("variant", variant.name, assessed(oracle, rest, program, kept))
    if not row.failed:
        row = _row("variant", variant.name, assessed(oracle, exercise, program))
    return row if row.failed else replace(row, problem=f"must lose points (seed {oracle.seed}).")


def _slow_evidence(oracle: ReferenceOracle, exercise: Exercise, variant: Alternative) -> Draft:
    """What the oracle has seen of a variant already, where that took long.

    What is quick is seen once more, in another process: a mistake that gives something else each
    time is known by its law or not at all.
    """
    program = oracle.program(exercise, variant)
    trials = [oracle.trial(exercise, c) for c in exercise.checks if c.judge.recognises_variants]
    identity = oracle.identity(program)
    found = {evidence_key(identity, q): oracle.whole(program, q) for q in trials}
    kept = _draft(oracle, program)
    if sum(item.seconds for items in found.values() for item in items) > SLOW_SECONDS:
        for key, items in found.items():
            kept.put(key, items)
    return kept


def _trains(exercise: Exercise, row: Row) -> bool:
    """Whether the large deviation is of a check without reference: a threshold, not a distance."""
    near = [check.name for check in exercise.checks if check.judge.needs_reference]
    return all((row.deviations[name] or 0.0) <= CORRECT_FORM for name in near)


def _row(kind: str, name: str, result: ExerciseResult) -> Row:
    failed = [finding for finding in result.findings if finding.verdict != "passed"]
    return Row(
        kind,
        result.exercise,
        name,
        result.points,
        result.max_points,
        tuple(dict.fromkeys(known for finding in failed for known in finding.explained_by)),
        {finding.check: finding.deviation for finding in result.findings},
        tuple(finding.check for finding in failed),
    )


def _twins(loaded: LoadedUnit, oracle: ReferenceOracle) -> Iterator[str]:
    """Variants of one exercise that no check tells apart, without saying so."""
    for exercise in loaded.unit.exercises:
        for index, one in enumerate(exercise.variants):
            for other in exercise.variants[index + 1 :]:
                declared = other.name in one.same_as or one.name in other.same_as
                if _alike(oracle, exercise, one, other) != declared:
                    said = "declared the same, but differ" if declared else "give the same evidence"
                    yield f"`{one.name}` and `{other.name}` of `{exercise.name}` {said}."


def _alike(
    oracle: ReferenceOracle, exercise: Exercise, one: Alternative, other: Alternative
) -> bool:
    for check in exercise.checks:
        if not check.judge.recognises_variants:
            continue
        trial = oracle.trial(exercise, check)
        left = oracle.variant(exercise, one, trial)
        right = oracle.variant(exercise, other, trial)
        if not same_evidence(left, right, check.judge, oracle.wanted(trial)):
            return False
    return True


def _leaks(loaded: LoadedUnit) -> Iterator[str]:
    """Lines of solutions that a release notebook would show."""
    shown = "\n".join(
        clear_solutions(cell.source) if cell.kind == "code" else cell.source
        for cell in loaded.cells
    )
    lines = {line.strip() for line in shown.splitlines()}
    for line in solution_lines(loaded.cells):
        if line in lines:
            yield f"The release shows a line of the solution: {line!r}."


def _stale(course: Course, loaded: LoadedUnit) -> Iterator[str]:
    from autograder.authoring.release import Stale, release_unit

    try:
        release_unit(course, loaded, write=False)
    except Stale as stale:
        yield f"Generated files are {stale}"
