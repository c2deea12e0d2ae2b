"""Notebooks as they really come: odd, and worth the points that are declared here.

Each is made from the notebook of unit `01_lines` of the tiny course, answered by its reference.
`center` is worth 2 points, `learn` 3.  Code cells, as the student counts them: 1 imports, 2
`center`, 3 its check, 4 `learn`, 5 its check, 6 an experiment.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import platform
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from autograder.course.course import Course
from autograder.course.notebook import author_notebook
from autograder.submissions.notebook_file import grade_id_of
from support.places import TINY

UNIT = "01_lines"
Notebook = dict[str, Any]

CENTER = "def center(X):\n    return X - X.mean(axis=1, keepdims=True)"
SUM = "def center(X):\n    return X - X.sum(axis=1, keepdims=True)"
STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()\n"
HEAD = "def center(X):\n"
BODY = "    return X - X.mean(axis=1, keepdims=True)\n"
CALL = "center = center(np.ones((2, 3)))\nprint(center.max())"
NUMPY = f"numpy {metadata.version('numpy')}"
PYTHON = ".".join(platform.python_version_tuple()[:2])
UNREADABLE = "The file "


@dataclass(frozen=True)
class OddNotebook:
    """One odd notebook.

    `points` is None where nothing can be graded.  `says` are words that the student reads, `never`
    words that nobody does.  `beside` are files that lie beside it.
    """

    name: str
    kind: int  # of the list in the issue
    content: bytes
    points: float | None
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path, name: str = f"{UNIT}.ipynb") -> Path:
        """Write it and what lies beside it into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        for other, text in self.beside.items():
            (folder / other).write_text(text, encoding="utf-8")
        path = folder / name
        path.write_bytes(self.content)
        return path


def base() -> Notebook:
    """The unit's notebook, answered right, as JSON data."""
    loaded = Course(TINY).load(UNIT)
    made = author_notebook(loaded.cells, loaded.unit.exercises, UNIT)
    found: Notebook = json.loads(json.dumps(made))
    return found


def python_cell(source: str, **metadata: Any) -> Notebook:
    cell = {
        "cell_type": "code",
        "id": f"odd-{zlib.crc32(repr(source).encode())}",
        "metadata": metadata,
    }
    return cell | {"source": source, "outputs": [], "execution_count": None}


def text_cell(source: str, kind: str = "markdown") -> Notebook:
    return {"cell_type": kind, "id": "odd-text", "metadata": {}, "source": source}


class Edit:
    """A notebook that is being changed; `json` is its text."""

    def __init__(self) -> None:
        self.notebook = copy.deepcopy(BASE)

    @property
    def cells(self) -> list[Notebook]:
        found: list[Notebook] = self.notebook["cells"]
        return found

    @property
    def code(self) -> list[Notebook]:
        return [cell for cell in self.cells if cell["cell_type"] == "code"]

    def index(self, name: str) -> int:
        return next(i for i, cell in enumerate(self.cells) if grade_id_of(cell) == name)

    def answer(self, source: str, name: str = "center") -> Edit:
        self.cells[self.index(name)]["source"] = source
        return self

    def first(self, source: str) -> Edit:
        """Put lines before those of the first code cell."""
        self.code[0]["source"] = f"{source}\n{self.code[0]['source']}"
        return self

    def after(self, name: str, *cells: Notebook) -> Edit:
        at = self.index(name) + 1
        self.cells[at:at] = cells
        return self

    def end(self, *cells: Notebook) -> Edit:
        self.cells.extend(cells)
        return self

    def drop(self, *names: str) -> Edit:
        self.cells[:] = [cell for cell in self.cells if grade_id_of(cell) not in names]
        return self

    def each(self, change: Callable[[Notebook], object]) -> Edit:
        for cell in self.cells:
            change(cell)
        return self

    def whole(self, **entries: Any) -> Edit:
        self.notebook.update(entries)
        return self

    def saved_by(self, version: str) -> Edit:
        self.notebook["metadata"]["language_info"] = {"name": "python", "version": version}
        return self

    @property
    def json(self) -> bytes:
        return json.dumps(self.notebook, indent=1).encode()


BASE = base()
LEFT = "`raise NotImplementedError()`, is still there: delete it"
NOT_INSTALLED = "`pandas` is not installed where grading happens"
ONLY = "only the notebook is graded"


def _overwritten() -> Iterator[OddNotebook]:
    stood = ("`center` was graded as it stood before cell 4",)

    def odd(
        name: str, edit: Edit, points: float = 5, *says: str, never: tuple[str, ...] = ()
    ) -> OddNotebook:
        return OddNotebook(name, 5, edit.json, points, says, never)

    yield odd("array", Edit().after("check_center", python_cell(CALL)), 5, *stood)
    yield odd("deleted", Edit().after("check_center", python_cell("del center")), 5, *stood)
    loop = "for center in range(3):\n    pass"
    yield odd("loop-variable", Edit().after("check_center", python_cell(loop)), 5, *stood)
    other = "from math import floor as center"
    yield odd("another-function", Edit().after("check_center", python_cell(other)), 5, *stood)
    yield odd("by-globals", Edit().after("check_center", python_cell("globals()['center'] = 3")))
    yield odd("reset", Edit().end(python_cell("%reset -f")))
    yield odd(
        "a-file-by-its-name", Edit().end(python_cell("with open('x', 'w') as center:\n    pass"))
    )
    vectorized = f"{CENTER.replace('center', '_c')}\ncenter = lambda *a: _c(*a)"
    yield odd(
        "stub-that-is-replaced-below", Edit().answer(HEAD + STUB).end(python_cell(vectorized))
    )
    yield odd("before-its-check", Edit().after("center", python_cell(CALL)))
    unchecked = Edit().after("check_center", python_cell(CALL)).drop("check_center", "check_learn")
    yield odd("without-checks", unchecked, 5, "`check_center` is missing")
    yield odd("numpy", Edit().end(python_cell("np = 3")))
    helper = f"def middle(X):\n{BODY}\n\n" + HEAD + "    return middle(X)"
    yield odd(
        "a-helper", Edit().answer(helper).end(python_cell("middle = middle(np.ones((2, 3)))"))
    )
    yield odd(
        "same-cell",
        Edit().answer(f"{CENTER}\n\n{CALL}"),
        3,
        "Cell 2, line 4 gives the name `center` to a value of type `numpy.ndarray`",
    )
    yield odd(
        "corrected-below",
        Edit().answer(SUM).end(python_cell(CENTER)),
        5,
        "`center` is defined in cells 2 and 7; what cell 7 defines counts.",
    )
    below = Edit().answer(SUM).end(python_cell(f"%matplotlib inline\n{CENTER}"))
    yield odd("corrected-below-a-magic", below)
    yield odd(
        "corrected-by-a-lambda",
        Edit().answer(SUM).end(python_cell("center = lambda X: X - X.mean(axis=1, keepdims=True)")),
    )
    yield odd(
        "spoilt-below",
        Edit().end(python_cell(SUM)),
        3,
        "what cell 7 defines counts",
        "You subtract the sum: divide it by m.",
    )


def _first_cell() -> Iterator[OddNotebook]:
    def odd(name: str, lines: str, *says: str, never: tuple[str, ...] = ()) -> OddNotebook:
        return OddNotebook(name, 6, Edit().first(lines).json, 5, says, never)

    quiet = ("not installed", "Cell 1")
    yield odd("widget-backend", "%matplotlib widget", never=quiet)
    yield odd(
        "qt-backend", "%matplotlib qt\nimport matplotlib.pyplot as plt\nplt.plot([1])", never=quiet
    )
    yield odd("tensorboard", "%load_ext tensorboard\n%tensorboard --logdir logs", never=quiet)
    mount = "from google.colab import drive, files\ndrive.mount('/content/drive')"
    yield odd("colab", f"{mount}\nfor name in files.upload():\n    print(name)", never=quiet)
    yield odd("colab-import", "import google.colab\ngoogle.colab.drive.mount('/x')", never=quiet)
    window = "import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt"
    yield odd("window", f"{window}\nplt.figure()\nplt.show()", never=quiet)
    switch = "import matplotlib.pyplot as plt\nplt.switch_backend('Qt5Agg')\nplt.figure()"
    yield odd("switched-window", switch, never=quiet)
    yield odd(
        "widgets",
        "from ipywidgets import interact\n@interact(x=(0, 3))\ndef show(x):\n    return x",
        never=quiet,
    )
    style = "import matplotlib.pyplot as plt\nplt.style.use('seaborn')"
    yield odd("style-that-is-gone", style, never=quiet)
    calls = "get_ipython().magic('%matplotlib widget')\nget_ipython().system('pip install x')"
    yield odd("called-magic", calls, never=quiet)
    yield odd("unknown-magic", "%tensorflow_version 2.x\n%autoreload 2", never=quiet)
    yield odd(
        "shell", "!pip install pandas\n%pip install pandas\n%cd /content\nfiles = !ls", never=quiet
    )
    yield OddNotebook(
        "other-programs",
        6,
        Edit()
        .after(
            "center",
            python_cell("%%bash\nls"),
            python_cell("%%sql\nselect 1"),
            python_cell("%%html\n<b>x</b>"),
        )
        .json,
        5,
        (),
        ("UsageError",),
    )
    pandas = (NOT_INSTALLED, "Cell 1, line 1")
    yield odd("unused-import", "import pandas as pd", *pandas)
    yield odd("one-of-several-imports", "import os, pandas, math\nmath.floor(2.5)", *pandas)
    yield odd(
        "import-that-is-used", "import pandas as pd\ndata = pd.DataFrame()\nprint(data)", *pandas
    )
    yield odd("timed-cell", "%%time\nimport pandas", NOT_INSTALLED, "Cell 1, line 2")
    yield odd(
        "name-that-is-gone",
        "from numpy import no_such_thing",
        f"happens with {NUMPY}, which has no `numpy.no_such_thing`",
    )
    inside = f"{HEAD}    import pandas as pd\n{BODY}"
    yield OddNotebook(
        "import-in-the-answer",
        6,
        Edit().answer(inside).json,
        3,
        (NOT_INSTALLED,),
        ("not answered yet",),
    )
    asks = f"{HEAD}    pd.DataFrame(X)\n{BODY}"
    yield OddNotebook(
        "answer-asks-for-it",
        6,
        Edit().first("import pandas as pd").answer(asks).json,
        3,
        ("`pd` would come from cell 1, line 1: `pandas` is not installed",),
    )
    yield OddNotebook(
        "data-beside",
        6,
        Edit().answer(f"{HEAD}    np.load('mean.npy')\n{BODY}").json,
        3,
        ("FileNotFoundError", "Only the notebook is graded: no file"),
    )


def _stubs() -> Iterator[OddNotebook]:
    unanswered = ("not answered yet",)

    def odd(name: str, source: str, *says: str, never: tuple[str, ...] = unanswered) -> OddNotebook:
        return OddNotebook(name, 7, Edit().answer(source).json, 3, says, never)

    yield odd("line-left-in", HEAD + STUB + BODY, f"Cell 2, line 3, {LEFT}")
    after = f"{HEAD}    Y = X - X.mean(axis=1, keepdims=True)\n{STUB}"
    yield odd("line-left-behind", after, f"Cell 2, line 4, {LEFT}")
    branch = f"{HEAD}    if X.ndim == 2:\n        raise NotImplementedError('matrices')\n{BODY}"
    yield odd("own-branch", branch, "`NotImplementedError: matrices`", never=(*unanswered, LEFT))
    yield odd(
        "own-silent-branch",
        branch.replace("'matrices'", ""),
        "`NotImplementedError`",
        never=(*unanswered, LEFT),
    )
    helper = (
        f"def mean(X):\n    raise NotImplementedError('todo')\n\n\n{HEAD}    return X - mean(X)"
    )
    yield odd("own-helper", helper, "`NotImplementedError: todo`")
    never = (LEFT, "NotImplementedError`")
    yield odd(
        "untouched",
        f'{HEAD}    """Centre."""\n{STUB}',
        "`center` is not answered yet.",
        never=never,
    )
    yield odd(
        "untouched-but-for-a-note",
        f"{HEAD}    # No idea how.\n{STUB}",
        "`center` is not answered yet.",
        never=never,
    )


def _elsewhere() -> Iterator[OddNotebook]:
    def odd(name: str, edit: Edit, *says: str, points: float = 3, **files: str) -> OddNotebook:
        beside = {f"{stem}.py": content for stem, content in files.items()}
        return OddNotebook(name, 8, edit.json, points, says, (), beside)

    def typed(kind: str) -> Edit:
        edit = Edit()
        edit.cells[edit.index("center")]["cell_type"] = kind
        return edit

    def unmarked(kind: str) -> Edit:
        edit = typed(kind)
        edit.cells[edit.index("center")]["metadata"] = {}
        return edit

    yield odd("marked-markdown", typed("markdown"), "is a Markdown cell; it counts", points=5)
    yield odd("marked-raw", typed("raw"), "is a raw cell; it counts as code cell 2", points=5)
    yield odd("markdown", unmarked("markdown"), "in a Markdown cell below code cell 1")
    yield odd("raw", unmarked("raw"), "in a raw cell below code cell 1", "make that a code cell")
    fenced = Edit().drop("center").after("check_center", text_cell(f"```python\n{CENTER}\n```"))
    yield odd("fenced", fenced, "in a Markdown cell below code cell 2")
    helper = f"import numpy as np\n{CENTER}\n"
    asks = "`my_functions` is not there, because only the notebook is graded"
    copy_it = "Copy what you use of `my_functions.py` into the notebook."
    for name, source in {
        "helper-file": "from my_functions import center",
        "all-of-a-helper-file": "from my_functions import *",
        "alias-of-a-helper-file": "import my_functions as f\ncenter = f.center",
    }.items():
        yield odd(name, Edit().answer(source), asks, copy_it, my_functions=helper)
    yield odd(
        "helper-file-that-is-run",
        Edit().answer("%run my_functions.py"),
        ONLY,
        "Copy `center` out of `my_functions.py`",
        my_functions=helper,
    )
    yield odd(
        "helper-file-not-handed-in",
        Edit().answer("from my_functions import center"),
        "If it is a file of your own, copy it into the notebook",
    )
    for name in ("center2", "my_center", "Center", "CENTER", "center_solution"):
        renamed = Edit().answer(CENTER.replace("center", name))
        yield odd(
            f"renamed-{name}".lower() + ("-2" if name == "CENTER" else ""),
            renamed,
            f"You have `{name}` (cell 2, line 1): rename it `center`.",
        )
    indented = CENTER.replace("\n", "\n    ")
    yield odd(
        "in-a-class", Edit().answer(f"class Net:\n    {indented}"), "it stands inside `class Net:`"
    )
    yield odd("in-an-if", Edit().answer(f"if False:\n    {indented}"), "inside `if False:`")
    commented = "\n".join(f"# {line}" for line in CENTER.splitlines())
    yield odd("commented-out", Edit().answer(commented), "commented out in cell 2, line 1")
    yield odd(
        "written-to-a-file", Edit().answer(f"%%writefile c.py\n{CENTER}"), "below `%%writefile`"
    )
    tagged = Edit()
    tagged.cells[tagged.index("center")]["metadata"]["tags"] = ["experiment"]
    yield odd("tagged", tagged, "tagged `experiment`")


def _versions() -> Iterator[OddNotebook]:
    def odd(
        name: str, kind: int, edit: Edit, *says: str, never: tuple[str, ...] = ()
    ) -> OddNotebook:
        return OddNotebook(name, kind, edit.json, 3, says, never)

    later = f"{HEAD}    print(X???)\n{BODY}"
    yield odd(
        "newer-python",
        9,
        Edit().answer(later).saved_by("3.99.1"),
        f"Grading runs Python {PYTHON}",
        "saved by Python 3.99.1",
    )
    yield odd(
        "older-python",
        9,
        Edit().answer(later).saved_by("3.8.2"),
        "Cell 2, line 2",
        never=("saved by Python",),
    )
    yield odd("odd-version", 9, Edit().answer(later).saved_by("9" * 500), never=("saved by",))
    yield odd(
        "attribute-that-is-gone",
        9,
        Edit().answer(f"{HEAD}    np.no_such_thing(X)\n{BODY}"),
        f"happens with {NUMPY}, which has no `numpy.no_such_thing`",
    )
    broken = f"{HEAD}    Y = (X\n{BODY}"
    yield odd(
        "never-closed",
        10,
        Edit().answer(broken),
        "Cell 2, line 2: `(` was never closed",
        "Fix line 2 of cell 2 first.",
        never=("SyntaxError",),
    )
    yield odd(
        "lost-colon",
        10,
        Edit().answer(CENTER.replace("):\n", ")\n")),
        "Cell 2, line 1: expected `:`",
        "Fix line 1 of cell 2 first.",
    )


def _as_pages() -> Iterator[tuple[str, bytes, str]]:
    """Files that are no notebook: a name, the bytes, and what the message calls it."""
    whole = Edit().json
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as out:
        out.writestr("x.ipynb", whole)
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as out:
        out.writestr("[Content_Types].xml", "<x/>")
    link = "https://colab.research.google.com/drive/1abc?usp=sharing"
    drive = "https://drive.google.com/file/d/1abc"
    yield "empty", b"", "is empty"
    yield "only-nuls", bytes(4096), "nothing but 4,096 NUL bytes"
    yield "nuls-within", whole[:300] + bytes(50) + whole[350:], "holds 50 NUL bytes, from line"
    yield "gzip", gzip.compress(whole), "is a gzip archive"
    yield "zip", packed.getvalue(), "is a zip archive"
    yield "office", document.getvalue(), "is an Office document"
    yield "pdf", b"%PDF-1.7\n%\xe2\xe3", "is a PDF"
    yield "picture", b"\x89PNG\r\n\x1a\n", "is a picture"
    yield "utf-16", whole.decode().encode("utf-16"), "it is UTF-16"
    yield "latin-1", whole.decode().replace("Separating", "Tr\xe4nnen").encode("latin-1"), "`0xe4`"
    yield "script", f"# %%\nimport numpy as np\n\n\n{CENTER}\n".encode(), "is a Python script"
    yield "link", f"{link}\n".encode(), "is a link to Google Colab"
    yield "windows-link", f"[InternetShortcut]\r\nURL={drive}\r\n".encode(), "link to Google Drive"
    yield "json-link", json.dumps({"url": drive}).encode(), "is a link to Google Drive"
    yield (
        "mac-link",
        (
            '<?xml version="1.0"?>\n<!DOCTYPE plist PUBLIC "-//Apple//DTD" "http://www.apple.com/x">'
            f"\n<plist><dict><key>URL</key><string>{link}</string></dict></plist>"
        ).encode(),
        "is a link to Google Colab",
    )
    yield "page", b"\n<!-- saved -->\n<html><body>Notebook</body></html>", "is a web page"
    yield "mhtml", b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\n", "a web page in one file"
    yield "words", b"Sehr geehrte Frau Noether, ich schicke", "is text, not a notebook"
    yield "conflict", b"<<<<<<< HEAD\n" + whole + b"\n=======\n{}\n>>>>>>> b\n", "merge conflict"
    yield "two-documents", whole + b"\n" + whole, "holds two JSON documents"
    yield "lost-comma", whole.replace(b",", b"", 1), "is not JSON from line"
    yield "list", b"[1, 2]", "it holds a list"


def _diagnoses() -> Iterator[OddNotebook]:
    edited = ("was edited", "cut off")

    def line_ends(end: str) -> Callable[[Notebook], object]:
        return lambda cell: cell.update(source=cell["source"].replace("\n", end))

    yield OddNotebook("windows-lines", 11, Edit().each(line_ends("\r\n")).json, 5, (), edited)
    yield OddNotebook("old-mac-lines", 11, Edit().each(line_ends("\r")).json, 5, (), edited)
    yield OddNotebook("spaces-at-line-ends", 11, Edit().each(line_ends("  \n")).json, 5, (), edited)
    whole = Edit().json
    rest = "A whole notebook ends in line"
    yield OddNotebook("a-rest", 11, whole + b"}\n", 5, (rest, "left over"), edited)
    yield OddNotebook("nuls-behind", 11, whole + bytes(100), 5, (rest, "NUL bytes"), edited)
    yield OddNotebook("half", 11, whole[: len(whole) // 2], None, ("ends too early", "cut off"))
    for name, data, says in _as_pages():
        yield OddNotebook(name, 11, data, None, (UNREADABLE, says), ("cut off",))


def _cells() -> Iterator[OddNotebook]:
    never = ("AttributeError", "NoneType", "not a valid")

    def odd(name: str, edit: Edit, *says: str) -> OddNotebook:
        return OddNotebook(name, 12, edit.json, 5, says, never)

    def without(name: str, kind: str) -> Edit:
        return Edit().each(lambda cell: cell.pop(name, 0) if cell["cell_type"] == kind else 0)

    yield odd("markdown-without-source", without("source", "markdown"), "have no `source`")
    yield odd("sql-cell", Edit().end(text_cell("select 1", "sql")), "has the type `sql`")
    yield odd("typeless-cell", Edit().end({"metadata": {}, "source": "x"}), "has the type `None`")
    yield odd("upper-case-type", Edit().each(lambda c: c.update(cell_type=c["cell_type"].title())))
    plain = Edit().each(lambda cell: grade_id_of(cell) or cell.update(metadata=None))
    yield odd("null-metadata", plain.whole(metadata=None), "`metadata` is null")
    yield odd("listed-metadata", Edit().whole(metadata=[1]), "`metadata` is a list")
    yield odd("no-outputs", without("outputs", "code"), "have no `outputs`; it counts as empty")
    yield odd("odd-outputs", Edit().each(lambda cell: cell.update(outputs="x")), "as `outputs`")
    yield odd("null-cell", Edit().end(None), "is null and no cell; it was left out")  # type: ignore[arg-type]
    yield odd("null-lines", Edit().end(python_cell([None, "x = 1"])), "that are no text")  # type: ignore[arg-type]
    yield odd("null-source", Edit().end(python_cell(None)), "has no `source`; it counts as empty")  # type: ignore[arg-type]
    yield odd("format-as-text", Edit().whole(nbformat="4"), "`nbformat` is text")
    yield odd("no-minor-format", Edit().whole(nbformat_minor=None), "`nbformat_minor` is null")
    yield odd("null-ids", Edit().each(lambda cell: cell.update(id=None)))
    yield odd("odd-counts", Edit().each(lambda cell: cell.update(execution_count="x")))


ODD: tuple[OddNotebook, ...] = (
    *_overwritten(),
    *_first_cell(),
    *_stubs(),
    *_elsewhere(),
    *_versions(),
    *_diagnoses(),
    *_cells(),
)
