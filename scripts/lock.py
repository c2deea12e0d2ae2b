#!/usr/bin/env python3
"""Writes `requirements.lock` from `pyproject.toml`, or with --check says whether it is current.

The lock begins with a digest of the requirements that it was made from, so that the check needs
no network and takes no time.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
EXTRAS = ("cpu", "test", "dev")

# `tensorflow-cpu` (extra `cpu`) takes the place of `tensorflow` where it is built.
OVERRIDE = "tensorflow; sys_platform != 'linux' or platform_machine != 'x86_64'\n"


def header() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = ("requires-python", "dependencies", "optional-dependencies")
    requirements = [*(project[name] for name in names), EXTRAS, OVERRIDE]
    digest = hashlib.sha256(json.dumps(requirements, sort_keys=True).encode()).hexdigest()
    return f"# Made by `make lock` from the requirements in pyproject.toml, sha256 {digest}\n"


def is_current() -> bool:
    return LOCK.exists() and LOCK.read_text().startswith(header())


def write(upgrade: bool) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, LOCK.name)
        if LOCK.exists():
            out.write_text(LOCK.read_text())  # uv keeps the versions that it finds here
        command = ["uv", "pip", "compile", "pyproject.toml", "--quiet", "--no-header"]
        command += ["--universal", "--python-version", "3.11", "--generate-hashes"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--overrides", "-"]
        command += [part for extra in EXTRAS for part in ("--extra", extra)]
        command += ["--upgrade"] * upgrade + ["--output-file", str(out)]
        subprocess.run(command, cwd=ROOT, input=OVERRIDE, text=True, check=True)
        body = out.read_text()
    # Where a machine downloads from is its own affair; others have other mirrors.
    if "://" in body:
        sys.exit("the lock would name a place to download from; requirements.lock is unchanged")
    LOCK.write_text(header() + body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the lock is current")
    parser.add_argument("--upgrade", action="store_true", help="take the newest allowed versions")
    arguments = parser.parse_args()
    if not arguments.check:
        write(arguments.upgrade)
    elif not is_current():
        sys.exit("requirements.lock is older than pyproject.toml's requirements: type `make lock`")


if __name__ == "__main__":
    main()
