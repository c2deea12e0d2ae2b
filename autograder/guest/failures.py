"""Exceptions of student code as data, located in the student's own cells."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from types import FrameType, TracebackType

from autograder.wire.evidence import Failure

# TensorFlow's, JAX's and torch's words for it.
_NO_MEMORY = (
    "OOM when allocating",
    "RESOURCE_EXHAUSTED",
    "can't allocate memory",
    "CUDA out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
)
# What a released stub does, as `ast.unparse` writes it.
_STUBS = (["raise NotImplementedError()"], ["raise NotImplementedError"])

CellOf = Callable[[str], int]  # from a code file's name to the student's cell, 0 for other code


def status_of(error: BaseException, failure: Failure) -> str:
    """Return whether a program lacked memory or raised; backends name the former in own words."""
    lacked = isinstance(error, MemoryError) or any(said in failure.message for said in _NO_MEMORY)
    return "memory" if lacked else "raised"


def failure_of(error: BaseException, cell_of: CellOf) -> Failure:
    """Return an exception as data, located at the student's last own frame."""
    kind = type(error).__name__
    try:
        message = str(error)[:2000]
    except BaseException:
        message = ""
    if isinstance(error, SyntaxError) and (cell := cell_of(error.filename or "")):
        code = (error.text or "").strip()[:200]
        return Failure(kind, error.msg or "", cell, error.lineno or 0, code)
    trace = _last_own(error.__traceback__, cell_of)
    if trace is None:
        return Failure(kind, message)
    return Failure(kind, message, *place_of(trace.tb_frame, trace.tb_lineno, cell_of))


def is_stub(error: NotImplementedError, cell_of: CellOf) -> bool:
    """Return whether an untouched stub raised this: a function whose body does nothing else."""
    trace = _last_own(error.__traceback__, cell_of)
    if trace is None:
        return False
    try:
        tree = ast.parse("".join(linecache.getlines(trace.tb_frame.f_code.co_filename)))
    except Exception:
        return False
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.lineno <= trace.tb_lineno <= (node.end_lineno or 0)
    ]
    if not around:
        return False
    body = max(around, key=lambda node: node.lineno).body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return [ast.unparse(statement) for statement in body] in _STUBS


def _last_own(trace: TracebackType | None, cell_of: CellOf) -> TracebackType | None:
    found = None
    while trace is not None:
        if cell_of(trace.tb_frame.f_code.co_filename):
            found = trace
        trace = trace.tb_next
    return found


def place_of(frame: FrameType, line: int, cell_of: CellOf) -> tuple[int, int, str, str]:
    """Return cell, line, the line's text and the top-level owner of a student's frame."""
    code = frame.f_code
    text = linecache.getline(code.co_filename, line).strip()[:200]
    owner = code.co_qualname.partition(".")[0]
    return cell_of(code.co_filename), line, text, owner
