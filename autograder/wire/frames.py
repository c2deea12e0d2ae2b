"""Frames: how messages follow each other on a stream, a length and then the message."""

from __future__ import annotations

import struct
from collections.abc import Callable

from autograder.wire.codec import MAX_MESSAGE, CodecError

_LENGTH = struct.Struct("<I")


class TooLongError(CodecError):
    """A frame announces more than `MAX_MESSAGE` bytes."""


def framed(message: bytes) -> bytes:
    """Return a packed message as it is sent."""
    return _LENGTH.pack(len(message)) + message


def read_frame(receive: Callable[[int], bytes]) -> bytes:
    """Return the next packed message of a stream.

    Args:
        receive: Given a number of bytes, returns between one and so many of the stream's next
            ones; raises where the stream has ended.

    Raises:
        TooLongError: The frame is over the limit; nothing was allocated for it.
    """
    (length,) = _LENGTH.unpack(_exactly(_LENGTH.size, receive))
    if length > MAX_MESSAGE:
        raise TooLongError(f"The message has {length:,} bytes; {MAX_MESSAGE:,} are allowed.")
    return _exactly(length, receive)


def _exactly(count: int, receive: Callable[[int], bytes]) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        parts += receive(min(count - len(parts), 2**20))
    return bytes(parts)
