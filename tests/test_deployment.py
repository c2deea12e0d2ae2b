"""What the files for clusters promise: the Slurm script.

Slurm's own two commands are stood in for by scripts that start what they are given, twice.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.cli import ALL_GRADED

ROOT = Path(__file__).parents[1]
SLURM = ROOT / "docs" / "cluster" / "slurm.sh"


# ------------------------------------------------------------------------------------------ Slurm

SRUN = """#!/bin/bash
# One task on each of two machines.
while [[ $1 == --* ]]; do shift; done
echo $$ >"$SLURM_TMP/srun.pid"
trap 'kill $(jobs -p)' TERM
for _ in 1 2; do "$@" & done
wait; wait
"""
SCANCEL = """#!/bin/bash
kill -TERM "$(cat "$SLURM_TMP/srun.pid")"
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_slurm_script_grades_over_tls_and_leaves_no_key(
    lines_course: Path, tmp_path: Path, write_notebook: Any
) -> None:
    handed_in, tools = tmp_path / "in", tmp_path / "tools"
    for name in ("ada", "bao", "chen"):
        write_notebook(handed_in / f"{name}.ipynb", center="def center(X):\n    return X")
    tools.mkdir()
    for name, text in (("srun", SRUN), ("scancel", SCANCEL)):
        (tools / name).write_text(text, encoding="utf-8")
        (tools / name).chmod(0o755)
    (tmp_path / "tmp").mkdir()
    environment = {
        **os.environ,
        "PATH": f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "TMPDIR": str(tmp_path / "tmp"),
        "SLURM_TMP": str(tmp_path),
        "SLURM_JOB_ID": "7",
        "SLURM_CPUS_PER_TASK": "1",
    }
    out = tmp_path / "out"
    done = subprocess.run(
        ["bash", str(SLURM), str(handed_in), "--out", str(out), "--seed", "s"],
        cwd=lines_course,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == ALL_GRADED, done.stdout
    assert len(list(out.rglob("*.json"))) == 3
    assert "Traceback" not in done.stdout
    assert not list((lines_course / ".autograder").glob("slurm-*"))
