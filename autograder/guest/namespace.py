"""The names that a program's cells leave behind, and observing them."""

from __future__ import annotations

import functools
import os
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np

from autograder.guest import probes
from autograder.guest.accelerator import MARK
from autograder.guest.capture import captured
from autograder.guest.failures import CellOf, failure_of, is_stub, place_of, status_of
from autograder.guest.float32 import has_single, in_single
from autograder.guest.forbidden import Ban
from autograder.guest.returned import Reader, is_function, ready
from autograder.guest.tensors import floats_in_float32
from autograder.wire.codec import pack, unpack
from autograder.wire.evidence import Evidence, Failure

_KERAS = re.compile(r"\b(?:keras|ops)\b")
_TENSORS = re.compile(r"\b(?:to_tensors|vjp)\b")  # of a case's arrays


class MissingName(AttributeError):  # noqa: N818 - read by students, as a statement
    """The program does not define a name that a check asks for."""


class ProgramView:
    """What a check sees of a program: the names that its cells left behind.

    What its functions return is read as `autograder.guest.returned` says.
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
        self._reader = Reader()
        self._unusable = self._reader.unusable  # what the observation could not use

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name not in self._names:
            raise MissingName(name)
        value = self._names[name]
        if not is_function(value):
            return value
        read = self._reader.reading(name, value)
        return self._watched(read) if self._is_watched else read

    def _watched(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            result = function(*args, **kwargs)
            self._gave_single = self._gave_single or has_single(result)
            return result

        # Not `wraps`: behind it is what the program defined.
        return functools.update_wrapper(watched, function.__wrapped__)  # type: ignore[attr-defined]


class ObservedNamespace:
    """The names of a program, observed.

    `cell_of` tells from a code file's name which cell of the student it is, 0 for other code.
    """

    def __init__(self, names: dict[str, Any], cell_of: CellOf) -> None:
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
        """Run one observation with one case's inputs and pack what it returns as evidence.

        What raises for tensors in float64 is run once more with float32.
        """
        with captured() as output, placed(gpu=trains):
            began = time.process_time()
            ban = Ban(forbids)
            program = ProgramView(self.names, self._kept, watched=float64)
            status, value, failure = self._outcome(source, inputs, seed, ban, program)
            if status == "raised" and _TENSORS.search(source):
                with floats_in_float32():
                    again = self._outcome(source, inputs, seed, ban, program)
                if again[0] == "ok":
                    status, value, failure = "ok", in_single(again[1]), None
            if program._unusable:
                status, value, failure = "raised", None, program._unusable[0]
            if ban.seen is not None:
                status, value, failure = "forbidden", None, self._forbidden(*ban.seen)
            seconds = time.process_time() - began
        return Evidence(status, value, failure, output.text(), seconds)

    def _outcome(
        self, source: str, inputs: dict[str, Any], seed: int, ban: Ban, program: ProgramView
    ) -> tuple[str, Any, Failure | None]:
        try:
            probes.seed(seed)
            observation = self._observation(source)
            with ban:
                value = observation(program, **inputs)
                # Encoding touches student objects, so it belongs to the observation.
                value = unpack(pack(ready(value)))
            if program._gave_single and not has_single(inputs):
                value = in_single(value)
            return "ok", value, None
        except MissingName as error:
            # The names that are there help to find one that was misspelt.
            names = [name for name in self.names if not name.startswith("_")][:200]
            return "missing", names, Failure("MissingName", str(error))
        except NotImplementedError as error:
            status = "stub" if is_stub(error, self._cell_of) else "raised"
            return status, None, failure_of(error, self._cell_of)
        except BaseException as error:
            failure = failure_of(error, self._cell_of)
            return status_of(error, failure), None, failure

    def _forbidden(self, name: str, frame: FrameType | None) -> Failure:
        """Return a use of something forbidden, located at the student's line that led to it."""
        while frame is not None and not self._cell_of(frame.f_code.co_filename):
            frame = frame.f_back
        if frame is None:
            return Failure("Forbidden", name)
        return Failure("Forbidden", name, *place_of(frame, frame.f_lineno, self._cell_of))

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


@contextmanager
def placed(*, gpu: bool) -> Iterator[None]:
    """Keep Keras on the CPU, where numbers are rounded as the reference's are, unless `gpu`."""
    if gpu or MARK not in os.environ or "keras" not in sys.modules:
        yield
        return
    with sys.modules["keras"].device("cpu:0"):
        yield
