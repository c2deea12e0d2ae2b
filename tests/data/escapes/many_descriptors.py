# Descriptors without number, of every kind.
#! class = "limits"
#! seen = ["cell raised", "raised"]

# %% after setup
import os
import select
import socket

kept = []
while True:
    kept += [os.pipe(), socket.socketpair(), select.epoll(), os.eventfd(0)]
