# Descriptors that are on their way in sockets count for the whole user.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import array
import os
import socket

null, pairs = os.open("/dev/null", os.O_RDONLY), []
try:
    for _ in range(100):
        pairs.append(socket.socketpair())
        pairs[-1][0].sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * 250))])
except OSError as error:
    print(error)
