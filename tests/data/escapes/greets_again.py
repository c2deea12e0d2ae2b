# The first message once more, with somebody else's number.
#! class = "wire"
#! seen = ["cell memory|cell died|cell timeout", "failed"]
#! hollow = true

# %% after setup
import os
import socket
import struct

wire = socket.socket(fileno=os.dup(3))
try:
    wire.sendmsg([b"isolated".ljust(512)], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack("3i", 1, 0, 0))])
except OSError as error:
    print(error)
    wire.sendall(b"isolated".ljust(512))
