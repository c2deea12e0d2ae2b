"""Options that several commands share, and the settings that they add up to."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from autograder.batch.grader import Grader
    from autograder.course.course import Course
    from autograder.sandbox.bubblewrap import Isolation
    from autograder.sandbox.gpu import Device
    from autograder.sandbox.pool import Pool

Command = Callable[..., Any]
Option = Callable[[Command], Command]


@dataclass(frozen=True)
class Settings:
    """How to grade: what the shared options of a command say, by the names of its parameters."""

    seed: str | None = None
    fresh: bool = False
    engine: str | None = None
    jobs: int | None = None
    isolation: Isolation = "namespaces"
    backend: str | None = None
    no_cache: bool = False
    device: Device = "cpu"
    slots_per_gpu: int = 1
    course_dir: Path | None = None

    def pool(self) -> Pool:
        """Return the sandbox's processes, of which none is started yet.

        Raises:
            UserError: the backend or the device can't be used here.
        """
        from autograder.backends import asked_for
        from autograder.sandbox import gpu
        from autograder.sandbox.pool import Pool

        # Which GPUs there are, and what shares of them, is for an engine's workers to say.
        device = self.device if self.engine is None else "cpu"
        return Pool(
            self.isolation,
            backend=asked_for(self.backend),
            gpus=gpu.asked_for(device, self.slots_per_gpu),
        )

    def grader(self, course: Course, pool: Pool) -> Grader:
        """Open a course for grading.

        Raises:
            ClusterError: the engine can't be used.
        """
        from autograder.batch.grader import Grader

        engine = None
        if self.engine is not None:
            from autograder.batch.cluster import Cluster

            engine = Cluster(self.engine, self.device)
        return Grader(
            course,
            seed=self.seed,
            jobs=self.jobs,
            keep_evidence=not self.no_cache,
            fresh=self.fresh,
            pool=pool,
            engine=engine,
        )


def on_linux(command: Command) -> Command:
    """Refuse a command of the sandbox where there is no Linux, and say what to type instead."""

    @functools.wraps(command)
    def called(**given: Any) -> Any:
        from autograder.sandbox.linux import need_linux

        need_linux(str(click.get_current_context().info_name))
        return command(**given)

    return called


def gathered(command: Command) -> Command:
    """Hand a command its shared options as one argument, `settings`."""
    shared = [field.name for field in fields(Settings)]

    @functools.wraps(command)
    def called(**given: Any) -> Any:
        own = {name: given.pop(name) for name in shared if name in given}
        return command(settings=Settings(**own), **given)

    return called


def _together(options: Sequence[Option]) -> Option:
    """Return what adds options to a command, in this order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def formats(default: str) -> Option:
    """Return the option for the reports that a command writes."""
    return click.option(
        "--format",
        "-f",
        "formats",
        default=default,
        show_default=True,
        help="Reports, separated by commas: json, html, csv, markdown, junit, gradescope, canvas, "
        "moodle, blackboard, github.",
    )


paths = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
unit = click.option("--unit", "-u", help="The unit that all of it is for, whatever the files say.")
hand_ins = _together(
    [
        click.option(
            "--layout",
            help="How the hand-ins are named: moodle, canvas, blackboard, gradescope, teams, "
            "classroom, github, nbgrader, exchange, plain (default: as the names show).",
        ),
        click.option(
            "--roster",
            type=click.Path(path_type=Path),
            help="CSV file of the people of the course, as Canvas, Moodle, Blackboard or nbgrader "
            "exports it, or with the columns id,name,email.",
        ),
    ]
)
seed = click.option("--seed", help="Seed of the hidden cases (default: the course's secret one).")
course = click.option(
    "--course",
    "course_dir",
    type=click.Path(path_type=Path),
    help="A folder of the course (default: the one that this folder lies in).",
)
sandbox = _together(
    [
        click.option(
            "--jobs",
            "-j",
            type=click.IntRange(1),
            help="Slots (default: CPU cores; on GPUs as many as these have).",
        ),
        click.option(
            "--isolation",
            type=click.Choice(["namespaces", "none"]),
            default="namespaces",
            help="`none` runs student code with your rights; reports then say so.",
        ),
        click.option(
            "--backend",
            type=click.Choice(["tensorflow", "jax", "torch"]),
            help="Backend of Keras (default: $KERAS_BACKEND, else tensorflow).",
        ),
        click.option("--no-cache", is_flag=True, help="Keep no evidence between runs."),
    ]
)
device = _together(
    [
        click.option(
            "--device",
            type=click.Choice(["cpu", "gpu", "auto"]),
            default="cpu",
            show_default=True,
            help="Where networks are trained; `auto`: on a GPU if there is one. All other checks "
            "are on the CPU.",
        ),
        click.option(
            "--slots-per-gpu",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Submissions that share a GPU at a time, and its memory (with `--engine` the "
            "workers' `--resources GPU=N` says it).",
        ),
    ]
)
