"""nbformat and jupytext, without the 1.5 CPU seconds that importing them takes beside JupyterLab.

nbformat imports jsonschema, which builds the grammar of internationalised addresses if a package
for it is installed; jupyter_server requires that package.  No notebook's schema has such an
address.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from autograder import programs


@contextmanager
def _not_installed(name: str) -> Iterator[None]:
    """Hide a package that nothing has imported yet, within the block."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # what `import` takes for "not there"
    try:
        yield
    finally:
        del sys.modules[name]


programs.keep_absolute()  # jupytext calls a program when it is imported
with _not_installed("rfc3987_syntax"):
    import jupytext as jupytext
    import nbformat as nbformat
