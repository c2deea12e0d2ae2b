"""Observations: what is asked of a program, as it is sent beside student code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from autograder.wire.codec import pack


@dataclass(frozen=True)
class Observation:
    """What is sent beside student code for one case.

    `source` is the text of the check's observation, `inputs` are its keyword arguments.  `seed`
    seeds all generators first.  `forbids` has dotted names that the program must not use.  With
    `trains` it runs on a GPU if there is one.  With `float64` it is compared in float64, unless the
    program computes in float32.
    """

    source: str
    inputs: Mapping[str, Any]
    seed: int
    forbids: tuple[str, ...] = ()
    trains: bool = False
    float64: bool = False

    @cached_property
    def packed(self) -> bytes:
        """The arguments of `ObservedNamespace.observe`, packed once for all programs.

        Raises:
            CodecError: The inputs are too large.
        """
        return pack(
            {
                "source": self.source,
                "inputs": dict(self.inputs),
                "seed": self.seed,
                "forbids": list(self.forbids),
                "trains": self.trains,
                "float64": self.float64,
            }
        )
