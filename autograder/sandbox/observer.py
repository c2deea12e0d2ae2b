"""Observing one program: its cells, then checks.  A kill ends one check, not the program."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any, Protocol

from autograder.backends import PATIENCE, Backend
from autograder.sandbox.child import Child
from autograder.sandbox.gpu import Share
from autograder.sandbox.limits import Budget
from autograder.sandbox.pool import Pool
from autograder.sandbox.watch import Killed, Stopped
from autograder.wire.codec import CodecError, size_of
from autograder.wire.evidence import Evidence, Failure, evidence_of
from autograder.wire.observation import Observation
from autograder.wire.program import Program, runs_on

MAX_ASKED = 200_000  # questions that one observation may put to the reference


class Loan(Protocol):
    """What borrowed functions answer to one observation, beyond what it is asked for once."""

    def answer(self, name: str, call: dict[str, Any]) -> dict[str, Any] | None:
        """Return the answer to a question, or None if the lender is to compute it."""
        ...


class Observer:
    """One program, run and observed; nothing is forked before the first observation.

    A child that is stopped is replaced by a fresh one, in which the cells run again, except those
    that had to be stopped themselves.  If a signal ends a child, the program is blamed only if it
    happens again in a fresh one.
    """

    def __init__(
        self,
        pool: Pool,
        program: Program,
        backend: Backend | None = None,
        budget: Budget | None = None,
        share: Share | None = None,
    ) -> None:
        """Fork nothing yet.

        Args:
            pool: Of the templates that children are forked from.
            program: What is observed.
            backend: What it runs on; if None, its own text decides.
            budget: What all its children together may use; None for no limit.
            share: Of a GPU, for every child; None for the CPU alone.
        """
        self._pool = pool
        self._program = program
        self._budget = budget  # None: the unit's own programs are trusted to end
        self._share = share
        self._backend = backend or runs_on(program, "numpy", pool.backend)
        self.patience = PATIENCE[self._backend]
        self._child: Child | None = None
        self._hung: set[int] = set()
        self._killed: set[int] = set()  # cells in which a child was killed once
        self._replaced: tuple[list[str], Observer] | None = None
        self._terms: Callable[[Observation], Loan] | None = None
        self._loan: Loan | None = None
        self._recording: dict[str, Any] | None = None
        self.cells: dict[int, Evidence] = {}

    def observe(self, observation: Observation, cpu_seconds: float) -> Evidence:
        """Return the evidence of one case; limits that are reached and crashes are evidence too.

        Raises:
            SandboxError: The sandbox failed.
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
        self._stop_if_exhausted()
        self._loan = self._terms(observation) if self._terms else None
        with self._usable_child() as child:
            self._stop_if_exhausted()  # by the cells
            with self._spending(child):
                return self._reply(child, observation, cpu_seconds)

    def _stop_if_exhausted(self) -> None:
        if self._exhausted:
            raise Stopped("timeout", self._exhausted)

    def _reply(self, child: Child, observation: Observation, cpu_seconds: float) -> Evidence:
        """Return the evidence that the child gives, after answering its questions."""
        reply = child.request("observe", cpu_seconds, observation.packed)
        for _ in range(MAX_ASKED):
            if "ask" not in reply:
                found = replace(evidence_of(reply), seconds=child.cpu_seconds)
                if self._budget is not None and not self._budget.keep(size_of(found.value)):
                    raise Stopped("memory", "What it returned, all together, is too large to keep.")
                return found
            if self._replaced is None:
                raise Stopped("died", "It asked a question instead of answering.")
            child.answer(self._answer(reply, cpu_seconds))
            reply = child.reply()
        raise Stopped("timeout", f"It asked for more than {MAX_ASKED:,} values.")

    def start(self) -> None:
        """Run the cells.

        Raises:
            SandboxError: The sandbox failed.
        """
        with self._usable_child():
            pass

    def exchange(self, program: Program) -> None:
        """Go on with another program: run its cells, from the first that differs from this one's.

        What else the program before has left in the process stays.

        Raises:
            SandboxError: The sandbox failed.
        """
        pairs = enumerate(zip(self._program.cells, program.cells, strict=False))
        same = min(len(self._program.cells), len(program.cells))
        first = next((index for index, (old, new) in pairs if old != new), same)
        if self._replaced is not None or self._recording is not None:
            first = 0  # all functions have to be as their cells define them
        self._program = program
        self._hung, self._killed = set(), set()
        if self._child is None:
            return
        try:
            if not self._set_up(self._child, first):
                self._drop_child()
        except BaseException:
            self._drop_child()
            raise

    def replaced(
        self,
        names: Sequence[str],
        oracle: Observer,
        terms: Callable[[Observation], Loan] | None = None,
    ) -> Observer:
        """Return an observer of the program with its functions `names` replaced by `oracle`'s.

        Args:
            names: Of the functions.
            oracle: Of the program that has the right ones.
            terms: Gives what they are lent for in an observation; if None, they answer everything.
        """
        other = Observer(self._pool, self._program, self._backend, self._budget, self._share)
        other._hung, other._killed = set(self._hung), set(self._killed)
        other._replaced, other._terms = (list(names), oracle), terms
        return other

    def recording(self, exercise: str, lent: Sequence[str], whole: Sequence[str]) -> Observer:
        """Return an observer of the program that records calls; see `guest.recording`."""
        other = Observer(self._pool, self._program, self._backend, self._budget, self._share)
        other._recording = {"exercise": exercise, "lent": list(lent), "whole": list(whole)}
        return other

    def recorded(self) -> Any:
        """Return what was recorded since the last time it was asked for."""
        with self._usable_child() as child:
            return evidence_of(child.request("recorded", 30.0)).value

    def call(self, name: str, call: dict[str, Any], cpu_seconds: float) -> Evidence:
        """Return what one function of the program gives; `call` has the arguments of `answered`."""
        with self._usable_child() as child:
            return evidence_of(child.request("call", cpu_seconds, name=name, **call))

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
        """Yield a child that has run the cells; release it if anything goes wrong with it."""
        try:
            while self._child is None:
                self._child = self._pool.fork(self._backend, self._share)
                if not self._set_up(self._child):
                    self._drop_child()
            yield self._child
        except BaseException:
            self._drop_child()
            raise

    def _set_up(self, child: Child, first: int = 0) -> bool:
        """Run the cells from `first` on and put in place what stands between functions.

        Returns:
            False if a cell had to be stopped: then it takes a fresh child.
        """
        if not self._run_cells(child, first):
            return False
        if self._replaced is not None:
            child.request("replace", 5.0, names=self._replaced[0])
        elif self._recording is not None:
            child.request("record", 5.0, **self._recording)
        return True

    def _run_cells(self, child: Child, first: int) -> bool:
        """Run the cells from `first` on, counted from 0.

        Returns:
            False if one had to be stopped: then it takes a fresh child.
        """
        limits = self._pool.limits
        left = limits.cells_seconds * self.patience
        if self._program.until:
            child.request("expect", 5.0, until=dict(self._program.until))
        for number, source in self._program.cells[first:]:
            if number in self._hung:
                continue
            if why := self._why_not(number):
                self.cells[number] = Evidence("timeout", None, Failure("Stopped", why, number))
                continue
            limit = max(0.1, min(limits.cell_seconds * self.patience, left))
            try:
                with self._spending(child):
                    reply = child.request("cell", limit, number=number, source=source)
                seconds = child.cpu_seconds  # not what the process says of itself
                left -= seconds
                found = replace(evidence_of(reply), seconds=seconds)
                found = replace(found, value=self._lost(found.value))
                if self._budget is not None and number not in self.cells:
                    found = replace(found, output=self._budget.output(found.output))
                self.cells[number] = found
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

    def _lost(self, said: Any) -> list[str] | None:
        """What a cell's process may say: which graded names the cell gave to something else."""
        names = {one for one in said if type(one) is str} if isinstance(said, list) else set()
        return [name for name, _ in self._program.until if name in names] or None

    def _why_not(self, number: int) -> str:
        """Return why a cell is not run, "" if it is."""
        hung = self._pool.limits.hung_cells
        if len(self._hung) >= hung and number > max(self._hung):
            return f"It was not run: {hung} cells before it had to be stopped."
        return f"It was not run: {self._exhausted}" if self._exhausted else ""

    @property
    def _exhausted(self) -> str:
        return "" if self._budget is None else self._budget.exhausted

    @contextmanager
    def _spending(self, child: Child) -> Iterator[None]:
        """Count what a request takes, however it ends."""
        began = time.monotonic()
        try:
            yield
        finally:
            if self._budget is not None:
                self._budget.spend(child.cpu_seconds, time.monotonic() - began)

    def _answer(self, reply: dict[str, Any], cpu_seconds: float) -> dict[str, Any]:
        """Return the reference's answer to the child's question; it runs isolated too."""
        name = reply["ask"]
        if self._replaced is None or type(name) is not str or name not in self._replaced[0]:
            return {"error": "There is nobody to ask."}
        call = {key: reply.get(key) for key in ("args", "kwargs", "cotangents")}
        call["tensors"] = reply.get("tensors") is True
        kinds: dict[str, Any] = {"args": list, "kwargs": dict, "cotangents": (list, type(None))}
        if not all(isinstance(call[key], kind) for key, kind in kinds.items()):
            return {"error": "These are no arguments."}
        known = self._loan.answer(name, call) if self._loan is not None else None
        if known is not None:
            return known
        try:
            evidence = self._replaced[1].call(name, call, cpu_seconds)
        except Stopped as stopped:
            return {"error": stopped.detail}
        if evidence.status != "ok":
            kind, detail = "", evidence.status
            if evidence.failure:
                kind, detail = evidence.failure.type_name, evidence.failure.message
            error = f"`{name}` does not work on these arguments: {detail}"
            return {"error": error, "kind": kind}
        return {"value": evidence.value}

    def _drop_child(self) -> None:
        if self._child is not None:
            self._child.close()
            self._child = None
