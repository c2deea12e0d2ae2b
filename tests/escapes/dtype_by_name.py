# Types of arrays that run code or hold pointers.
#! class = "wire"
#! hollow = true

# %% after setup
import itertools

import msgpack

from autograder import evidence

names = itertools.cycle(["object", "O", "V8", "U4", "datetime64[s]", "float64, O", "<f8", "float128", "i4,(2)O"])
evidence._array = lambda array: msgpack.ExtType(1, msgpack.packb([next(names), [1]]) + bytes(8))
