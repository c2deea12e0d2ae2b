# Descriptors by the hundred through the control socket, to use up the grader's.
#! class = "wire"
#! seen = ["cell died|cell memory|cell timeout", "failed"]
#! hollow = true

# %% after setup
import array
import os
import socket

wire = socket.socket(fileno=os.dup(3))
null = os.open("/dev/null", os.O_RDONLY)
for _ in range(50):
    try:
        wire.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [null] * 200))])
    except OSError as error:
        print(error)
        break
