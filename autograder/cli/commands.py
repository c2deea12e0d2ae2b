"""What the commands of the CLI do; each returns its exit status."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from autograder.batch import reports
from autograder.batch.engine import Outbox, write_output
from autograder.batch.grader import Grader
from autograder.course.course import Course, Lazy, LoadedUnit
from autograder.course.notebook import clear_solutions
from autograder.files import write_whole
from autograder.grading.cache import evidence_cache
from autograder.report import class_table, page
from autograder.report.phrases import percent
from autograder.results.result import Result
from autograder.sandbox.gpu import Device
from autograder.sandbox.machine import this_machine
from autograder.sandbox.pool import Pool
from autograder.submissions.submission import find, outline

# Submissions for each slot, from which on slots are processes.  With two of them a class of 4 took
# 1.8 s either way, a class of 8 2.0 s instead of 2.1.
MIN_PER_SLOT = 2


class _Console(Console):
    """A console whose reader may go away, as in `autograder … | head`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def grade(
    paths: list[Path],
    unit: str | None,
    student: str | None,
    seed: str | None,
    out: Path,
    fresh: bool,
    formats: str,
    threshold: float | None,
    jobs: int | None,
    no_cache: bool,
    course_dir: Path | None,
    pool: Pool,
    engine: tuple[str, Device] | None = None,
) -> int:
    """Grades what is at `paths`; see the command's help.

    `engine` is a scheduler's address and what its workers shall train on.
    """
    console, notes = _Console(), _Console(stderr=True)
    chosen = reports.parsed(formats)
    outbox = Outbox(out)
    with pool:
        course = _course(course_dir, notes, paths)
        outbox.open(paths)
        with Grader(
            course,
            seed=seed,
            jobs=jobs,
            keep_evidence=not no_cache,
            fresh=fresh,
            pool=pool,
            engine=engine,
        ) as grader:
            found = grader.hand_ins(paths, unit, student)
            results = _shown(grader.results(found, outbox), len(found), notes)
    reports.write(results, out, chosen, kept=reports.OUTBOX)
    console.print(class_table.class_table(results, width=console.width))
    _say_where(console, out, chosen)
    if any(result.status != "graded" for result in results):
        return 1
    below = threshold is not None and any(
        percent(result.points, result.max_points) < threshold for result in results
    )
    return 3 if below else 0


def regrade(
    paths: list[Path],
    unit: str | None,
    seed: str | None,
    out: Path,
    apply: bool,
    formats: str,
    jobs: int | None,
    no_cache: bool,
    course_dir: Path | None,
    pool: Pool,
) -> int:
    """Grades again and tells what changed; see the command's help."""
    from autograder.batch.regrade import Regraded
    from autograder.report import differences

    console, notes = _Console(), _Console(stderr=True)
    chosen = reports.parsed(formats)
    before, unreadable = reports.read(out)
    outbox = Outbox(out / ".regraded")
    with pool:
        course = _course(course_dir, notes, paths)
        outbox.open(paths)
        with Grader(course, seed=seed, jobs=jobs, keep_evidence=not no_cache, pool=pool) as grader:
            units = course.unit_names()
            for problem in [*unreadable, *reports.doubts(before, units, grader.seed)]:
                notes.print(f"Note: {problem}", markup=False, soft_wrap=True)
            found = grader.hand_ins(paths, unit)
            results = grader.results(found, outbox, before=Outbox(out))
            after = _shown(results, len(found), notes)
    regraded = Regraded(before, after)
    regraded.write_differences(out)
    if moved := regraded.other_backends:
        listed = ", ".join(moved)
        notes.print(f"Note: Not on the backend of before: {listed}.", markup=False, soft_wrap=True)
    console.print(differences.terminal(regraded.differences))
    console.print(f"Each with its reason: {out / 'differences.md'}", soft_wrap=True)
    if apply:
        regraded.apply(Outbox(out), chosen)
        _say_where(console, out, chosen)
    else:
        console.print("No result was changed. `--apply` puts the new ones in place.")
    return 0 if all(result.status == "graded" for result in after) else 1


def report(folder: Path, formats: str, out: Path | None, anonymous: bool) -> int:
    """Writes reports on earlier results; see the command's help."""
    console, notes = _Console(), _Console(stderr=True)
    chosen = reports.parsed(formats)
    results, problems = reports.read(folder)
    for problem in problems:
        notes.print(f"Left out: {problem}", markup=False, soft_wrap=True)
    if anonymous:
        if "html" not in chosen or out is None:
            raise reports.FormatError(
                "An anonymous report is a page of its own: `--format html --out DIR`."
            )
        reports.write_anonymous(results, out)
    else:
        reports.write(results, out or folder, chosen)
    _say_where(console, out or folder, chosen)
    return 1 if problems else 0


def nbgrade(
    unit: str,
    student: str,
    force: bool,
    fresh: bool,
    jobs: int | None,
    no_cache: bool,
    course_dir: Path | None,
    pool: Pool,
) -> int:
    """Autogrades a class in nbgrader's gradebook; see the command's help."""
    from autograder.plugins.nbgrader.autograde import Told, autograde
    from autograder.plugins.nbgrader.preprocessor import NotebookGrader

    console, notes = _Console(), _Console(stderr=True)
    course = _course(course_dir, notes)
    with contextlib.closing(
        NotebookGrader(course, pool=pool, jobs=jobs, keep_evidence=not no_cache, fresh=fresh)
    ) as grader:
        with _progress(notes) as progress:
            task = progress.add_task("Autograding", total=None)
            told = Told(
                total=lambda count: progress.update(task, total=count),
                turn=lambda name: progress.update(
                    task, advance=1, description=f"Autograding {name[:30]}"
                ),
                remark=lambda text: notes.print(text, markup=False, soft_wrap=True),
            )
            graded = autograde(course, unit, student, grader, told, force)
    if graded.results:
        console.print(class_table.class_table(graded.results, width=console.width))
    if graded.kept:
        notes.print(
            f"Autograded before, and kept: {graded.kept} (`--force` grades them again).",
            markup=False,
            soft_wrap=True,
        )
    if graded.failed:
        listed = ", ".join(graded.failed)
        notes.print(f"Not graded: {listed}.", markup=False, soft_wrap=True)
    return 1 if graded.failed else 0


def similar(
    paths: list[Path], unit: str | None, share: float, out: Path, course_dir: Path | None
) -> int:
    """Tells which notebooks are alike; see the command's help."""
    from autograder.submissions.similarity import pairs, segments

    console, notes = _Console(), _Console(stderr=True)
    course = _course(course_dir, notes, paths)
    units = Lazy(course.unit_names(), course.load)
    outlines = Lazy(units, lambda name: outline(units[name]))
    submissions, problems = find(paths, outlines, unit)
    for problem in problems:
        notes.print(f"Left out: {problem.path}: {problem.message}", markup=False, soft_wrap=True)
    starter = {name: starter_code(loaded) for name, loaded in units.items()}
    found = pairs(submissions, starter, share / 100)
    write_output(out, page.similar_page(found, segments).encode())
    console.print(
        f"{len(found)} pairs of {len(submissions)} notebooks are alike from {share:g} % on. "
        f"Page: {out}",
        markup=False,
        soft_wrap=True,
    )
    return 0


def starter_code(loaded: LoadedUnit) -> str:
    """The code that students were given."""
    return "\n\n".join(clear_solutions(c.source) for c in loaded.cells if c.kind == "code")


def release(units: list[str], course_dir: Path | None, check: bool) -> int:
    """Writes, or compares, the generated notebooks."""
    from autograder.authoring.release import Stale, release_unit

    console, notes = _Console(), _Console(stderr=True)
    course = _course(course_dir, notes)
    status = 0
    for name in units or course.unit_names():
        try:
            written = release_unit(course, course.load(name), write=not check)
        except Stale as stale:
            console.print(f"{name}: {stale}", markup=False, soft_wrap=True)
            status = 1
            continue
        said = ", ".join(str(path.relative_to(course.root)) for path in written)
        console.print(f"{name}: {said or 'current'}", markup=False, soft_wrap=True)
    return status


def check_course(
    units: list[str],
    seeds: int,
    draws: int,
    json_path: Path | None,
    jobs: int | None,
    no_cache: bool,
    course_dir: Path | None,
    pool: Pool,
) -> int:
    """Proves the checks of units; see the command's help."""
    from autograder.authoring import matrix, proof

    console, notes = _Console(), _Console(stderr=True)
    course = _course(course_dir, notes)
    cache = evidence_cache(not no_cache)
    matrices = []
    with pool:
        for name in units or course.unit_names():
            with _progress(notes) as progress:
                proved = proof.prove(
                    course,
                    course.load(name),
                    pool,
                    cache,
                    seeds,
                    jobs or this_machine().cores,
                    progress,
                    draws,
                )
            console.print(matrix.table(proved))
            matrices.append(proved)
    if json_path is not None:
        write_whole(json_path, matrix.dumps(matrices).encode())
    return 0 if all(proved.holds for proved in matrices) else 1


def quickstart(folder: Path) -> int:
    """Makes a course to begin with, and says what to type next."""
    from autograder.authoring.quickstart import make_course

    paths = make_course(folder)
    console = _Console()
    for path in paths:
        if ".autograder" not in path.parts:
            console.print(str(path), markup=False, soft_wrap=True)
    unit = next(path.parent.name for path in paths if path.name == "exercises.py")
    console.print(
        f"\nNext:\n  cd {folder}\n  nbgrader generate_assignment {unit}\n"
        f"  nbgrader autograde {unit}        # what is in submitted/<student>/{unit}/\n"
        f"  nbgrader generate_feedback {unit}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 0


def doctor() -> int:
    """Tries the sandbox and says what holds."""
    from autograder.backends import asked_for
    from autograder.cli.doctor import diagnose

    return diagnose(_Console(), asked_for())


def _course(named: Path | None, notes: Console, graded: Sequence[Path] = ()) -> Course:
    """The course to work with; one that was not named is, since its code runs here."""
    course = Course.chosen(named, graded)
    if named is None or named.resolve() != course.root:
        said = f"autograder: The course is `{course.root}`."
        notes.print(said, markup=False, highlight=False, soft_wrap=True)
    return course


def _shown(graded: Iterator[tuple[Result, bool]], total: int, notes: Console) -> list[Result]:
    """The results, as they come; how many hand-ins are done is shown meanwhile."""
    results: list[Result] = []
    kept = 0
    with _progress(notes) as progress:  # which has a thread
        task = progress.add_task("Grading", total=total)
        for result, earlier in graded:
            results.append(result)
            kept += earlier
            progress.update(task, advance=1, description=f"Grading {result.student[:30]}")
    if kept:
        notes.print(
            f"{kept} of {len(results)} were graded before, unchanged, and kept as they are "
            "(`--fresh` grades them again).",
            markup=False,
            soft_wrap=True,
        )
    return results


def _progress(console: Console) -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def _say_where(console: Console, out: Path, formats: Sequence[str]) -> None:
    """Names the files that a person opens."""
    names = {"html": ("Pages", "index.html"), "csv": ("Table", "class.csv")}
    names |= {"markdown": ("Markdown", "index.md"), "junit": ("JUnit", "junit.xml")}
    names |= {"canvas": ("Canvas", "canvas.csv"), "moodle": ("Moodle", "moodle.csv")}
    told = [f"{what}: {out / name}" for what, name in (names[f] for f in formats if f in names)]
    console.print("   ".join(told) or f"Results: {out}", soft_wrap=True)
