"""Observing one program: cells, then checks; kills end one exercise, not the program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any

from autograder.early import mentions_framework
from autograder.evidence import CodecError, Evidence, Failure, evidence_of
from autograder.program import Program
from autograder.questions import Observation
from autograder.sandbox.pool import Child, Pool
from autograder.sandbox.watch import Killed, Stopped

MAX_ASKED = 200_000  # questions that one observation may put to the reference


class Observer:
    """Runs one program and observes it; forks nothing until the first observation.

    A child that is stopped is replaced by a fresh one, in which the cells run again but for those
    that had to be stopped themselves.  A child that a signal has ended is not blamed on the program
    until it happens again in a fresh one.
    """

    def __init__(self, pool: Pool, program: Program, framework: str = "numpy") -> None:
        self._pool = pool
        self._program = program
        # A program that mentions a framework gets a template that has imported it already.
        mentions = any(mentions_framework(source) for _, source in program.cells)
        self._framework = "keras" if mentions else framework
        self._child: Child | None = None
        self._hung: set[int] = set()
        self._killed: set[int] = set()  # cells in which a child was killed once
        self._replaced: tuple[list[str], Observer] | None = None
        self.cells: dict[int, Evidence] = {}

    def observe(self, observation: Observation, cpu_seconds: float) -> Evidence:
        """The evidence of one case.  Limits and crashes are evidence too.

        Raises:
            SandboxError: the sandbox failed.
        """
        try:
            try:
                return self._observed(observation, cpu_seconds)
            except Killed:
                return self._observed(observation, cpu_seconds)
        except Stopped as stopped:
            return Evidence(stopped.status, None, Failure("Stopped", stopped.detail))
        except CodecError as error:
            detail = f"What it sent can't be read: {error}"
            return Evidence("died", None, Failure("Stopped", detail))

    def _observed(self, observation: Observation, cpu_seconds: float) -> Evidence:
        with self._usable_child() as child:
            reply = child.request(
                "observe",
                cpu_seconds,
                source=observation.source,
                inputs=dict(observation.inputs),
                seed=observation.seed,
                forbids=list(observation.forbids),
            )
            for _ in range(MAX_ASKED):
                if "ask" not in reply:
                    return replace(evidence_of(reply), seconds=child.cpu_seconds)
                if self._replaced is None:
                    raise Stopped("died", "It asked a question instead of answering.")
                child.answer(self._answer(reply))
                reply = child.reply()
            raise Stopped("timeout", f"It asked for more than {MAX_ASKED:,} values.")

    def start(self) -> None:
        """Runs the cells.

        Raises:
            SandboxError: the sandbox failed.
        """
        with self._usable_child():
            pass

    def replaced(self, names: Sequence[str], oracle: Observer) -> Observer:
        """A new observer of the program whose functions `names` answer as `oracle`'s do."""
        other = Observer(self._pool, self._program, self._framework)
        other._hung, other._killed = set(self._hung), set(self._killed)
        other._replaced = (list(names), oracle)
        return other

    def call(self, name: str, call: dict[str, Any]) -> Evidence:
        """What one function of the program gives for a call as `borrowed.answered` reads it."""
        with self._usable_child() as child:
            return evidence_of(child.request("call", 60.0, name=name, **call))

    def close(self) -> None:
        self._drop_child()

    def __enter__(self) -> Observer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _usable_child(self) -> Iterator[Child]:
        """A child that has run the cells; it is let go of where anything goes wrong with it."""
        try:
            while self._child is None:
                self._child = self._pool.fork(self._framework)
                if not self._run_cells(self._child):
                    self._drop_child()
                elif self._replaced is not None:
                    self._child.request("replace", 5.0, names=self._replaced[0])
            yield self._child
        except BaseException:
            self._drop_child()
            raise

    def _run_cells(self, child: Child) -> bool:
        """Runs the cells; False where one had to be stopped: it takes a fresh child."""
        limits = self._pool.limits
        left = limits.cells_seconds
        for number, source in self._program.without(frozenset(self._hung)).cells:
            if len(self._hung) >= limits.hung_cells and number > max(self._hung):
                why = f"It was not run: {limits.hung_cells} cells before it had to be stopped."
                self.cells[number] = Evidence("timeout", None, Failure("Stopped", why, number))
                continue
            limit = max(0.1, min(limits.cell_seconds, left))
            try:
                reply = child.request("cell", limit, number=number, source=source)
                seconds = child.cpu_seconds  # not what the process says of itself
                left -= seconds
                self.cells[number] = replace(evidence_of(reply), value=None, seconds=seconds)
            except (Stopped, CodecError) as stopped:
                if isinstance(stopped, Killed) and number not in self._killed:
                    self._killed.add(number)
                    return False
                status = stopped.status if isinstance(stopped, Stopped) else "died"
                failure = Failure("Stopped", str(stopped), number)
                self.cells[number] = Evidence(status, None, failure)
                self._hung.add(number)
                return False
        return True

    def _answer(self, reply: dict[str, Any]) -> dict[str, Any]:
        """Asks the reference for the student's code.  It runs isolated, like any program."""
        if self._replaced is None or reply["ask"] not in self._replaced[0]:
            return {"error": "There is nobody to ask."}
        call = {name: reply.get(name) for name in ("args", "kwargs", "cotangents")}
        call["tensors"] = reply.get("tensors") is True
        kinds: dict[str, Any] = {"args": list, "kwargs": dict, "cotangents": (list, type(None))}
        if not all(isinstance(call[name], kind) for name, kind in kinds.items()):
            return {"error": "These are no arguments."}
        try:
            evidence = self._replaced[1].call(reply["ask"], call)
        except Stopped as stopped:
            return {"error": stopped.detail}
        if evidence.status != "ok":
            detail = evidence.failure.message if evidence.failure else evidence.status
            return {"error": f"`{reply['ask']}` does not work on these arguments: {detail}"}
        return {"value": evidence.value}

    def _drop_child(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
