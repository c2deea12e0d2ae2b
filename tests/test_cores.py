"""Machines with many cores: frameworks start threads for each that they see."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox import bubblewrap
from autograder.sandbox.pool import Pool
from autograder.sandbox.template import CORES, groups

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import cores

LOOK = "import os\nprint(sorted(os.sched_getaffinity(0)))"


@pytest.mark.parametrize("count", [1, 2, 4, 7, 8, 10, 31, 64, 255])
def test_each_core_is_in_one_group_of_few(count: int) -> None:
    numbers = [3 * number for number in range(count)]  # others may be switched off
    found = groups(numbers)
    assert sorted(core for group in found for core in group) == numbers
    sizes = [len(group) for group in found]
    assert max(sizes) < 2 * CORES
    assert min(sizes) >= min(CORES, count)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler is installed")
def test_children_run_on_few_cores_and_not_all_on_the_same(
    tmp_path: Path, monkeypatch: Any
) -> None:
    library = cores.library(tmp_path)
    usual = bubblewrap._environment
    monkeypatch.setattr(
        bubblewrap,
        "_environment",
        lambda *which: [*usual(*which), f"LD_PRELOAD={library}", "CORES=64"],
    )
    with Pool("none") as pool:
        children = [pool.fork("numpy") for _ in range(17)]
        seen = [child.request("cell", 5.0, number=1, source=LOOK)["output"] for child in children]
        for child in children:
            child.close()
    assert all(len(json.loads(text)) == CORES for text in seen)
    assert len(set(seen[:16])) == 64 // CORES
    assert seen[16] in seen[:16]
