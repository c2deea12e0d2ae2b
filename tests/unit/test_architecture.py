"""What imports what: one way, nothing heavy, and no data that runs; where tests lie."""

import ast
import graphlib
import importlib
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Set
from functools import cache
from pathlib import Path

import pytest

import autograder
from autograder.errors import DISTRIBUTION
from autograder.sandbox.wall import INSIDE

PACKAGE = Path(autograder.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}

# What touches disks, processes, the network or threads.
OUTSIDE = {
    "asyncio", "concurrent", "ctypes", "fcntl", "ftplib", "glob", "http", "io", "mmap",
    "multiprocessing", "os", "pathlib", "resource", "select", "shutil", "signal", "socket",
    "sqlite3", "ssl", "subprocess", "tempfile", "threading", "urllib", "zipfile",
}  # fmt: skip
# What is not on every system.
POSIX = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty", "_posixsubprocess"}
# What the package installs without extras, and what a student's kernel or Keras has anyway.
BASE = {"click", "jinja2", "markupsafe", "msgpack", "numpy"}
STUDENTS_OWN = {"IPython", "jax", "keras", "tensorflow", "torch", "traitlets"}
NUMERIC = {"numpy", "scipy", "sklearn", "tensorflow", "keras", "torch", "jax"}
RUNS_DATA = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "runpy", "code"}

# A package may import those in lower rows, lazily too, and not its neighbours in a row.  Modules at
# the top level are the ground that everything stands on; the two entry points are above all.
LAYERS = (
    {"cli"},
    {"plugins"},
    {"authoring"},
    {"batch", "student"},
    {"grading"},
    {"submissions"},
    {"sandbox", "course"},
    {"guest", "judging"},
    {"report"},
    {"wire"},
    {"results"},
    {"ground"},
)
GROUND = {"backends", "digits", "errors", "files", "programs"}
ENTRANCES = {"__init__", "__main__"}
# What the sandbox mounts of the package: what runs beside student code, and what that needs.
WALL = {name.removesuffix(".py") for name in INSIDE}

PURE = {
    "wire.codec",
    "wire.evidence",
    "wire.frames",
    "judging.comparison",
    "judging.statistical",
    "judging.closeness",
    "judging.describe",
    "judging.judge",
    "judging.judges",
    "judging.laws",
    "judging.registry",
    "judging.relation",
    "grading.definitions",
    "grading.explain",
    "grading.findings",
    "grading.messages",
    "grading.oracle",
    "grading.outcome",
    "grading.sensitivity",
    "results.result",
    "errors",
}
# It takes matplotlib's settings away from the working directory.
SETTINGS = "report.plain_matplotlib"
DOOR = "report.output"  # by which all text leaves
REPORT = {name for name in MODULES if name.split(".")[0] == "report"} - {SETTINGS, DOOR}
WRITES_STRINGS = {
    "report.class_table",
    "report.export.lms_csv",
    "report.export.junit",
    "report.plots",
    "report.differences",
}


def room(name: str) -> str:
    """The package of a module, `ground` for what stands beside the packages."""
    return name.split(".")[0] if "." in name or name in PACKAGES else "ground"


PACKAGES = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
FLOOR = {name: number for number, row in enumerate(LAYERS) for name in row}


def imports_of(name: str, *, lazy: bool = True) -> set[str]:
    """The modules that a module imports, `autograder.` left out for our own as "."."""
    nodes = ast.walk(TREES[name]) if lazy else TREES[name].body
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def ours(name: str, *, lazy: bool = True) -> set[str]:
    """Which modules of this package a module imports."""
    found = set()
    for imported in imports_of(name, lazy=lazy):
        parts = imported.split(".")[1:] if imported.startswith("autograder.") else []
        candidates = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
        found |= (
            {next((each for each in candidates if each in MODULES), "__init__")} if parts else set()
        )
    return found


def foreign(name: str, *, lazy: bool = True) -> set[str]:
    """Which packages of others a module imports, the standard library included."""
    roots = {imported.split(".")[0] for imported in imports_of(name, lazy=lazy)}
    return roots - {"autograder"}


def reached(name: str, *, lazy: bool = True, barring: Set[str] = frozenset()) -> set[str]:
    """All modules of this package that a module needs, itself included, but for those barred."""
    found, waiting = set(), {name}
    while waiting:
        found |= waiting
        waiting = {other for each in waiting for other in ours(each, lazy=lazy)}
        waiting -= found | barring
    return found


def test_there_is_something_to_look_at():
    assert {"judging.judges", "guest.worker", "sandbox.pool", "report.page"} <= set(MODULES)
    assert ours("grading.explain") == {
        "wire.evidence", "course.exercise", "judging.comparison", "judging.judge",
    }  # fmt: skip
    assert "numpy" in foreign("judging.comparison") and "keras" in foreign("guest.probes")


def test_every_module_stands_in_a_layer():
    assert set(FLOOR) == PACKAGES | {"ground"}
    assert {name for name in MODULES if room(name) == "ground"} == GROUND | ENTRANCES


@pytest.mark.parametrize("name", sorted(set(MODULES) - ENTRANCES))
def test_a_module_imports_what_is_below_it_alone(name):
    here = room(name)
    for other in ours(name) - ENTRANCES:
        there = room(other)
        assert here == there or FLOOR[here] < FLOOR[there], f"{name} imports {other}"


@pytest.mark.parametrize("lazy", [False, True])
def test_no_module_needs_itself(lazy):
    graph = {name: ours(name, lazy=lazy) - ENTRANCES for name in MODULES}
    assert list(graphlib.TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", sorted(n for n in MODULES if room(n) in ("guest", "wire")))
def test_what_runs_beside_student_code_needs_nothing_beyond_the_wall(name):
    for each in reached(name):
        assert room(each) in WALL or each in WALL, each


@pytest.mark.parametrize("name", sorted(n for n in MODULES if room(n) == "guest"))
def test_what_runs_beside_student_code_loads_no_framework_by_itself(name):
    others = foreign(name, lazy=False) - set(sys.stdlib_module_names)
    assert others <= {"numpy"}
    assert foreign(name) - set(sys.stdlib_module_names) <= {
        "numpy", "keras", "tensorflow", "jax", "torch", "IPython", "traitlets", "matplotlib",
    }  # fmt: skip


STUDENTS = ["student.check", "student.kernel", "student.validate"]
# Imported where it is used, which is never in a notebook.
GRADERS_OWN = {
    "files": {"filelock"},
    "guest.front_end": {"matplotlib"},
    "grading.cache": {"filelock", "platformdirs"},
}


@pytest.mark.parametrize("name", STUDENTS)
def test_what_a_notebook_needs_is_on_every_system(name):
    for each in reached(name, barring=ENTRANCES):
        assert not foreign(each) & POSIX, each


@pytest.mark.parametrize("name", STUDENTS)
def test_what_a_notebook_needs_is_installed_without_extras(name):
    for each in reached(name, barring=ENTRANCES):
        others = foreign(each) - set(sys.stdlib_module_names)
        assert others <= BASE | STUDENTS_OWN | GRADERS_OWN.get(each, set()), each
        assert foreign(each, lazy=False) - set(sys.stdlib_module_names) <= BASE, each


def test_the_base_is_declared_and_nothing_else():
    declared = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    project = declared["project"]
    assert {re.split(r"[^a-z0-9]", one)[0] for one in project["dependencies"]} == BASE
    assert project["name"] == DISTRIBUTION and project["version"] == autograder.__version__


@pytest.mark.parametrize("name", sorted(n for n in MODULES if room(n) == "judging"))
def test_judging_touches_neither_disks_nor_processes(name):
    for each in reached(name) - ENTRANCES:
        assert foreign(each) <= {*sys.stdlib_module_names, "numpy", "msgpack"} - OUTSIDE


@pytest.mark.parametrize("name", sorted(PURE | REPORT))
def test_pure_modules_touch_neither_disks_nor_processes(name):
    # Strings are written to as to a file, never to a file.
    assert foreign(name) & OUTSIDE <= ({"io"} if name in WRITES_STRINGS else {"urllib"})


@pytest.mark.parametrize("name", sorted(REPORT))
def test_reports_are_made_from_results_alone(name):
    for each in reached(name) - ENTRANCES:
        assert room(each) == "report" or each in {"results", "results.result", "results.record"}


@pytest.mark.parametrize("name", sorted(n for n in MODULES if not n.startswith("plugins")))
def test_nbgrader_is_known_to_its_plugin_alone(name):
    assert "nbgrader" not in foreign(name)


def naming(names: set[str]) -> set[str]:
    """The modules in which one of some builtins occurs."""
    return {
        name
        for name, tree in TREES.items()
        if any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(tree))
    }


def test_text_is_run_in_two_places_only():
    assert naming({"exec", "eval"}) == {"guest.namespace", "student.public_cases"}
    assert naming({"__import__"}) == set()


def test_nothing_asks_for_the_time_of_day():
    """A clock that is set must change no result, and the same class gives the same bytes."""
    counting = {"time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.process_time"}
    counting.add("time.sleep")
    for name, tree in TREES.items():
        asked = {
            f"time.{node.attr}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "time"
        }
        assert asked <= counting, name
        assert not {each for each in imports_of(name) if each.startswith("time.")}, name
        assert "datetime" not in foreign(name)


# Where text may pass by the door, and why.
BESIDE_THE_DOOR = {
    DOOR,
    "cli.apart",  # runs before anything is imported; says which package to install
    "cli.main",  # what is left to print when its reader has gone away
    "student.kernel",  # keeps what student code prints out of the notebook
    "student.progress",  # gives stderr to the door
}
CONSOLES = {"cli.console", "cli.progress"}
PRINTS = {"print", "breakpoint", "input"}
WRITES = {"write_text", "write_bytes", "echo", "secho", "writelines"}
# Writes what is no report: whole files, archives, a class's time stamps, code for the wall; numbers
# into files of the kernel.
WRITES_BYTES = {"files", "guest.isolation", "sandbox.cgroups"}


@pytest.mark.parametrize("name", sorted(n for n in MODULES if room(n) != "guest"))
def test_all_text_leaves_by_one_door(name):
    """What it writes goes through `report.output`, which commands put before stdout and stderr."""
    tree = TREES[name]
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    called = {func.attr if isinstance(func, ast.Attribute) else "" for func in calls}
    named = {func.id for func in calls if isinstance(func, ast.Name)}
    streams = {
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        if ast.unparse(node) in {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
    }
    if name not in BESIDE_THE_DOOR:
        assert not streams
        assert not {one for one in imports_of(name) if one in {"sys.stdout", "sys.stderr"}}
    assert not named & PRINTS
    assert name in WRITES_BYTES or not called & WRITES
    assert "write_output" not in named or name == DOOR
    # A console writes to `sys.stdout` or `sys.stderr`, which are guarded while a command runs.
    assert "rich.console.Console" not in imports_of(name) or name in CONSOLES


def test_every_command_runs_behind_the_door():
    functions = [n for n in ast.walk(TREES["cli.main"]) if isinstance(n, ast.FunctionDef)]
    (first,) = (n.body[0] for n in functions if n.name == "main" and n.args.vararg)
    assert isinstance(first, ast.With) and ast.unparse(first.items[0]) == "output.guarded()"


def test_no_data_is_unpickled_anywhere():
    assert {name for name in MODULES if foreign(name) & RUNS_DATA} == set()
    for name, tree in TREES.items():
        words = {word.arg for word in ast.walk(tree) if isinstance(word, ast.keyword)}
        assert not words & {"allow_pickle", "shell"}, name


def test_no_evidence_is_read_by_another_codec():
    assert {name for name in MODULES if "msgpack" in foreign(name)} == {"wire.codec"}


def fresh(code: str) -> list[str]:
    """What a fresh process prints."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


LIGHT = ["import autograder", "from autograder import check"]


@pytest.mark.parametrize("statement", LIGHT)
def test_importing_loads_nothing_heavy(statement):
    loaded = set(fresh(f"{statement}; import sys; print(*sys.modules)"))
    assert "autograder" in loaded
    heavy = NUMERIC | {"msgpack", "IPython", "nbformat", "jinja2", "rich", "pydantic", "click"}
    assert not loaded & heavy


@pytest.mark.parametrize("statement", LIGHT)
def test_importing_takes_no_time(statement):
    timed = f"import time; t = time.process_time(); {statement}; print(time.process_time() - t)"
    assert min(float(fresh(timed)[0]) for _ in range(5)) < 0.3


@pytest.mark.parametrize(
    "module",
    [
        *("judging.judges", "guest.worker", "grading.grade"),
        *("batch.run", "cli.main", "student.kernel"),
    ],
)
def test_nothing_of_ours_loads_a_framework(module):
    loaded = set(fresh(f"import autograder.{module}, sys; print(*sys.modules)"))
    assert not loaded & {"tensorflow", "keras", "torch", "jax"}


def test_the_command_line_itself_loads_nothing_of_what_it_calls():
    loaded = set(fresh("import autograder.cli.main, sys; print(*sys.modules)"))
    assert not loaded & (NUMERIC | {"nbformat", "rich", "jinja2", "msgpack"})
    assert {name for name in loaded if name.startswith("autograder.")} <= {
        "autograder.cli",
        *(f"autograder.{name}" for name in MODULES if room(name) in ("cli", "ground")),
        *("autograder.report", f"autograder.{DOOR}", "autograder.report.sanitize"),
    } - {"autograder.cli.console"}


def test_a_students_check_loads_no_notebook_library():
    loaded = set(fresh("import autograder.student.kernel, sys; print(*sys.modules)"))
    assert not loaded & {"nbformat", "jsonschema", "jupytext", "pydantic", "click"}


def test_commands_load_nothing_that_serves_none_of_them(tmp_path):
    words = ["grade", "/nowhere", "--course", str(PACKAGE.parent), "--out", str(tmp_path)]
    ran = f"main({words!r}, standalone_mode=False)"
    loaded = set(
        fresh(
            "import contextlib, sys; from autograder.cli.main import main\n"
            f"with contextlib.suppress(SystemExit): {ran}\n"
            "print(*(name for name, module in sys.modules.items() if module))"
        )
    )
    assert {"nbformat", "jsonschema", "autograder.batch.grader"} <= loaded
    assert not loaded & {"rfc3987_syntax", "lark", "matplotlib", "sklearn", "nbgrader"}


def test_public_names_are_sorted_and_there():
    assert autograder.__all__ == sorted(set(autograder.__all__))
    for name in autograder.__all__:
        assert getattr(autograder, name) is not None
    assert dir(autograder) == autograder.__all__


def test_all_that_is_public_is_in_all():
    known = {name for name in vars(autograder) if not name.startswith("_")}
    modules = {name.split(".")[0] for name in MODULES} | {
        "TYPE_CHECKING",
        "annotations",
        "importlib",
    }
    assert known - modules <= set(autograder.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'autograder' has no attribute 'chekc'"):
        autograder.chekc  # noqa: B018


@pytest.mark.parametrize("name", sorted(MODULES))
def test_every_module_says_what_it_is_for(name):
    if TREES[name].body:
        assert ast.get_docstring(TREES[name])
    if name not in ("__main__", "__init__"):
        importlib.import_module(f"autograder.{name}")


# ------------------------------------------------------------------------------------- the tests

TESTS = Path(__file__).resolve().parents[1]
PLACES = ("course", "studies", "system", "unit", *(f"unit/{name}" for name in sorted(PACKAGES)))


@cache
def trees_of_tests() -> dict[str, ast.Module]:
    """All modules of the tests, by their paths; `data` is what they read."""
    paths = {path.relative_to(TESTS).as_posix(): path for path in TESTS.rglob("*.py")}
    return {
        name: ast.parse(path.read_text(encoding="utf-8"))
        for name, path in sorted(paths.items())
        if not name.startswith("data/")
    }


def defined(tree: ast.Module) -> dict[str, ast.FunctionDef | ast.ClassDef]:
    """The functions and classes of a module."""
    found = (node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef))
    return {node.name: node for node in found}


def test_every_test_lies_in_a_folder_of_its_kind() -> None:
    for name in map(Path, trees_of_tests()):
        folder = name.parent.as_posix()
        if name.name.startswith("test_"):
            assert folder in PLACES, f"{name} is in none of {PLACES}"
        else:
            assert folder == "support" or name == Path("conftest.py"), f"{name} is no test"


def test_no_test_imports_another() -> None:
    for name, tree in trees_of_tests().items():
        roots = {alias.split(".")[0] for alias in imported_by(tree)}
        taken = {one for one in roots if one.startswith("test_")}
        taken |= roots & {"conftest", "course", "studies", "system", "tests", "unit"}
        assert not taken, f"{name} imports {taken}: what both need goes into support"


def imported_by(tree: ast.Module) -> set[str]:
    """The modules that a module of the tests imports, where it stands or in a function."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or ".")
    return found


def test_what_support_has_is_defined_nowhere_else() -> None:
    where = defaultdict(set)
    for name, tree in trees_of_tests().items():
        for each in defined(tree):
            where[each].add(name)
    twice = {
        each: places
        for each, places in where.items()
        if len(places) > 1 and any(place.startswith("support/") for place in places)
    }
    assert set(twice) == {"main"}, twice  # of each script


def test_no_helper_is_written_twice() -> None:
    where = defaultdict(set)
    for name, tree in trees_of_tests().items():
        for node in defined(tree).values():
            body = node.body[1:] if ast.get_docstring(node) else node.body
            if sum(1 for each in body for _ in ast.walk(each)) > 12:  # more than a constant or so
                where["\n".join(map(ast.unparse, body))].add(f"{name}: {node.name}")
    assert not [places for places in where.values() if len(places) > 1]
