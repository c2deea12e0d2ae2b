"""The workflows: linted, and every command in them run as it stands.

`uses:` steps are what runners do: here the repositories that they check out are laid out by hand.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.places import ROOT, SAMPLES

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
UNIT = "03_optimizers"
CLASS = SAMPLES / UNIT
# `make test` tells its children of itself, and of another environment than a runner makes.
OF_MAKE = (
    "VENV",
    "VIRTUAL_ENV",
    "JOBS",
    "ARGS",
    "MAKEFLAGS",
    "MFLAGS",
    "MAKELEVEL",
    "MAKEOVERRIDES",
)
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in OF_MAKE}


def workflow(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text(encoding="utf-8"))


def commands(name: str, job: str) -> list[dict[str, Any]]:
    """The steps of a job that run something."""
    return [step for step in workflow(name)["jobs"][job]["steps"] if "run" in step]


def applies(step: dict[str, Any], values: dict[str, str]) -> bool:
    """Whether a step's condition holds: that an input was given is the only kind there is."""
    condition = step.get("if", "")
    given = re.fullmatch(r"(inputs\.\w+) != ''", condition)
    assert given or not condition, condition
    return not given or bool(values.get(given[1]))


def run(
    step: dict[str, Any], folder: Path, values: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs a step as a runner does: bash that stops at errors, `env` with its expressions."""
    own = {name: value_of(str(text), values) for name, text in step.get("env", {}).items()}
    files = {name: folder / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    assert "${{" not in step["run"]  # expressions in commands are how scripts get injected
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={**ENVIRONMENT, **{n: str(f) for n, f in files.items()}, **own, **extra(values)},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def value_of(text: str, values: dict[str, str]) -> str:
    return re.sub(r"\$\{\{ *([\w.]+) *\}\}", lambda match: values[match[1]], text)


def extra(values: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name.isupper()}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of the course with one unit, and the environment that `make env` would make.

    It is the one that runs the tests, which `make env` may not make anew from the copy.
    """
    stamp, made_from = Path(sys.prefix) / ".installed", ("requirements.lock", "pyproject.toml")
    key = hashlib.sha256(b"".join((ROOT / n).read_bytes() for n in (*made_from, "scripts/setup")))
    if not stamp.is_file() or stamp.read_text().split()[0] != key.hexdigest():
        pytest.fail(f"{sys.prefix} is not what `make env` makes now: run that first")
    folder = tmp_path_factory.mktemp("runner") / "course"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        other = re.match(r"(solutions|assignments|tests/data/submissions)/(\d\d_\w+)/", name)
        if (ROOT / name).is_file() and not (other and other[2] != UNIT):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_are_as_github_describes_them(path: Path) -> None:
    check = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.github-workflows",
    ]
    done = subprocess.run([*check, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_workflows_are_safe() -> None:
    """No injection, no unpinned action, no credential left lying about, no needless permission."""
    zizmor = Path(sys.executable).parent / "zizmor"
    done = subprocess.run(
        [zizmor, "--offline", "--persona", "regular", str(FOLDER)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_student_calls_it_in_five_lines() -> None:
    text = (FOLDER / "grade.yml").read_text(encoding="utf-8")
    lines = [line[2:].rstrip() for line in text.splitlines() if line.startswith("#     ")]
    assert len(lines) <= 6
    caller = yaml.safe_load("\n".join(lines))
    given = caller["jobs"]["grade"]["with"]
    inputs = workflow("grade.yml")[True]["workflow_call"]["inputs"]  # YAML reads `on` as true
    assert set(given) == {name for name, spec in inputs.items() if spec.get("required")}


def grading(folder: Path, course: Path, student: str, threshold: str) -> Any:
    """All steps of `grade.yml` for one student; the last one's outcome."""
    (folder / "submission").mkdir(parents=True)
    shutil.copy2(CLASS / f"{student}.ipynb", folder / "submission" / f"{UNIT}.ipynb")
    (folder / "course").symlink_to(course)
    values = {
        "inputs.unit": UNIT,
        "inputs.path": ".",
        "inputs.threshold": threshold,
        "github.event.repository.name": f"optimizers-{student}",
        "secrets.COURSE_SEED": "the teacher's",
    }
    steps = [step for step in commands("grade.yml", "grade") if applies(step, values)]
    assert len(steps) == len(commands("grade.yml", "grade")) - 1
    for step in steps:
        done = run(step, folder, values)
        if done.returncode:
            return step["name"], done
    return step["name"], done


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "threshold", "status"),
    [("ada", "100", 0), ("ines", "50", 0), ("ines", "90", 3), ("quinn", "0", 1)],
    ids=["right", "above", "below", "no notebook"],
)
def test_grade(tmp_path: Path, course: Path, student: str, threshold: str, status: int) -> None:
    name, done = grading(tmp_path, course, student, threshold)
    assert (name, done.returncode) == ("Grade", status), done.stdout + done.stderr
    outputs = dict(line.split("=", 1) for line in (tmp_path / "github_output").read_text().split())
    declared = workflow("grade.yml")["jobs"]["grade"]["outputs"]
    assert set(outputs) == set(declared)
    assert outputs["max_points"] == "20"
    assert outputs["status"] == ("ungradable" if student == "quinn" else "graded")
    assert (outputs["percent"] == "100") == (student == "ada")
    assert ("::error file=submission/" in done.stdout) == (student != "ada")
    summary = (tmp_path / "github_step_summary").read_text()
    assert "points" in summary
    assert (tmp_path / "grades" / UNIT / f"optimizers-{student}.html").is_file()
    everything = summary + done.stdout + done.stderr + outputs["points"]
    everything += "".join(p.read_text() for p in (tmp_path / "grades").rglob("*") if p.is_file())
    assert "the teacher's" not in everything  # nor is it left on the runner
    assert not (course / ".autograder").exists()


def prepared(course: Path, release: Path) -> None:
    """What a teacher attaches to a release of the course."""
    words = ["prepare", UNIT, "--course", str(course), "--seed", "the teacher's"]
    command = [sys.executable, "-P", "-m", "autograder", *words]
    subprocess.run(command, check=True, capture_output=True, env=ENVIRONMENT)
    folder = course / ".autograder"
    (folder / "prepared" / f"{UNIT}.prepared").rename(release / f"{UNIT}.prepared")
    shutil.rmtree(folder)


def fake_gh(tmp_path: Path, release: Path) -> Path:
    """A folder with a `gh` that downloads one asset of a release as the real one would."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "gh").write_text(
        "#!/bin/bash\n"
        'words="release download prepared --repo school/course --pattern"\n'
        '[[ "${*:1:6}" == "$words" && $8 == --dir && $GH_TOKEN == reader ]] || exit 2\n'
        f'cp "{release}/$7" "$9"\n'
    )
    (folder / "gh").chmod(0o755)
    return folder


@pytest.mark.slow
def test_collect(tmp_path: Path, course: Path) -> None:
    server, work = tmp_path / "server", tmp_path / "work"
    for student in ("ada", "ines"):
        repository = server / "school" / student
        repository.mkdir(parents=True)
        shutil.copy2(CLASS / f"{student}.ipynb", repository / f"{UNIT}.ipynb")
        git = ["git", "-c", "user.name=s", "-c", "user.email=s@example.org"]
        for words in (["init", "-qb", "main"], ["add", "."], ["commit", "-qm", "done"]):
            subprocess.run([*git, *words], cwd=repository, check=True)
    work.mkdir()
    shutil.copytree(course, work / "course", symlinks=True)
    release = tmp_path / "release"
    release.mkdir()
    prepared(work / "course", release)
    values = {
        "inputs.prepared": "prepared",
        "github.token": "reader",
        "github.repository": "school/course",
        "PATH": f"{fake_gh(tmp_path, release)}:{os.environ['PATH']}",
        "inputs.repositories": "school/ada school/ines school/nobody",
        "inputs.ref": "main",
        "inputs.unit": UNIT,
        "secrets.STUDENTS_TOKEN": "t0ken",
        "secrets.COURSE_SEED": "the teacher's",
        "github.server_url": server.as_uri(),
    }
    for step in commands("collect.yml", "collect"):
        assert applies(step, values)
        done = run(step, work, values)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "prepare" not in done.stdout + done.stderr, "the evidence was not used"
    assert (work / "course/.autograder/prepared" / f"{UNIT}.prepared").is_file()
    table = (work / "grades" / "class.csv").read_text(encoding="utf-8-sig")
    assert '"school--ada"' in table and '"school--ines"' in table
    assert "1 could not be fetched" in (work / "github_step_summary").read_text()
    assert "t0ken" not in "".join(p.read_text() for p in work.rglob(".git/config"))


@pytest.mark.slow
@pytest.mark.parametrize("job", ["test", "course"])
def test_the_projects_own(course: Path, job: str) -> None:
    """As it stands, but that tests are collected and not run: this is one of them."""
    values = {"PYTEST_ADDOPTS": "--collect-only -q -p no:cacheprovider"}
    for step in commands("test.yml", job):
        if step["name"] == "Lint" and not shutil.which("ruff"):
            pytest.skip("the developers' tools are not installed")
        done = run(step, course, values)
        assert done.returncode == 0, (step["name"], done.stdout[-3000:], done.stderr[-3000:])
    if job == "course":
        [matrix] = json.loads((course / "matrix.json").read_text())
        assert matrix["holds"]


# ----------------------------------------------------------------------------------------- GitLab

GITLAB = ROOT / "docs" / "ci" / "gitlab-ci.yml"


def test_the_gitlab_example_is_as_gitlab_describes_it() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*check, str(GITLAB)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_gitlab_example_runs(tmp_path: Path, course: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy2(CLASS / "ines.ipynb", project / f"{UNIT}.ipynb")
    copy = tmp_path / "origin"
    shutil.copytree(course, copy, symlinks=True)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-qb", "main"], ["add", "-f", "."], ["commit", "-qm", "course"]):
        subprocess.run([*git, *words], cwd=copy, check=True)
    example = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    # A student's own, which must neither be followed nor kept.
    (tmp_path / "elsewhere").mkdir()
    (project / "grades").symlink_to(tmp_path / "elsewhere")
    before = set(tmp_path.iterdir())
    variables = example["variables"] | {
        "UNIT": UNIT,
        "CI_PROJECT_DIR": str(project),
        "THRESHOLD": "90",
        "CI_PROJECT_PATH_SLUG": "school-ines",
        "COURSE_URL": copy.as_uri(),
        "COURSE_SEED": "the teacher's",
    }
    lines = [*example["grade"]["before_script"], *example["grade"]["script"]]
    done = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=project,
        env={**ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 3, done.stdout + done.stderr
    for path in ("grades/junit.xml", f"grades/{UNIT}/school-ines.md"):
        assert (project / path).is_file()
    assert not (project / "grades").is_symlink()
    assert not list((project / "grades").rglob("*.json"))
    assert not list((tmp_path / "elsewhere").iterdir())
    assert set(tmp_path.iterdir()) == before  # no course, and no seed, is left


# ------------------------------------------------------------------------------ where things lie

# They stand in for programs of the same names, and note where they were started and with what.
STAND_INS = {
    "git": 'for last; do :; done; mkdir -p "$last"',
    "make": """mkdir -p "$2/.venv/bin"; cp "$TOOLS/grader" "$2/.venv/bin/autograder" """,
    "grader": "mkdir -p grades",
}
NOTE = '#!/bin/bash\necho "${0##*/}:$PWD:$*" >> "$NOTES"\n'


@pytest.mark.parametrize("template", ["grade.yml", "collect.yml", "gitlab-ci.yml"])
def test_nothing_is_started_in_a_students_checkout(tmp_path: Path, template: str) -> None:
    work, tools = tmp_path / "work", tmp_path / "tools"
    work.mkdir()
    tools.mkdir()
    for name, does in STAND_INS.items():
        (tools / name).write_text(f"{NOTE}{does}\n")
        (tools / name).chmod(0o755)
    values = {"PATH": f"{tools}:{os.environ['PATH']}", "TOOLS": str(tools)}
    values["NOTES"] = str(tmp_path / "notes")
    students, script, own = laid_out(template, work)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=own,
        env={**ENVIRONMENT, **values, "CI_PROJECT_DIR": str(own), "COURSE_URL": "there"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    noted = [line.split(":", 2) for line in (tmp_path / "notes").read_text().splitlines()]
    assert {name for name, _, _ in noted} >= {"make", "autograder"}
    for name, folder, words in noted:
        assert not any(Path(folder).is_relative_to(each) for each in students), (name, folder)
        if name == "autograder":
            options = words.split()
            course, out = (
                Path(folder, options[options.index(option) + 1]) for option in ("--course", "--out")
            )
            for each in students:
                assert not course.is_relative_to(each) and not each.is_relative_to(course)
                assert not out.is_relative_to(each) and not each.is_relative_to(out)


def laid_out(template: str, work: Path) -> tuple[list[Path], str, Path]:
    """Students' checkouts, all commands of a template, and where a runner starts them."""
    if template == "gitlab-ci.yml":
        job = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["grade"]
        own = work / "project"
        own.mkdir()
        return [own], "\n".join([*job["before_script"], *job["script"]]), own
    (job,) = workflow(template)["jobs"].values()
    students = [work / "submissions" / "school--ada"] if template == "collect.yml" else []
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            folder = work / step["with"].get("path", ".")
            folder.mkdir(exist_ok=True)
            if template == "grade.yml" and "repository" not in step["with"]:
                students.append(folder)
    given = "REPOSITORIES=school/ada REF=main TOKEN= SERVER=x GITHUB_STEP_SUMMARY=/dev/null\n"
    script = "\n".join(f"({step['run']}\n)" for step in job["steps"] if "run" in step)
    return students, given + script, work
