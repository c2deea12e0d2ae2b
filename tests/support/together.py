"""Which tests of a parallel run stay on one worker: those of a module whose fixtures are dear.

The groups of pytest-xdist 3.8 (`--dist loadgroup`) have no effect under pytest 9, which takes a
test's id from elsewhere than where they write it.
"""

from __future__ import annotations

import re

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# A browser, a Jupyter, an environment, a graded class: each worker would make its own, or wait for
# the one that does.
MODULES = {
    "tests/system/test_escapes.py",
    "tests/system/test_formgrader.py",
    "tests/system/test_hand_ins_apart.py",
    "tests/system/test_jupyter.py",
    "tests/system/test_light_install.py",
    "tests/system/test_nbgrader.py",
    "tests/system/test_notebook_alone.py",
    "tests/system/test_odd_notebooks.py",
    "tests/system/test_one_product.py",
    "tests/system/test_pages.py",
    "tests/system/test_workflows.py",
    "tests/system/test_working_directory.py",
}
# What takes long of a unit: its proof, then its class, which is explained by what the proof saw
# (other workers would wait for it), and its authors' notebook.  They begin before the many short
# tests, so that no worker has one of them to itself in the end.
UNIT_BY_UNIT = re.compile(
    r"tests/(?:course/test_promises\.py::test_the_unit_holds|course/test_sample_class\.py::\w+"
    r"|unit/student/test_check\.py::test_the_authors_notebook_\w+)\[(\d\d)_"
)


class Together(LoadScopeScheduling):  # type: ignore[misc]
    """Hands out tests one by one, and the modules and units above whole, those first."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        if unit := UNIT_BY_UNIT.match(nodeid):
            return f"unit {unit[1]}"
        return module if module in MODULES else nodeid
