"""Cells run as in Jupyter, in the sandbox; failures come back as data with their place."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.grading.messages import cell_failure, exception, place_of, status_message
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.wire.evidence import MAX_TEXT, Evidence, Failure, evidence_of
from autograder.wire.observation import Observation
from autograder.wire.program import Program, ProgramCell


def run(
    pool: Pool, *cells: str, of: str = "None", **inputs: object
) -> tuple[dict[int, Evidence], Evidence]:
    """How the cells ran, and the evidence of an expression over `program` afterwards."""
    arguments = ", ".join(["program", *inputs])
    source = f"def observation({arguments}):\n    return {of}"
    with Observer(pool, Program(tuple(enumerate(cells, 1)))) as observer:
        evidence = observer.observe(Observation(source, inputs, 7), 5.0)
        return observer.cells, evidence


def advice(cells: tuple[str, ...], ran: dict[int, Evidence], evidence: Evidence, name: str) -> str:
    program = [ProgramCell(number, source, False) for number, source in enumerate(cells, 1)]
    return " ".join(status_message(name, evidence, program, ran, "1 GiB"))


@pytest.mark.parametrize(
    "cell",
    [
        "%time x = 3",
        "%%time\nx = 3",
        "%matplotlib inline\nx = 3",
        "%load_ext autoreload\n%autoreload 2\nx = 3",
        "import asyncio\nx = await asyncio.sleep(0, 3)",
        "async def f():\n    return 3\nx = await f()",
        "from IPython.display import display, HTML, Markdown\ndisplay(HTML('<b>3</b>'))\nx = 3",
        "display({'a': 1})\nx = 3",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.close('all')\nx = 3",
        "x = 3;",
        "_ = 2\n_ + 1\nx = _ + 1",
        "?print\nx = 3",
        "from __future__ import annotations\ndef f(a: Nowhere): return 3\nx = f(0)",
        "import warnings\nwarnings.warn('careful')\nx = 3",
        "import sys\nsys.setrecursionlimit(10**6)\nx = 3",
        "from autograder import check\ncheck('anything')\nx = 3",
    ],
)
def test_cells_run_as_in_jupyter(pool: Pool, cell: str) -> None:
    cells, evidence = run(pool, cell, of="program.x")
    assert cells[1].status == "ok", cells[1]
    assert evidence.value == 3


def test_the_last_expression_is_kept_for_the_next_cell(pool: Pool) -> None:
    cells, evidence = run(pool, "20 + 22", "x = _", of="program.x")
    assert "42" in cells[1].output
    assert evidence.value == 42


def test_shell_commands_start_nothing_and_do_not_stop_the_cell_after(pool: Pool) -> None:
    cells, evidence = run(pool, "!touch here", "!pip install nothing", "x = 1", of="program.x")
    assert evidence.value == 1
    assert set(cells) == {1, 2, 3}


def test_a_failing_cell_does_not_stop_the_next(pool: Pool) -> None:
    cells, evidence = run(pool, "a = 1", "a = 2\n1 / 0\na = 3", "b = a", of="program.b")
    assert [cell.status for cell in cells.values()] == ["ok", "raised", "ok"]
    assert evidence.value == 2


def test_a_failing_cell_is_told_with_its_line(pool: Pool) -> None:
    cells, _ = run(pool, "a = 1", "b = 2\n\n1 / 0")
    said = cell_failure(2, cells[2])
    assert said == "Cell 2, line 3 failed with `ZeroDivisionError: division by zero`: `1 / 0`"


def test_a_message_of_keras_is_told_without_colours_and_arguments() -> None:
    """As Keras 3.15 words what a layer raises."""
    raised = (
        "Exception encountered when calling Dense.call().\n\n\x1b[1mThe shapes don't fit.\x1b[0m"
        "\n\nArguments received by Dense.call():\n  • inputs=tf.Tensor([[1. 2.]])"
    )
    told = "Exception encountered when calling Dense.call(). The shapes don't fit."
    assert exception(Failure("ValueError", raised)) == f"`ValueError: {told}`"


@pytest.mark.parametrize(
    ("cell", "line", "kind"),
    [
        ("x = 1\ny = (2", 2, "SyntaxError"),
        ("def f():\nreturn 1", 2, "IndentationError"),
        ("x = 1\nfor i in range(3)\n    pass", 2, "SyntaxError"),
        ("if True:\n\tx = 1\n        y = 2", 3, "TabError"),
        ("x = 'never closed", 1, "SyntaxError"),
    ],
)
def test_a_syntax_error_has_its_place(pool: Pool, cell: str, line: int, kind: str) -> None:
    cells, _ = run(pool, "first = 1", cell)
    failure = cells[2].failure
    assert failure is not None
    assert failure.type_name == kind
    assert (failure.cell, failure.line) == (2, line)
    assert failure.code == cell.splitlines()[line - 1].strip()


def test_a_traceback_ends_at_the_last_own_frame(pool: Pool) -> None:
    helper = "def helper(a):\n    b = a + 1\n    return b @ a\n"
    _, evidence = run(pool, "import numpy as np", f"{helper}\ndef f(a):\n    return helper(a)",
                      of="program.f(np.ones((2, 3)))")  # fmt: skip
    failure = evidence.failure
    assert failure is not None
    assert failure.type_name == "ValueError"
    assert (failure.cell, failure.line, failure.function) == (2, 3, "helper")
    assert failure.code == "return b @ a"


@pytest.mark.parametrize(
    "call", ["np.linalg.inv(a)", "np.apply_along_axis(lambda r: r[9], 1, a)", "np.reshape(a, 7)"]
)
def test_a_traceback_through_numpy_ends_in_the_students_cell(pool: Pool, call: str) -> None:
    cell = f"import numpy as np\ndef f(a):\n    return {call}"
    _, evidence = run(pool, cell, of="program.f(np.ones((2, 3)))")
    place = place_of(evidence.failure)
    assert place is not None
    assert (place.cell, place.line, place.code) == (1, 3, f"return {call}")


def test_an_error_in_the_check_itself_has_no_place(pool: Pool) -> None:
    _, evidence = run(pool, "def f():\n    return None", of="program.f()[0]")
    assert evidence.status == "raised"
    assert place_of(evidence.failure) is None


def test_exceptions_that_cannot_be_printed_are_data_all_the_same(pool: Pool) -> None:
    cell = "class E(Exception):\n    def __str__(self): raise self\ndef f(): raise E()"
    _, evidence = run(pool, cell, of="program.f()")
    assert evidence.status == "raised"
    assert evidence.failure is not None
    assert evidence.failure.type_name == "E"


def test_endless_recursion_is_an_error_of_the_student(pool: Pool) -> None:
    _, evidence = run(pool, "def f(n):\n    return f(n + 1)", of="program.f(0)")
    assert evidence.status == "raised"
    assert evidence.failure is not None
    assert evidence.failure.type_name == "RecursionError"


def test_output_of_both_streams_is_captured(pool: Pool) -> None:
    cell = (
        "import sys, logging\nprint('out')\nprint('err', file=sys.stderr)\nlogging.warning('log')"
    )
    cells, evidence = run(pool, cell, "def f():\n    print('inside')", of="program.f()")
    assert "out\n" in cells[1].output
    assert "err\n" in cells[1].output
    assert cells[2].output == ""
    assert evidence.output == "inside\n"


def test_output_is_cut_with_a_word(pool: Pool) -> None:
    cells, _ = run(pool, f"print('x' * {2 * MAX_TEXT})")
    assert len(cells[1].output) <= MAX_TEXT
    assert cells[1].output.startswith("xxx")
    assert cells[1].output.endswith("… (cut here)")


def test_half_characters_and_zeros_in_output_are_harmless(pool: Pool) -> None:
    cells, _ = run(pool, r"print('\ud800 \0 \x1b[31m ü')")
    assert cells[1].status == "ok"
    assert "ü" in cells[1].output
    assert cells[1].output.encode()


def test_input_fails_at_once_and_says_why(pool: Pool) -> None:
    cells, evidence = run(pool, "name = input('Name? ')", "x = 1", of="program.x")
    assert cells[1].status == "raised"
    assert cells[1].seconds < 1
    assert evidence.value == 1


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ("def Backward(): pass", "You have `Backward` (cell 1, line 1): rename it `backward`."),
        ("def backwards(): pass", "You have `backwards` (cell 1, line 1): rename it"),
        ("def my_backward(): pass", "You have `my_backward` (cell 1, line 1): rename it"),
        ("x = 1\ndef BACKWARD(): pass", "You have `BACKWARD` (cell 1, line 2): rename it"),
        ("def backward_solution(): pass", "You have `backward_solution` (cell 1, line 1)"),
        ("Backward = max", "You have `Backward`: rename it `backward`."),
        ("class Net:\n    def backward(self): pass", "it stands inside `class Net:`."),
        ("if False:\n    def backward(): pass", "it stands inside `if False:`."),
        ("# def backward():\n#     pass", "commented out in cell 1, line 1"),
        ("%%writefile b.py\ndef backward(): pass", "below `%%writefile`"),
        ("def other(): pass", "Put the cell with `def backward(…)` back"),
        ("backward = 1\ndel backward", "is it deleted?"),
        ("def backward(): pass\ndel backward", "is it deleted?"),
    ],
)
def test_what_is_missing_is_looked_for(pool: Pool, definition: str, said: str) -> None:
    ran, evidence = run(pool, definition, of="program.backward()")
    assert evidence.status == "missing"
    assert said in advice((definition,), ran, evidence, "backward")


def test_a_function_whose_cell_failed_names_that_cell(pool: Pool) -> None:
    cells = ("import numpie as np", "def backward(:\n    return 1")
    ran, evidence = run(pool, *cells, of="program.backward()")
    said = advice(cells, ran, evidence, "backward")
    assert evidence.status == "missing"
    assert "Cell 2, line 1: invalid syntax: `def backward(:`" in said
    assert "Fix line 1 of cell 2 first." in said


def test_a_stub_is_not_answered_yet(pool: Pool) -> None:
    cell = "def f():\n    raise NotImplementedError()\ndef g():\n    return f()"
    _, direct = run(pool, cell, of="program.f()")
    assert direct.status == "stub"
    _, inside = run(pool, cell, of="program.g()")
    assert advice((), {}, direct, "f").strip() == "`f` is not answered yet."
    assert "`g` calls `f`, which is not answered yet." in advice((), {}, inside, "g")


def test_a_stub_of_a_method_is_its_class(pool: Pool) -> None:
    cell = "class C:\n    def m(self):\n        raise NotImplementedError()"
    _, evidence = run(pool, cell, of="program.C().m()")
    assert advice((), {}, evidence, "C").strip() == "`C` is not answered yet."


def test_every_observation_is_seeded_alike(pool: Pool) -> None:
    cell = "import random, numpy as np\nrandom.seed(99)\nnp.random.seed(99)\ndef f():\n"
    cell += "    return random.random(), np.random.random()"
    assert run(pool, cell, of="program.f()")[1] == run(pool, cell, of="program.f()")[1]


def test_one_observation_leaves_nothing_for_the_next_but_the_students_own(pool: Pool) -> None:
    with Observer(
        pool, Program(((1, "def f(x):\n    x.append(1)\n    return len(x)"),))
    ) as program:
        trial = Observation("def o(program, x):\n    return program.f(x)", {"x": []}, 0)
        assert [program.observe(trial, 1.0).value for _ in range(2)] == [1, 1]


def test_what_observations_keep_is_theirs_until_the_names_change(pool: Pool) -> None:
    """Another cell or a borrowed function may change all that was made of the program."""
    keeping = "def o(program):\n    return probes.kept(program, 'made', program.make)"
    made = "made = []\ndef make():\n    made.append(1)\n    return len(made)"
    child = pool.fork("numpy")

    def observed() -> object:
        reply = child.request("observe", 1.0, Observation(keeping, {}, 0).packed)
        return evidence_of(reply).value

    try:
        child.request("cell", 1.0, number=1, source=made)
        assert [observed() for _ in range(3)] == [1, 1, 1]
        child.request("cell", 1.0, number=2, source="def other(): pass")
        assert [observed() for _ in range(2)] == [2, 2]
        child.request("replace", 1.0, names=["other"])
        assert [observed() for _ in range(2)] == [3, 3]
    finally:
        child.close()


SHARE = "def o(program, x, y):\n    return {'share': program.f(x) / y, 'first': float(x[0])}"


@pytest.mark.parametrize(
    ("cell", "inputs", "float64", "single"),
    [
        ("def f(x): return x * np.float32(1)", "float64", True, False),  # NumPy keeps float64
        ("def f(x): return x.astype('float32')", "float64", True, True),
        ("def f(x): return x.astype('float32').astype('float64')", "float64", True, True),
        ("def f(x): return np.round(x * 8) / 8", "float64", True, False),
        ("def f(x): return x.astype('float32')", "float64", False, False),  # is not compared so
        ("def f(x): return x.astype('float32')", "float32", True, False),  # nothing is less
    ],
)
def test_what_is_made_of_float32_is_float32(
    pool: Pool, cell: str, inputs: str, float64: bool, single: bool
) -> None:
    """A check may divide it by float64, which gives float64 again."""
    given = {"x": np.array([0.1, 0.2], inputs), "y": np.array([0.3, 0.4])}
    with Observer(pool, Program(((1, f"import numpy as np\n{cell}"),))) as program:
        evidence = program.observe(Observation(SHARE, given, 0, float64=float64), 1.0)
    types = {name: np.asarray(value).dtype.name for name, value in evidence.value.items()}
    assert types == dict.fromkeys(("share", "first"), "float32" if single else "float64")


def test_student_objects_come_back_as_names_only(pool: Pool) -> None:
    cell = "class Mine: pass\nx = [Mine(), lambda: 1, {1, 2}, b'x', 2**70, object]"
    _, evidence = run(pool, cell, of="program.x")
    names = [item.type_name for item in evidence.value]
    assert names == ["Mine", "function", "set", "bytes", "int of more than 64 bits", "type"]


def test_values_that_are_too_large_are_an_error_of_the_student(pool: Pool) -> None:
    _, deep = run(pool, "x = []\nfor _ in range(99): x = [x]", of="program.x")
    _, large = run(pool, "import numpy as np\nx = np.zeros((5000, 5000))", of="program.x")
    assert deep.status == large.status == "raised"


@pytest.mark.slow
def test_a_traceback_through_keras_ends_in_the_students_cell(pool: Pool) -> None:
    cell = "from keras import ops\ndef f(x):\n    y = ops.add(x, 1.0)\n    return ops.matmul(y, y)"
    _, evidence = run(pool, cell, of="program.f(np.ones((2, 3)))")
    place = place_of(evidence.failure)
    assert place is not None
    assert (place.cell, place.line) == (1, 4)
