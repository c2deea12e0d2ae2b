# Clocks that give infinities and NaN, which spoil sums and records.
#! class = "process"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import itertools
import time

odd = itertools.cycle([float("nan"), float("inf"), -1e300, 1e300])
time.process_time = time.perf_counter = time.monotonic = time.time = lambda: next(odd)
