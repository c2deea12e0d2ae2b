# Memory that the kernel keeps for pipes and sockets.
#! class = "limits"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import fcntl
import os
import socket

kept = []
try:
    while True:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        kept += [reader, writer]
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 2**20)
        os.write(writer, bytes(2**20))
except OSError as error:
    print(error)
