"""The codec: plain data as bytes, of a closed set of types.

Evidence crosses from the student's process into the grader as bytes.  No pickle: no type that the
sender names is ever looked up, and every size is checked against the bytes that are really there
before anything is allocated.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgpack
import numpy as np

MAX_MESSAGE: Final = 64 * 2**20  # bytes; one reply of a student's process
MAX_DEPTH: Final = 32
MAX_ITEMS: Final = 200_000  # values in one message, containers included
MAX_KEY: Final = 200  # characters

_ARRAY: Final = 1
_OPAQUE: Final = 2
_DTYPES: Final = frozenset(
    "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64 "
    "complex128".split()
)


class CodecError(ValueError):
    """A value or message that is outside the closed set of types or over a size limit."""


@dataclass(frozen=True)
class Opaque:
    """What stands for a value that can't be evidence: the name of its type."""

    type_name: str


def pack(value: Any) -> bytes:
    """Encode a tree of plain data; foreign objects become `Opaque`.

    Raises:
        CodecError: The tree is too deep, too wide or too large.
    """
    packed: bytes = msgpack.packb(_plain(value, MAX_DEPTH, [MAX_ITEMS]), use_bin_type=True)
    if len(packed) > MAX_MESSAGE:
        raise CodecError(f"The value takes {len(packed):,} bytes; {MAX_MESSAGE:,} are allowed.")
    return packed


def unpack(message: bytes) -> Any:
    """Decode a message without running, importing or looking up anything that it names.

    Returns:
        A tree of None, bool, int, float, str, `Opaque`, arrays, lists and string-keyed dicts; it
        shares no memory with the message.

    Raises:
        CodecError: It is no message of `pack`, or over a limit.
    """
    if len(message) > MAX_MESSAGE:
        raise CodecError(f"The message has {len(message):,} bytes; {MAX_MESSAGE:,} are allowed.")
    count = _Counter()
    try:
        value = msgpack.unpackb(
            message,
            raw=False,
            strict_map_key=True,
            ext_hook=_extension,
            list_hook=count.items,
            object_hook=count.items,
            max_array_len=min(MAX_ITEMS, len(message)),
            max_map_len=min(MAX_ITEMS, len(message)),
        )
    except CodecError:
        raise
    except (ValueError, TypeError, RecursionError, OverflowError, msgpack.UnpackException) as error:
        raise CodecError(f"Not a message of this grader: {error}") from None
    _check_tree(value, MAX_DEPTH)
    return value


def size_of(value: Any) -> int:
    """Return about how many bytes of memory a decoded value takes."""
    if isinstance(value, np.ndarray):
        return 128 + value.nbytes
    if isinstance(value, str):
        return 64 + 4 * len(value)
    if isinstance(value, list):
        return 64 + sum(8 + size_of(item) for item in value)
    if isinstance(value, dict):
        return 64 + sum(128 + size_of(item) for item in value.values())
    return 32


def _plain(value: Any, depth: int, budget: list[int]) -> Any:
    """Return `value` in msgpack's own types, arrays and foreign objects as extensions.

    Args:
        value: Anything; a student's object may be in it.
        depth: How many levels of containers may follow.
        budget: How many more values there may be, in a list of one; counted down.
    """
    budget[0] -= 1
    if depth < 0 or budget[0] < 0:
        raise CodecError("The value is nested too deeply or holds too many items.")
    kind = type(value)
    if value is None or kind in (bool, float):
        return value
    if kind is int:
        return value if -(2**63) <= value < 2**64 else _opaque("int of more than 64 bits")
    if kind is np.ndarray:
        return _array(value)
    # Methods of the base class alone: those that a subclass overrides must not run.
    if issubclass(kind, str):
        return _clean(value)
    if issubclass(kind, dict):
        return {
            _clean(str(key))[:MAX_KEY]: _plain(item, depth - 1, budget)
            for key, item in list(dict.items(value))
        }
    if issubclass(kind, list):
        return [_plain(item, depth - 1, budget) for item in list.__iter__(value)]
    if issubclass(kind, tuple):
        return [_plain(item, depth - 1, budget) for item in tuple.__iter__(value)]
    if issubclass(kind, (np.ndarray, np.generic)):
        return _array(np.asarray(value))
    return _opaque(value.type_name if kind is Opaque else kind.__name__)


def _clean(text: str) -> str:
    """Return plain text without lone surrogates, which can't be encoded."""
    if type(text) is str and text.isascii():
        return text
    return str.encode(text, "utf-8", "replace").decode("utf-8")


def _array(array: np.ndarray[Any, Any]) -> msgpack.ExtType:
    name = dtype_name(array.dtype)
    if name not in _DTYPES or array.ndim > MAX_DEPTH:
        return _opaque(f"array of {name}")
    if array.nbytes > MAX_MESSAGE:
        raise CodecError(f"An array of {array.nbytes:,} bytes; {MAX_MESSAGE:,} are allowed.")
    head = msgpack.packb([name, list(array.shape)])
    little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return msgpack.ExtType(_ARRAY, head + little.tobytes())


@lru_cache(maxsize=64)
def dtype_name(dtype: np.dtype[Any]) -> str:
    """Return `dtype.name`; NumPy builds it anew each time, which was a tenth of packing."""
    return dtype.name


def _opaque(type_name: str) -> msgpack.ExtType:
    return msgpack.ExtType(_OPAQUE, type_name.encode("utf-8", "replace")[:200])


def _extension(code: int, payload: bytes) -> Any:
    if code == _OPAQUE:
        return Opaque(payload[:200].decode("utf-8", "replace"))
    if code != _ARRAY:
        raise CodecError(f"Unknown type code {code}.")
    unpacker = msgpack.Unpacker(max_buffer_size=MAX_MESSAGE, max_array_len=64)
    unpacker.feed(payload[:1000])
    head = unpacker.unpack()
    if not isinstance(head, list) or len(head) != 2 or head[0] not in _DTYPES:
        raise CodecError("An array of a type that is not allowed.")
    name, shape = head
    if not isinstance(shape, list) or not all(type(n) is int and 0 <= n < 2**40 for n in shape):
        raise CodecError("An array whose shape is not one.")
    dtype = np.dtype(name).newbyteorder("<")
    size = dtype.itemsize
    for length in shape:
        size *= length
    body = payload[unpacker.tell() :]
    if size != len(body) or len(shape) > MAX_DEPTH:
        raise CodecError("An array whose shape and bytes disagree.")
    return np.frombuffer(body, dtype=dtype).reshape(shape).astype(np.dtype(name))


class _Counter:
    """Counter of values while a message is decoded: many small containers take memory too."""

    def __init__(self) -> None:
        self._left = MAX_ITEMS

    def items(self, container: Any) -> Any:
        self._left -= len(container) + 1
        if self._left < 0:
            raise CodecError(f"The message holds more than {MAX_ITEMS:,} values.")
        return container


def _check_tree(value: Any, depth: int) -> None:
    """Refuse what `pack` never makes: deep trees, bytes, time stamps, odd keys.

    Raises:
        CodecError: There is such a thing.
    """
    if depth < 0:
        raise CodecError("The message is nested too deeply.")
    if type(value) is dict:
        for key, item in value.items():
            if type(key) is not str or len(key) > MAX_KEY:
                raise CodecError("The message has a key that is no short text.")
            _check_tree(item, depth - 1)
    elif type(value) is list:
        for item in value:
            _check_tree(item, depth - 1)
    elif value is not None and type(value) not in (bool, int, float, str, np.ndarray, Opaque):
        raise CodecError(f"The message holds a {type(value).__name__}.")
