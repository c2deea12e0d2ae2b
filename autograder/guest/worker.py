"""The only module that runs beside student code: executes cells, observes, decides nothing.

It holds no expected value, label, tolerance, reference or hint; all that it sends out is evidence.
Student code can rewrite everything here.  That forges nothing: what is compared are the values.
"""

from __future__ import annotations

import functools
import io
import os
import re
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, FunctionType, TracebackType
from typing import Any

import numpy as np

from autograder.guest import probes
from autograder.guest.accelerator import MARK
from autograder.guest.float32 import has_single, in_single
from autograder.guest.forbidden import Ban
from autograder.guest.remote import Ask, answered, borrowed, refusal
from autograder.guest.tensors import to_arrays
from autograder.wire.codec import CodecError, pack, unpack
from autograder.wire.evidence import MAX_TEXT, Evidence, Failure, data_of
from autograder.wire.frames import framed, read_frame

# TensorFlow's, JAX's and torch's words for it.
_NO_MEMORY = (
    "OOM when allocating",
    "RESOURCE_EXHAUSTED",
    "can't allocate memory",
    "CUDA out of memory",
    "CUDA_ERROR_OUT_OF_MEMORY",
)
_CUT = "\n… (cut here)"
_KERAS = re.compile(r"\b(?:keras|ops)\b")
_CELL = re.compile(r"<cell (\d+)>")


class MissingName(AttributeError):  # noqa: N818 - read by students, as a statement
    """The program does not define a name that a check asks for."""


class ProgramView:
    """What a check sees of a program: the names that its cells left behind.

    `kept` is what observations of the same names keep for each other (`probes.kept`);
    `watched` asks whether one of its functions has computed in float32.
    """

    def __init__(
        self, names: dict[str, Any], kept: dict[str, Any] | None = None, watched: bool = False
    ) -> None:
        self._names = names
        self._kept = {} if kept is None else kept
        self._is_watched = watched
        self._gave_single = False

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._names:
            raise MissingName(name)
        value = self._names[name]
        if self._is_watched and isinstance(value, FunctionType):
            return self._watched(value)
        return value

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def watched(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self._gave_single = self._gave_single or has_single(result)
            return result

        return watched


class ObservedNamespace:
    """The names of a program, observed.

    `cell_of` tells from a code file's name which cell of the student it is, 0 for other code.
    """

    def __init__(self, names: dict[str, Any], cell_of: Callable[[str], int]) -> None:
        self.names = names
        self._cell_of = cell_of
        self._observations: dict[str, Callable[..., Any]] = {}
        self._kept: dict[str, Any] = {}

    def observe(
        self,
        source: str,
        inputs: dict[str, Any],
        seed: int = 0,
        forbids: Sequence[str] = (),
        trains: bool = False,
        float64: bool = False,
    ) -> Evidence:
        """Runs one observation with one case's inputs and packs what it returns as evidence."""
        with _captured() as output, _placed(gpu=trains):
            began = time.process_time()
            ban = Ban(forbids)
            status, value, failure = self._outcome(source, inputs, seed, ban, float64)
            if ban.seen is not None:
                status, value, failure = "forbidden", None, self._forbidden(*ban.seen)
            seconds = time.process_time() - began
        return Evidence(status, value, failure, output.text(), seconds)

    def _outcome(
        self, source: str, inputs: dict[str, Any], seed: int, ban: Ban, float64: bool
    ) -> tuple[str, Any, Failure | None]:
        try:
            probes.seed(seed)
            observation = self._observation(source)
            with ban:
                program = ProgramView(self.names, self._kept, watched=float64)
                value = observation(program, **inputs)
                # Encoding touches student objects, so it belongs to the observation.
                value = unpack(pack(to_arrays(value)))
            if program._gave_single and not has_single(inputs):
                value = in_single(value)
            return "ok", value, None
        except MissingName as error:
            # The names that are there help to find one that was misspelt.
            names = [name for name in self.names if not name.startswith("_")][:200]
            return "missing", names, Failure("MissingName", str(error))
        except NotImplementedError as error:
            return "stub", None, failure_of(error, self._cell_of)
        except BaseException as error:
            failure = failure_of(error, self._cell_of)
            return _status_of(error, failure), None, failure

    def _forbidden(self, name: str, frame: FrameType | None) -> Failure:
        """A use of something forbidden, located at the line of the student's that led to it."""
        while frame is not None and not self._cell_of(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            return Failure("Forbidden", name)
        return Failure("Forbidden", name, *_place(frame, frame.f_lineno, self._cell_of))

    def _observation(self, source: str) -> Callable[..., Any]:
        if source not in self._observations:
            world: dict[str, Any] = {"np": np, "probes": probes}
            if _KERAS.search(source):
                import keras

                world |= {"keras": keras, "ops": keras.ops}
            code = compile(source, "<check>", "exec")
            before = set(world)
            exec(code, world)
            name = next(name for name in world if name not in before | {"__builtins__"})
            self._observations[source] = world[name]
        return self._observations[source]


class Session(ObservedNamespace):
    """One program beside its IPython shell, cell by cell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell.user_ns, _numbered_cell)
        self._shell = shell
        self._cell = 0
        shell.compile.get_code_name = lambda *_: f"<cell {self._cell}>"

    def run_cell(self, number: int, source: str) -> Evidence:
        """Runs one cell as Jupyter would.  A failure is recorded; the next cell still runs."""
        self._cell = number
        self._kept.clear()
        with _captured() as output, _placed(gpu=False):
            began = time.process_time()
            try:
                result = self._shell.run_cell(source, store_history=False)
                error = result.error_before_exec or result.error_in_exec
            except BaseException as raised:
                error = raised
            seconds = time.process_time() - began
        if error is None:
            return Evidence("ok", output=output.text(), seconds=seconds)
        failure = failure_of(error, self._cell_of)
        return Evidence(_status_of(error, failure), None, failure, output.text(), seconds)

    def call(self, name: str, **call: Any) -> Evidence:
        """Calls one function of the program (the reference answers for an earlier exercise)."""
        try:
            return Evidence("ok", unpack(pack(answered(self.names[name], **call))))
        except Exception as error:
            return Evidence("raised", None, failure_of(error, self._cell_of))

    def replace(self, names: list[str], ask: Ask) -> None:
        """Puts functions that `ask` the grader in the place of the program's own."""
        self._kept.clear()
        for name in names:
            self.names[name] = borrowed(name, ask)


def _numbered_cell(file_name: str) -> int:
    match = _CELL.fullmatch(file_name)
    return int(match[1]) if match else 0


def _status_of(error: BaseException, failure: Failure) -> str:
    """Whether a program lacked memory or raised; backends say the former in words of their own."""
    lacked = isinstance(error, MemoryError) or any(said in failure.message for said in _NO_MEMORY)
    return "memory" if lacked else "raised"


def failure_of(error: BaseException, cell_of: Callable[[str], int]) -> Failure:
    """An exception as data, located at the student's last own frame."""
    kind = type(error).__name__
    try:
        message = str(error)[:2000]
    except BaseException:
        message = ""
    if isinstance(error, SyntaxError) and (cell := cell_of(error.filename or "")):
        code = (error.text or "").strip()[:200]
        return Failure(kind, error.msg or "", cell, error.lineno or 0, code)
    return Failure(kind, message, *_last_own_frame(error.__traceback__, cell_of))


def _last_own_frame(
    trace: TracebackType | None, cell_of: Callable[[str], int]
) -> tuple[int, int, str, str]:
    found = (0, 0, "", "")
    while trace is not None:
        if cell_of(trace.tb_frame.f_code.co_filename):
            found = _place(trace.tb_frame, trace.tb_lineno, cell_of)
        trace = trace.tb_next
    return found


def _place(frame: FrameType, line: int, cell_of: Callable[[str], int]) -> tuple[int, int, str, str]:
    """Cell, line, the line's text and the top-level function or class of a student's frame."""
    import linecache

    code = frame.f_code
    text = linecache.getline(code.co_filename, line).strip()[:200]
    owner = code.co_qualname.partition(".")[0]
    return cell_of(code.co_filename), line, text, owner


class _Bounded(io.TextIOBase):
    """A text stream that keeps the first `MAX_TEXT` characters."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._room = MAX_TEXT - len(_CUT)
        self._cut = False

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if self._room > 0:
            self._parts.append(text[: self._room])
        self._cut = self._cut or len(text) > self._room
        self._room -= len(text)
        return len(text)

    def text(self) -> str:
        return "".join(self._parts) + (_CUT if self._cut else "")


@contextmanager
def _captured() -> Iterator[_Bounded]:
    stream = _Bounded()
    before = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = stream
    try:
        yield stream
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def _placed(*, gpu: bool) -> Iterator[None]:
    """Keeps Keras on the CPU, where numbers are rounded as the reference's are, unless `gpu`."""
    if gpu or MARK not in os.environ or "keras" not in sys.modules:
        yield
        return
    with sys.modules["keras"].device("cpu:0"):
        yield


def make_shell() -> Any:
    """An IPython shell without history, threads or terminal; made once, before any fork."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    shell: Any = InteractiveShell.instance(config=config)
    # Formatting tracebacks costs more than most cells; failures travel as data.
    shell.showtraceback = shell.showsyntaxerror = lambda *_, **__: None
    shell.ask_exit = lambda: None
    warnings.filterwarnings("ignore", "To exit: use", UserWarning)
    # What a notebook's first cell likes to do must work, or do nothing, as in Jupyter.
    shell.enable_gui = lambda *_: None
    shell.system = shell.system_raw = shell.system_piped = shell.getoutput = _no_programs
    shell.displayhook.write_output_prompt = lambda: None
    return shell


def _no_programs(command: str, *_: Any, **__: Any) -> list[str]:
    sys.stderr.write("Other programs are not started while grading.\n")
    return []


def serve(connection: socket.socket, session: Session) -> None:
    """Answers the grader's requests, one at a time, until it hangs up."""
    wire = _Wire(connection)

    def ask(question: dict[str, Any]) -> Any:
        wire.send(question)
        answer = wire.receive()
        if "error" in answer:
            raise refusal(answer.get("kind", ""), answer["error"])
        return answer["value"]

    while True:
        request = wire.receive()
        op, reply = request.pop("op"), request.pop("id")
        if op == "cell":
            evidence = session.run_cell(**request)
        elif op == "observe":
            evidence = session.observe(**wire.receive())
        elif op == "call":
            evidence = session.call(**request)
        else:
            session.replace(request["names"], ask)
            evidence = Evidence("ok")
        wire.send({"id": reply} | data_of(evidence))


class _Wire:
    """Messages over a stream socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, message: dict[str, Any]) -> None:
        try:
            body = pack(message)
        except CodecError as error:
            failure = Failure("ValueError", str(error))
            body = pack({"id": message["id"]} | data_of(Evidence("raised", None, failure)))
        self._connection.sendall(framed(body))

    def receive(self) -> dict[str, Any]:
        message: dict[str, Any] = unpack(read_frame(self._some))
        return message

    def _some(self, count: int) -> bytes:
        part = self._connection.recv(count)
        if not part:
            raise SystemExit(0)
        return part
