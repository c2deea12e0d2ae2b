"""Slots: what grades several submissions at once, in processes of their own or in threads.

Of a short submission most is what the grader computes beside student code, and one Python process
computes for one thread at a time (docs/benchmarks.md).  So slots are processes, forked once all is
loaded, and share the warm templates.  Threads take over where that fails.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing.connection import wait as wait_for
from typing import Any, Generic, TypeVar

from autograder.errors import FaultError
from autograder.sandbox.pool import Pool

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

# What is called with how many items are done, and which ones are in work.
Watching = Callable[[int, Sequence[Any]], None]

_FORK = multiprocessing.get_context("fork")


class Slots(Generic[Item, Outcome]):
    """Puts items through `work`, `count` at a time."""

    def __init__(
        self, work: Callable[[Item], Outcome], count: int, shared: Pool | None = None
    ) -> None:
        """Forks at once where slots are to be processes.

        Args:
            work: what a slot does; it may raise what `results` is to raise.
            count: of slots.
            shared: the pool that `work` uses, if slots are to be processes.  The caller should
                have no other thread: a process that is forked has none of them, nor what they hold.
        """
        self._work = work
        self._count = count
        self._stopped = _FORK.RawValue("b", 0)
        self._waiting: dict[Future[Any], Item] = {}
        forked = self._forked(shared) if shared is not None and count > 1 else None
        self._executor: Executor = forked or self._threads()

    def results(
        self, items: Iterable[Item], watch: Watching | None = None
    ) -> Generator[Outcome, None, None]:
        """What comes out, in the order in which it does.

        Closing the iterator, or an interrupt, stops after what is being worked on.

        Args:
            items: what is put through.
            watch: is called with how far the work is, just before an outcome is yielded.

        Raises:
            FaultError: the machine gives no thread.
        """
        watch, done = watch or _unwatched, 0
        try:
            queue = iter(items)
            while self._filled(queue):
                watch(done, self._in_work())
                for future in wait(self._waiting, return_when=FIRST_COMPLETED).done:
                    outcome = self._outcome(future)
                    done += len(outcome)
                    watch(done, self._in_work())
                    yield from outcome
        finally:
            self._stopped.value = 1
            self._executor.shutdown(wait=True, cancel_futures=True)

    def _in_work(self) -> list[Item]:
        """Return what the slots work on: of what was handed over the first, one for each slot."""
        return list(islice(self._waiting.values(), self._count))

    def _filled(self, queue: Iterator[Item]) -> bool:
        """Hand over items, two for each slot; return whether any is in work."""
        for item in islice(queue, max(0, 2 * self._count - len(self._waiting))):
            self._submit(item)
        return bool(self._waiting)

    def _outcome(self, future: Future[Any]) -> tuple[Outcome, ...]:
        """Return what came out, if anything; hand an item over again whose process has ended."""
        item = self._waiting.pop(future)
        try:
            return future.result() or ()
        except BrokenProcessPool:
            self._submit(item)
            return ()

    def _submit(self, item: Item) -> None:
        work = self._done if isinstance(self._executor, ThreadPoolExecutor) else _done_here
        try:
            self._waiting[self._executor.submit(work, item)] = item
        except BrokenProcessPool:  # somebody, or a lack of memory, has ended one of them
            self._executor.shutdown(wait=True)
            self._executor = self._threads()
            self._submit(item)
        except RuntimeError as error:  # the machine gives no thread
            raise FaultError(f"No slot can be started: {error}. What is graded is kept.") from None

    def _done(self, item: Item) -> tuple[Outcome] | None:
        return None if self._stopped.value else (self._work(item),)

    def _threads(self) -> Executor:
        return ThreadPoolExecutor(max_workers=self._count, thread_name_prefix="slot")

    def _forked(self, shared: Pool) -> Executor | None:
        """Processes; None where the machine gives none."""
        others = set(multiprocessing.active_children())
        executor = ProcessPoolExecutor(self._count, _FORK, _begin, (self, shared))
        try:
            executor.submit(int)  # by the first of which all are forked
        except (OSError, RuntimeError):
            for process in set(multiprocessing.active_children()) - others:
                process.kill()
            return None
        return executor


def _unwatched(done: int, in_work: Sequence[Any]) -> None:
    """Nobody looks on."""


# ------------------------------------------------------------------------------------ in a process

_own: Slots[Any, Any] | None = None


def _begin(slots: Slots[Any, Any], shared: Pool) -> None:
    global _own
    # An interrupt reaches everything that the terminal has started; the first process decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    shared.after_fork()
    _own = slots


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        with contextlib.suppress(OSError):
            wait_for([parent.sentinel])
        os._exit(1)


def _done_here(item: Any) -> Any:
    return _own._done(item) if _own is not None else None
