# Arrays whose shape promises a terabyte, or nothing at all.
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

shapes = itertools.cycle([[2**39], [0, 2**39], [2**20, 2**20], [-1], [True], [2**62, 2**62, 0], [[1]], ["3"]])
codec._array = lambda array: msgpack.ExtType(1, msgpack.packb(["float64", next(shapes)]) + bytes(8))
