# A small text that unpacks to gigabytes.
#! class = "limits"
#! seen = ["cell timeout|cell memory|cell raised", "stub"]

# %% after setup
import zlib

small = zlib.compress(bytes(2**27), 9)
x = [zlib.decompress(small) for _ in range(100)]
