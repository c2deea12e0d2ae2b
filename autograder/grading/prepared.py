"""Evidence of a unit's own programs, made beforehand, for machines that start with nothing kept.

One file a unit, as secret as the seed: it holds the answers to the hidden cases and what every
known mistake gives.  It is bound to what the evidence depends on; its mark, made with the seed,
shows that nobody else has written it.
"""

from __future__ import annotations

import hashlib
import hmac
import lzma
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from autograder.grading.cache import derived, joined, lasts, parts_of
from autograder.grading.fingerprint import environment
from autograder.wire import codec
from autograder.wire.evidence import Evidence, data_of, evidence_of

_MARK = hashlib.sha256().digest_size  # bytes in front of the content
_AGAIN = "make it again with `autograder prepare`"
Binding = Mapping[str, str]


class UnfitError(Exception):
    """Prepared evidence can't be used; the message says why and what to do."""


def path_of(course: Path, unit: str) -> Path:
    """Return where a course has a unit's prepared evidence, beside the seed."""
    return course / ".autograder" / "prepared" / f"{unit}.prepared"


def binding(digest: str, seed: str, backend: str) -> dict[str, str]:
    """Return what prepared evidence depends on, by the words that a message uses.

    Args:
        digest: of the unit's sources.
        seed: what the hidden cases are drawn from.
        backend: what the unit's programs run on.
    """
    return {
        "sources of the unit": digest,
        "seed": _mark(seed, b"seed").hex(),
        "backend": backend,
        "versions": environment(),
    }


class Prepared:
    """The evidence in one file, by key; decoded where it is asked for."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        self._packed = packed
        self._found: dict[str, list[Evidence]] = {}

    def get(self, key: str) -> list[Evidence] | None:
        """Return the evidence for `key`, None if there is none."""
        if key not in self._found and key in self._packed:
            self._found[key] = [evidence_of(item) for item in codec.unpack(self._packed[key])]
        return self._found.get(key)

    @classmethod
    def read(cls, path: Path, seed: str, bound: Binding) -> Prepared:
        """Read a file of prepared evidence.

        Args:
            path: the file.
            seed: what its mark was made with.
            bound: what the evidence has to depend on; see `binding`.

        Raises:
            UnfitError: it is damaged, somebody else's, or made for something else.
            FileNotFoundError: there is none.
        """
        try:
            whole = path.read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise UnfitError(f"`{path}` can't be read: {error.strerror}.") from None
        mark, content = whole[:_MARK], whole[_MARK:]
        if not hmac.compare_digest(mark, _mark(seed, content)):
            raise UnfitError(f"`{path}` is damaged, or was made with another seed: {_AGAIN}.")
        parts = list(parts_of(lzma.decompress(content)))
        made_for = codec.unpack(parts[0])
        if other := [name for name, value in bound.items() if made_for.get(name) != value]:
            raise UnfitError(f"`{path}` was made for other {' and '.join(other)}: {_AGAIN}.")
        return cls(
            {key.decode(): items for key, items in zip(parts[1::2], parts[2::2], strict=True)}
        )


def content_of(found: Mapping[str, Sequence[Evidence]], seed: str, bound: Binding) -> bytes:
    """Return the content of a file that holds evidence by key.

    Output and times of programs differ from run to run and decide nothing; they are left out, as is
    what the machine may have caused.
    """
    parts = [codec.pack(dict(bound))]
    for key, items in found.items():
        if lasts(items):
            quiet = [data_of(replace(item, output="", seconds=0.0)) for item in items]
            parts += [key.encode(), codec.pack(quiet)]
    # Most known mistakes answer most cases rightly, so that the same numbers come again and again.
    content = lzma.compress(joined(parts))
    return _mark(seed, content) + content


def _mark(seed: str, content: bytes) -> bytes:
    return hmac.digest(derived(seed, "mark of prepared evidence"), content, "sha256")
