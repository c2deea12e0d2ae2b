# Reads and writes every descriptor that was left open.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os

for descriptor in range(4, 4096):
    try:
        os.fstat(descriptor)
    except OSError:
        continue
    print("CANARY-DESCRIPTOR", descriptor)
    try:
        os.lseek(descriptor, 0, 0)
        print(os.read(descriptor, 1000))
        os.write(descriptor, b"points = 20")
    except OSError as error:
        print(error)
