#!/usr/bin/env python3
"""Writes the locks from `pyproject.toml`, or with --check says whether they are current.

`requirements.lock` is what everything is made and tested with; `requirements-gpu.lock` has CUDA,
and the same versions of all that both have.  Each begins with a digest of the requirements that it
was made from, so that the check needs no network and takes no time.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# By extra: `tensorflow-cpu` (extra `cpu`) takes the place of `tensorflow` where it is built.
LOCKS = {"cpu": ROOT / "requirements.lock", "gpu": ROOT / "requirements-gpu.lock"}
OVERRIDES = {"cpu": "tensorflow; sys_platform != 'linux' or platform_machine != 'x86_64'\n"}
EXTRAS = ("test", "dev")


def header(extra: str) -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = ("requires-python", "dependencies", "optional-dependencies")
    requirements = [*(project[name] for name in names), extra, EXTRAS, OVERRIDES.get(extra, "")]
    digest = hashlib.sha256(json.dumps(requirements, sort_keys=True).encode()).hexdigest()
    return f"# Made by `make lock` from the requirements in pyproject.toml, sha256 {digest}\n"


def is_current(extra: str) -> bool:
    lock = LOCKS[extra]
    return lock.exists() and lock.read_text().startswith(header(extra))


def write(extra: str, upgrade: bool) -> None:
    lock = LOCKS[extra]
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, lock.name)
        if lock.exists():
            out.write_text(lock.read_text())  # uv keeps the versions that it finds here
        command = ["uv", "pip", "compile", "pyproject.toml", "--quiet", "--no-header"]
        command += ["--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--overrides", "-"]
        command += [part for name in (extra, *EXTRAS) for part in ("--extra", name)]
        command += ["--upgrade"] * upgrade + ["--output-file", str(out)]
        if extra != "cpu":
            constraints = Path(scratch, "constraints")
            constraints.write_text(versions_of(LOCKS["cpu"]))
            command += ["--constraints", str(constraints), "--no-annotate"]
        override = OVERRIDES.get(extra, "")
        subprocess.run(command, cwd=ROOT, input=override, text=True, check=True)
        body = out.read_text()
    # Where a machine downloads from is its own affair; others have other mirrors.
    if "://" in body:
        sys.exit(f"the lock would name a place to download from; {lock.name} is unchanged")
    lock.write_text(header(extra) + body)


def versions_of(lock: Path) -> str:
    """What a lock pins; TensorFlow with CUDA is to have the version of the one without."""
    pins = re.findall(r"^([\w.-]+==\S+)( ;.*?)? *\\?$", lock.read_text(), re.MULTILINE)
    lines = [name + marker for name, marker in pins if not name.startswith("tensorflow==")]
    return "".join(f"{line.replace('tensorflow-cpu==', 'tensorflow==')}\n" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether they are current")
    parser.add_argument("--upgrade", action="store_true", help="take the newest allowed versions")
    arguments = parser.parse_args()
    for extra in LOCKS:
        if not arguments.check:
            write(extra, arguments.upgrade)
        elif not is_current(extra):
            sys.exit(f"{LOCKS[extra].name} is older than pyproject.toml: type `make lock`")


if __name__ == "__main__":
    main()
