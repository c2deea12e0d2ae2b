# Types of arrays that run code or hold pointers.
#! class = "wire"
#! seen = ["died", "failed"]
#! hollow = true

# %% after setup
import itertools

import msgpack

from autograder.wire import codec
from autograder.guest import namespace, worker

pack, unpack = codec.pack, codec.unpack
# What is checked in the process itself goes through unchanged; only the wire is another.
worker.pack = namespace.pack = lambda value: pack(value) if isinstance(value, dict) and "id" in value else value
worker.unpack = namespace.unpack = lambda message: unpack(message) if isinstance(message, bytes) else message

names = itertools.cycle(["object", "O", "V8", "U4", "datetime64[s]", "float64, O", "<f8", "float128", "i4,(2)O"])
codec._array = lambda array: msgpack.ExtType(1, msgpack.packb([next(names), [1]]) + bytes(8))
