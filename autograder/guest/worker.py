"""The module that serves the grader beside student code: runs cells, observes, decides nothing.

It holds no expected value, label, tolerance, reference or hint; all that it sends out is evidence.
Student code can rewrite everything here.  That forges nothing: what is compared are the values.
"""

from __future__ import annotations

import re
import socket
import time
from typing import Any

from autograder.guest import front_end
from autograder.guest.answers import Answers
from autograder.guest.capture import captured
from autograder.guest.cells import Statements
from autograder.guest.failures import failure_of, status_of
from autograder.guest.namespace import MissingName, ObservedNamespace, ProgramView, placed
from autograder.guest.recording import Recording
from autograder.guest.remote import Ask, answered, borrowed, refusal
from autograder.wire.codec import CodecError, pack, unpack
from autograder.wire.evidence import Evidence, Failure, data_of
from autograder.wire.frames import framed, read_frame

__all__ = ["MissingName", "ObservedNamespace", "ProgramView", "Session", "make_shell", "serve"]

_CELL = re.compile(r"<cell (\d+)>")


class Session(ObservedNamespace):
    """One program beside its IPython shell, cell by cell."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell.user_ns, _numbered_cell)
        self._shell = shell
        self._cell = 0
        self._statements = Statements(shell)
        self._answers: Answers | None = Answers(self.names)
        self._recording: Recording | None = None
        shell.compile.get_code_name = lambda *_: f"<cell {self._cell}>"

    def expect(self, until: dict[str, int]) -> None:
        """Take which names are graded, and until which cell, before any cell runs."""
        self._answers = Answers(self.names, until)

    def run_cell(self, number: int, source: str) -> Evidence:
        """Run one cell as Jupyter would.  A failure is recorded; the next cell still runs.

        The evidence's value are the graded names that the cell gave to something else.
        """
        self._cell = number
        self._kept.clear()
        self._statements.failures.clear()
        if self._answers is not None:
            self._answers.before(number)
        source = front_end.without_magics_around(source)
        with captured() as output, placed(gpu=False):
            began = time.process_time()
            try:
                result = self._shell.run_cell(source, store_history=False)
                error = result.error_before_exec or result.error_in_exec
            except BaseException as raised:
                error = raised
            seconds = time.process_time() - began
        lost = self._answers.after(source) if self._answers is not None else []
        error = next(iter(self._statements.failures), error)
        if error is None:
            return Evidence("ok", lost, None, output.text(), seconds)
        failure = failure_of(error, self._cell_of)
        return Evidence(status_of(error, failure), lost, failure, output.text(), seconds)

    def observe(self, *args: Any, **kwargs: Any) -> Evidence:
        """Run one observation, of the names as they are graded."""
        self._settle()
        return super().observe(*args, **kwargs)

    def call(self, name: str, **call: Any) -> Evidence:
        """Call one function of the program (the reference answers for an earlier exercise)."""
        self._settle()
        try:
            return Evidence("ok", unpack(pack(answered(self.names[name], **call))))
        except Exception as error:
            return Evidence("raised", None, failure_of(error, self._cell_of))

    def replace(self, names: list[str], ask: Ask) -> None:
        """Put functions that `ask` the grader in the place of the program's own."""
        self._settle()
        self._kept.clear()
        for name in names:
            self.names[name] = borrowed(name, ask)

    def record(self, exercise: str, lent: list[str], whole: list[str]) -> None:
        """Record the calls of functions from now on; see `Recording`."""
        self._settle()
        self._kept.clear()
        self._recording = Recording(self.names, exercise, lent, whole)

    def recorded(self) -> Evidence:
        """Return the calls that were recorded, and begin anew."""
        if self._recording is None:
            return Evidence("ok")
        found = self._recording.found()
        self._recording.clear()
        return Evidence("ok", unpack(pack(found)))

    def _settle(self) -> None:
        """Restore the names that are graded, once, after the last cell."""
        if self._answers is not None:
            self._answers.restore()
            self._answers = None


def _numbered_cell(file_name: str) -> int:
    match = _CELL.fullmatch(file_name)
    return int(match[1]) if match else 0


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
    shell.displayhook.write_output_prompt = lambda: None
    # What a notebook's first cell likes to do must work, or do nothing.
    front_end.install(shell)
    return shell


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
        elif op == "expect":
            session.expect(request["until"])
            evidence = Evidence("ok")
        elif op == "call":
            evidence = session.call(**request)
        elif op == "record":
            session.record(**request)
            evidence = Evidence("ok")
        elif op == "recorded":
            evidence = session.recorded()
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
