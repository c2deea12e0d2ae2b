# Sockets of the machine: of docker, of the system bus, of the X server, abstract ones.
#! class = "outside"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import os
import socket

for path in ("@FOLDER@/socket", "\0autograder-canary-@PORT@", "/var/run/docker.sock", "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0"):
    try:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        connection.sendall(b"CANARY-UNIX")
    except OSError as error:
        print(type(error).__name__)
# The pair that multiprocessing and asyncio need is allowed: it can't be connected to anything else.
one, other = socket.socketpair()
for address in ("@FOLDER@/datagrams", "\0autograder-datagrams-@PORT@"):
    try:
        socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"CANARY-DATAGRAM", address)
    except OSError as error:
        print(type(error).__name__)
one.connect("\0autograder-canary-@PORT@")
