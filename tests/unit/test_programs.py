"""What the grader starts, and that nothing is started in another way."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.places import DATA

import autograder
from autograder import programs
from autograder.errors import DISTRIBUTION
from autograder.sandbox import bubblewrap
from autograder.sandbox.pool import Pool
from autograder.sandbox.templates import Template

PACKAGE = Path(autograder.__file__).parent
SOURCES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}

# ------------------------------------------------------------------------------------- all starts

# What starts a program or runs a module, by its full name; `*` for everything below.
STARTS = {
    "subprocess.*", "pty.*", "runpy.*", "multiprocessing.*", "concurrent.futures.*",
    "asyncio.create_subprocess*", "os.exec*", "os.posix_spawn*", "os.spawn*", "os.system",
    "os.popen", "os.fork*", "os.startfile", "shutil.which", "ctypes.util.*",
    "importlib.metadata.entry_points", "importlib.import_module", "importlib.__import__",
    "importlib.util.spec_from_file_location",
}  # fmt: skip
NAMES = {"__import__", "import_module", "Popen", "ProcessPoolExecutor", "entry_points"}
# Of those modules: what starts nothing.
HARMLESS = {
    "subprocess.DEVNULL", "subprocess.PIPE", "subprocess.SubprocessError",
    "subprocess.TimeoutExpired", "subprocess.CompletedProcess",
    "concurrent.futures.FIRST_COMPLETED", "concurrent.futures.Executor",
    "concurrent.futures.Future", "concurrent.futures.ThreadPoolExecutor", "concurrent.futures.wait",
    "concurrent.futures.process.BrokenProcessPool",
    "multiprocessing.connection.wait", "multiprocessing.active_children",
    "multiprocessing.parent_process",
}  # fmt: skip
# What is not started by `programs`, and why it need not be.
ALLOWED = {
    ("__init__.py", "importlib.import_module"): "names of a fixed table, modules of this package",
    (
        "guest/forbidden.py",
        "importlib.import_module",
    ): "beside student code: what an exercise forbids",
    (
        "course/unit.py",
        "importlib.util.spec_from_file_location",
    ): "the course's exercises, trusted",
    ("guest/template.py", "importlib.import_module"): "in the template: what it is told to warm",
    ("guest/template.py", "os.fork"): "a child of the template, which runs no program",
    (
        "batch/slots.py",
        "concurrent.futures.ProcessPoolExecutor",
    ): "forked from the grader: no new Python",
    ("batch/slots.py", "multiprocessing.get_context"): "the context `fork`, of which the slots are",
    (
        "plugins/nbgrader/assert_cells.py",
        "__import__",
    ): "in the sandbox: a text that sets a variable",
}


def matches(name: str) -> bool:
    return any(
        name.startswith(start[:-1]) if start.endswith("*") else name == start for start in STARTS
    )


def imported(node: ast.AST) -> list[tuple[str, str]]:
    """What an import binds: names here, and what they stand for elsewhere."""
    if isinstance(node, ast.Import):
        return [
            (alias.asname, alias.name) if alias.asname else 2 * (alias.name.split(".")[0],)
            for alias in node.names
        ]
    if isinstance(node, ast.ImportFrom):
        return [(a.asname or a.name, f"{node.module}.{a.name}") for a in node.names]
    return []


def subscript_called(node: ast.AST) -> ast.expr | None:
    """`Popen`, if this is `Popen[str](...)`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Subscript):
        return node.func.value
    return None


def starts(source: str) -> set[str]:
    """The names in a module by which a program is started or a module is run."""
    tree = ast.parse(source)
    known = dict(pair for node in ast.walk(tree) for pair in imported(node))
    types = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "subprocess.Popen"
    }
    types -= {id(subscript_called(node)) for node in ast.walk(tree)}
    found = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for _, name in imported(node)
        if matches(name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in types:
            first, _, rest = ast.unparse(node).partition(".")
            full = f"{known.get(first, first)}.{rest}"
            if matches(full) or node.attr in NAMES:
                found.add(full)
        elif isinstance(node, ast.Name) and node.id in NAMES:
            found.add(known.get(node.id, node.id))
        elif isinstance(node, ast.Constant) and node.value in NAMES:
            found.add(str(node.value))  # for `getattr`
        elif isinstance(node, ast.Constant) and "__import__(" in str(node.value):
            found.add("__import__")
    return found - HARMLESS


def test_every_program_is_started_by_one_module() -> None:
    found = {
        (name, start)
        for name, path in SOURCES.items()
        if name != "programs.py"
        for start in starts(path.read_text(encoding="utf-8"))
    }
    assert found == set(ALLOWED)  # neither a new one, nor one that is gone
    own = starts(SOURCES["programs.py"].read_text(encoding="utf-8"))
    assert own == {"subprocess.run", "subprocess.Popen", "shutil.which"}


@pytest.mark.parametrize(
    ("source", "start"),
    [
        ("import subprocess\nsubprocess.run(['x'])", "subprocess.run"),
        ("import subprocess as s\nstart = s.Popen", "subprocess.Popen"),
        ("import subprocess\nsubprocess.Popen[bytes](['x'])", "subprocess.Popen"),
        ("from subprocess import check_output as ask", "subprocess.check_output"),
        ("def f():\n    import os\n    os.system('x')", "os.system"),
        ("import os\nos.execvpe('x', [], {})", "os.execvpe"),
        ("from os import posix_spawnp", "os.posix_spawnp"),
        ("import os\nif os.fork() == 0: pass", "os.fork"),
        ("import multiprocessing as mp\nmp.Process()", "multiprocessing.Process"),
        (
            "from concurrent.futures import ProcessPoolExecutor",
            "concurrent.futures.ProcessPoolExecutor",
        ),
        ("import asyncio\nasyncio.create_subprocess_shell('x')", "asyncio.create_subprocess_shell"),
        ("import pty\npty.spawn('x')", "pty.spawn"),
        ("import shutil\nshutil.which('x')", "shutil.which"),
        ("from importlib.metadata import entry_points", "importlib.metadata.entry_points"),
        ("import importlib\nimportlib.import_module(name)", "importlib.import_module"),
        ("import runpy\nrunpy.run_path('x')", "runpy.run_path"),
        ("__import__(name)", "__import__"),
        ("import os\ngetattr(os, 'Popen')", "Popen"),
    ],
)  # fmt: skip
def test_another_way_to_start_one_would_be_seen(source: str, start: str) -> None:
    assert start in starts(source)


def test_what_starts_nothing_is_none() -> None:
    assert not starts("import subprocess\nfrom autograder import programs\nprograms.find('bwrap')")
    assert not starts("import subprocess\ndef f(p: subprocess.Popen[bytes]) -> None: p.wait()")
    assert not starts("try: pass\nexcept subprocess.TimeoutExpired: pass")


# --------------------------------------------------------------------------- how they are started


def executable(path: Path, text: str = "#!/bin/sh\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("path", ["", ".", ":", ".:", "::/nowhere", "tools", "./tools:../x"])
def test_no_program_is_found_in_the_callers_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    executable(tmp_path / "bwrap")
    executable(tmp_path / "tools" / "bwrap")
    monkeypatch.chdir(tmp_path)
    assert programs.find("bwrap", path) is None
    monkeypatch.setenv("PATH", path)
    assert programs.find("bwrap") is None
    monkeypatch.setenv("PATH", f"{path}:{tmp_path / 'tools'}")
    assert programs.find("bwrap") == str(tmp_path / "tools" / "bwrap")


def test_the_sandbox_is_not_the_callers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "bwrap")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f":{os.environ['PATH']}")
    found = bubblewrap.bwrap_path()
    assert found is not None
    assert Path(found).parent != tmp_path


SEEN = "import json, os, sys; print(json.dumps([os.getcwd(), sys.path, dict(os.environ)]))"


def test_an_isolated_python_has_nothing_of_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "caller").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "caller" / "json.py").write_text("raise SystemExit('caught')")
    (tmp_path / "own" / "json.py").write_text("raise SystemExit('caught')")
    monkeypatch.chdir(tmp_path / "caller")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "caller"))
    monkeypatch.setenv("SECRET", "secret")
    done = programs.isolated_python(SEEN, {"GIVEN": "1"}, tmp_path / "own").run()
    assert done.returncode == 0, done.stderr
    folder, path, environment = eval(done.stdout)
    assert folder == str(tmp_path / "own")
    assert not [entry for entry in path if not entry or entry.startswith(str(tmp_path))]
    assert environment.pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # Python sets it
    assert environment == {
        "PATH": os.defpath,
        "HOME": str(tmp_path / "own"),
        "LANG": "C.UTF-8",
        "GIVEN": "1",
    }


def test_a_python_that_runs_our_module_finds_this_package_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("autograder", "json", "sitecustomize", "usercustomize", "platform"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('caught')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("SECRET", "secret")
    command = programs.python(
        "autograder", "--version", environment={"GIVEN": "1"}, folder=tmp_path
    )
    assert command.environment["PYTHONPATH"] == str(PACKAGE.parent)
    assert not {"SECRET"} & set(command.environment) and command.environment["GIVEN"] == "1"
    done = command.run()
    assert done.stdout.decode() == f"{DISTRIBUTION} {autograder.__version__}\n"
    with command.start(stdout=subprocess.PIPE) as process:
        assert process.communicate()[0] == done.stdout


def test_other_programs_get_what_the_linker_needs_and_no_more() -> None:
    given = {"LD_LIBRARY_PATH": ":/driver:lib", "PATH": ".", "SECRET": "1", "LD_PRELOAD": "x.so"}
    command = programs.native(["/usr/bin/env"], given)
    said = command.run().stdout.decode().split()
    assert set(said) == {f"PATH={os.defpath}", "LANG=C.UTF-8", "LD_LIBRARY_PATH=/driver"}
    assert command.folder == Path("/")


# ------------------------------------------------------------------------------------- templates

WRITES_AND_IMPORTS = """
import os
with open("helper_of_mine.py", "w") as file:
    file.write("def double(x): return 2 * x")
import helper_of_mine, sys
print(helper_of_mine.double(21), repr(sys.path[0]), sys.flags.safe_path)
"""


@pytest.mark.parametrize("isolation", ["namespaces", "none"])
def test_a_cell_imports_what_another_one_wrote(isolation: Any) -> None:
    with Pool(isolation) as pool:
        child = pool.fork("numpy")
        said = child.request("cell", 10.0, number=1, source=WRITES_AND_IMPORTS)
        assert said["output"] == "42 '' True\n"
        child.close()
        other = pool.fork("numpy")  # of the same template, which has not seen it
        said = other.request(
            "cell", 10.0, number=1, source="import sys; 'helper_of_mine' in sys.modules"
        )
        assert said["status"] == "ok"
        other.close()


def test_a_template_imports_nothing_from_its_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "imported"
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("numpy", "matplotlib", "socket", "json", "sitecustomize", "usercustomize"):
        (folder / f"{name}.py").write_text(f"open({str(marker)!r}, 'a').write({name!r})")
    monkeypatch.chdir(folder)
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: str(folder))
    with Pool("none") as pool:
        pool.fork("numpy").close()
        assert not marker.exists()
    assert not folder.exists()


def test_a_template_without_isolation_removes_its_folder_when_the_grader_is_killed(
    tmp_path: Path,
) -> None:
    source = (
        "import time\nfrom autograder.sandbox.pool import Pool\n"
        "pool = Pool('none')\npool.fork('numpy')\nprint('there', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source],
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(PACKAGE.parent)},
        stdout=subprocess.PIPE,
    ) as grader:
        assert grader.stdout is not None
        grader.stdout.readline()
        (folder,) = tmp_path.glob("autograder-*")
        grader.kill()
    for _ in range(200):
        if not folder.exists():
            break
        subprocess.run(["sleep", "0.05"], check=True)
    assert not folder.exists()


def test_a_template_that_can_not_be_started_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(bubblewrap.SandboxError, match="can't be started"):
        Template.started("numpy", "none", Pool().limits)
    assert not list(tmp_path.iterdir())


def test_the_list_of_fonts_is_made_apart_from_the_callers_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = DATA / "working_directory" / "matplotlib.py"
    (tmp_path / "matplotlib.py").write_bytes(found.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    folder = bubblewrap._font_cache()
    assert list(folder.glob("fontlist-*.json"))
    assert not (tmp_path / "EXECUTED").exists()
    assert {path.name for path in folder.parent.iterdir()} == {folder.name}
