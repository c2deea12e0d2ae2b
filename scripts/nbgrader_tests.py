#!/usr/bin/env python
"""Runs nbgrader's own tests with this project's executor in place of nbgrader's.

    scripts/nbgrader_tests.py [FILE ...]

They come from nbgrader's source distribution, which pip downloads into a folder that is removed
again.  Each file is run twice, as nbgrader is and with the executor; what passes in the first and
not in the second is listed.  docs/nbgrader.md says why.
"""

import os
import subprocess
import sys
import tarfile
import tempfile
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[1]
CONFIG = """\
from autograder.plugins.nbgrader.config import use_sandbox

c = get_config()
use_sandbox(c)
c.GradeInSandbox.plain_assignments = True
"""
FILES = [
    "apps/test_nbgrader_autograde.py",
    "apps/test_nbgrader_collect.py",
    "apps/test_nbgrader_db.py",
    "apps/test_nbgrader_export.py",
    "apps/test_nbgrader_generate_assignment.py",
    "apps/test_nbgrader_generate_feedback.py",
    "apps/test_nbgrader_releaseassignment.py",
    "apps/test_nbgrader_validate.py",
    "apps/test_nbgrader_zip_collect.py",
    "preprocessors",
]


def main(files):
    with tempfile.TemporaryDirectory() as folder:
        source = download(Path(folder))
        config = Path(folder, "config")
        config.mkdir()
        (config / "nbgrader_config.py").write_text(CONFIG)
        for file in files or FILES:
            before = outcomes(source, file, {})
            after = outcomes(source, file, {"JUPYTER_CONFIG_PATH": str(config)})
            lost = [name for name, passed in before.items() if passed and not after.get(name)]
            count = f"{sum(before.values())} of {len(before)}"
            say(f"{file}: nbgrader {count}, with the executor {sum(after.values())}")
            for name in lost:
                say(f"    {name}")


def say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def download(folder):
    """The source distribution of the nbgrader that is installed, unpacked."""
    version = metadata.version("nbgrader")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", "nbgrader", f"nbgrader=={version}", "--dest", str(folder)]
    subprocess.run(command, check=True)
    with tarfile.open(folder / f"nbgrader-{version}.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / f"nbgrader-{version}"


def outcomes(source, file, environment):
    """Which tests of a file or folder pass, with more in the environment."""
    folder = source.parent
    report = folder / "report.xml"
    own = {
        "PYTHONPATH": os.pathsep.join([str(source), str(ROOT)]),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    path = source / "nbgrader" / "tests" / file
    command = [sys.executable, "-m", "pytest", str(path), "-q", "-p", "no:cacheprovider"]
    command += ["-c", os.devnull, f"--rootdir={folder}", f"--junitxml={report}"]
    done = subprocess.run(
        command, env=os.environ | own | environment, cwd=folder, capture_output=True, text=True
    )
    if not report.is_file():
        sys.exit(done.stdout + done.stderr)
    cases = ElementTree.parse(report).iter("testcase")
    found = {
        f"{case.get('classname').rpartition('tests.')[2]}.{case.get('name')}": not list(
            case.iterfind("failure")
        )
        and not list(case.iterfind("error"))
        and not list(case.iterfind("skipped"))
        for case in cases
    }
    report.unlink()
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
