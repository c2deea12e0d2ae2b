# Arrays whose shape promises a terabyte, or nothing at all.
#! class = "wire"
#! hollow = true

# %% after setup
import itertools

import msgpack

from autograder import evidence

shapes = itertools.cycle([[2**39], [0, 2**39], [2**20, 2**20], [-1], [True], [2**62, 2**62, 0], [[1]], ["3"]])
evidence._array = lambda array: msgpack.ExtType(1, msgpack.packb(["float64", next(shapes)]) + bytes(8))
