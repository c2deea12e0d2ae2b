"""The process that reads hand-ins: the bytes of a file in, a plain notebook out.

It holds nothing of the course, runs no student code, and may use little: what a file makes it do,
however the file is made, stays within the limits that `reader` sets and watches.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import socket
import struct
import sys
from typing import Any

from autograder.submissions.notebook_file import UnreadableError, read

REQUEST = struct.Struct("<Q?")  # the file's length, and whether the whole notebook is wanted
REPLY = struct.Struct("<Q")  # the length of the answer, which is JSON
_CHUNK = 2**20


def main() -> None:
    """Answer requests until the grader hangs up.

    Arguments: the connection's descriptor, and how many bytes of address space may be used.
    """
    number, memory = map(int, sys.argv[1:])
    _limit(memory)
    gc.disable()  # nothing here has cycles, and looking for them takes longer than parsing
    connection = socket.socket(fileno=number)
    while header := _exactly(connection, REQUEST.size):
        length, whole = REQUEST.unpack(header)
        answer = json.dumps(_answer(_exactly(connection, length), whole)).encode("ascii")
        connection.sendall(REPLY.pack(len(answer)))
        connection.sendall(answer)


def _limit(memory: int) -> None:
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(what, (value, value))


def _answer(data: bytes, whole: bool) -> dict[str, Any]:
    try:
        notebook, notes = read(data, whole)
    except UnreadableError as error:
        return {"problem": str(error)}
    except MemoryError:
        return {"exceeded": "memory"}
    return {"notebook": notebook, "notes": notes}


def _exactly(connection: socket.socket, count: int) -> bytes:
    """Return the next `count` bytes, or b"" where the grader has hung up."""
    parts = bytearray()
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), _CHUNK))
        if not part:
            os._exit(0)
        parts += part
    return bytes(parts)


if __name__ == "__main__":
    main()
