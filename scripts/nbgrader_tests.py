#!/usr/bin/env python
"""Runs nbgrader's own tests with this project's executor in place of nbgrader's.

    scripts/nbgrader_tests.py [-k EXPRESSION] [--seconds N] [FILE ...]

They are those that nbgrader installs, so that they fit the version; a FILE is named as it lies in
its `tests` folder, and without one all are run.  A test that does not pass with the executor is
run again as nbgrader is: passes it there, it is lost, and docs/nbgrader.md says why.  Each outcome
and the counts of each file are told when they are known, and a table when all is through, or Ctrl-C
was typed.
"""

import argparse
import getpass
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from importlib import metadata
from pathlib import Path

import nbgrader

ROOT = Path(__file__).resolve().parents[1]
TESTS = Path(nbgrader.__file__).parent / "tests"
# `plain_assignments`, since no assignment of these tests is a unit of a course.  It is written down
# which tests came to the executor at all, also in processes that a test starts.
CONFIG = """\
import os
from autograder.plugins.nbgrader.config import use_sandbox
from autograder.plugins.nbgrader.preprocessor import GradeInSandbox

c = get_config()
use_sandbox(c)
c.GradeInSandbox.plain_assignments = True

if not hasattr(GradeInSandbox, "uncounted"):
    uncounted = GradeInSandbox.uncounted = GradeInSandbox.preprocess

    def preprocess(self, nb, resources):
        with open({reached!r}, "a") as file:
            file.write(os.environ.get("PYTEST_CURRENT_TEST", "") + "\\n")
        return uncounted(self, nb, resources)

    GradeInSandbox.preprocess = preprocess
"""
# Lines of pytest; the path in them is as seen from the working folder.
TEST = re.compile(r"\S*?nbgrader/tests/(\S+\.py::.+)")
OUTCOME = re.compile(TEST.pattern + r" (PASSED|FAILED|ERROR|SKIPPED)\b")
REASON = re.compile(r"(?:FAILED|ERROR) " + TEST.pattern + r" - (.+)")
GRACE = 30  # seconds that pytest may take to stop a test that has had its time
COLUMNS = ("tests", "reach the executor", "pass", "skipped", "lost", "fail without it, too")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", metavar="FILE", help="like apps/test_nbgrader_db.py")
    parser.add_argument("-k", dest="only", default="", metavar="EXPRESSION", help="as in pytest")
    parser.add_argument("--seconds", type=int, default=300, help="for one test; else %(default)s")
    arguments = parser.parse_args()
    if not TESTS.is_dir():
        sys.exit(f"`{TESTS}` is not there: this nbgrader was installed without its tests.")
    say(f"nbgrader {metadata.version('nbgrader')}, Python {sys.version.split()[0]}")
    counts: dict[str, Counter[str]] = {}
    with suppress(KeyboardInterrupt):
        for file in arguments.files or every_file():
            counts[file] = Counter()
            run_file(file, arguments.only, arguments.seconds, counts[file])
    say("\n".join(table(counts)))


def every_file() -> list[str]:
    """The files in `apps`, which run nbgrader's commands, and the others by folder.

    Those of the browser need Node.js, and test nbgrader's own pages.
    """
    commands = sorted(f"apps/{path.name}" for path in (TESTS / "apps").glob("test_*.py"))
    others = sorted({path.relative_to(TESTS).parts[0] for path in TESTS.rglob("test_*.py")})
    return [*commands, *(name for name in others if name not in ("apps", "ui-tests"))]


def run_file(file: str, only: str, seconds: int, count: Counter[str]) -> None:
    """Runs the tests of a file with the executor, and again without it those that fail there."""
    with tempfile.TemporaryDirectory(prefix="nbgrader-tests-") as folder:
        runner = Runner(Path(folder), seconds)
        reached = Path(folder, "reached")
        reached.touch()
        (config := Path(folder, "config")).mkdir()
        (config / "nbgrader_config.py").write_text(CONFIG.format(reached=str(reached)))
        names = runner.collect(file, only)
        say(f"{file}: {len(names)} tests")
        failed = []
        with closing(runner.outcomes(names, {"JUPYTER_CONFIG_PATH": str(config)})) as outcomes:
            for name, outcome in outcomes:
                count["tests"] += 1
                count["pass"] += outcome == "passed"
                count["skipped"] += outcome == "skipped"
                if outcome not in ("passed", "skipped"):
                    failed.append(name)
                # Lines like `…::test_grade (call)`, several of one test.
                lines = reached.read_text().splitlines()
                count["reach the executor"] = len({line.rpartition(" (")[0] for line in lines})
        if failed:
            say(f"{file}: {len(failed)} of them again, as nbgrader is")
        with closing(runner.outcomes(failed, {})) as outcomes:
            for _, outcome in outcomes:
                count["lost" if outcome == "passed" else "fail without it, too"] += 1
        say(f"{file}: {', '.join(f'{name} {count[name]}' for name in COLUMNS)}")


class Runner:
    """pytest on nbgrader's tests, in a folder that stands for the home of who runs them."""

    def __init__(self, home: Path, seconds: int) -> None:
        self._home = home
        self._seconds = seconds
        # Some tests look from the working folder into the documentation, as in the repository.
        (home / "nbgrader").mkdir()
        (home / "nbgrader" / "docs").symlink_to(TESTS.parent / "docs")

    def collect(self, file: str, only: str) -> list[str]:
        """The names of a file's tests."""
        process = self._start([str(TESTS / file), "-q", "--collect-only", "-k", only], {})
        text, _ = process.communicate()
        names = [found[1] for line in text.splitlines() if (found := TEST.fullmatch(line))]
        if not names:
            sys.exit(f"No tests were found in `{TESTS / file}`.\n{text}")
        return names

    def outcomes(
        self, names: list[str], environment: dict[str, str]
    ) -> Generator[tuple[str, str], None, None]:
        """What becomes of each test, told and given at once.

        Where pytest ends or hangs at a test, that one is "stuck", and another process goes on
        behind it.
        """
        left = list(names)
        while left:
            begun = time.monotonic()
            last = deque[str](maxlen=5)
            with closing(self._lines(left, environment)) as lines:
                for line in lines:
                    last.append(line)
                    if (found := OUTCOME.match(line)) and found[1] in left:
                        seconds, begun = time.monotonic() - begun, time.monotonic()
                        say(f"  {found[2].lower():8}{seconds:4.0f} s  {found[1]}")
                        left.remove(found[1])
                        yield found[1], found[2].lower()
                    elif found := REASON.match(line):
                        say(f"  {found[1].rpartition('::')[2]}: {found[2]}")
            if left:
                say(f"  stuck         {left[0]}; the last that was said:\n{''.join(last)}")
                yield left.pop(0), "stuck"

    def _lines(self, names: list[str], environment: dict[str, str]) -> Generator[str, None, None]:
        arguments = [*(str(TESTS / name) for name in names), "-v", "--tb=no", "-rfE"]
        process = self._start([*arguments, f"--timeout={self._seconds}"], environment)
        with watched(process, self._seconds + GRACE) as alive:
            for line in process.stdout or ():
                alive()
                yield line

    def _start(self, arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        own = {
            "COLUMNS": "240",  # room for reasons
            "HOME": str(self._home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONDONTWRITEBYTECODE": "1",  # nothing beside the installed tests
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # they need none, and start faster
            "PYTHONPATH": str(ROOT),
            "TMPDIR": str(self._home),
            "USER": getpass.getuser(),  # which some of them look up there
            "XDG_CACHE_HOME": str(self._home / "cache"),
        }
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "pytest_timeout"]
        command += ["-c", os.devnull, "--rootdir", str(TESTS.parents[1]), "--disable-warnings"]
        return subprocess.Popen(
            [*command, *arguments],
            cwd=self._home,
            env=os.environ | own | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@contextmanager
def watched(process: subprocess.Popen[str], seconds: float) -> Iterator[Callable[[], None]]:
    """Gives what says that a process is alive; kills it, and what it started, `seconds` after it
    was said last, and at the end."""

    timer: threading.Timer | None = None

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def alive() -> None:
        nonlocal timer
        if timer is not None:
            timer.cancel()
        timer = threading.Timer(seconds, kill)
        timer.start()

    alive()
    try:
        yield alive
    finally:
        if timer is not None:
            timer.cancel()
        kill()
        process.communicate()


def table(counts: dict[str, Counter[str]]) -> Iterator[str]:
    """The counts, as docs/nbgrader.md has them."""
    yield f"| file | {' | '.join(COLUMNS)} |"
    yield "|---|" + "---|" * len(COLUMNS)
    for file, count in counts.items():
        yield f"| `{file}` | {' | '.join(str(count[name]) for name in COLUMNS)} |"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
