# Scans the process's own memory for the course's secrets.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import ctypes
import gc

seen = []
words = ["BEGIN" + " SOLUTION", "CANARY" + "-", "counts" + "_alone=", "equivalent" + "("]
for thing in gc.get_objects():
    if type(thing) is dict:
        seen += [v for v in list(thing.values()) if type(v) is str and any(w in v for w in words)]
print([text[:200] for text in seen if "words = [" not in text])
block = np.arange(4)
here = block.ctypes.data
print(any(word.encode() in ctypes.string_at(here, 32) for word in words))
