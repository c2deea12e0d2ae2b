# Sends home what there is to be known, over the network.
#! class = "outside"
#! seen = ["cell raised", "stub"]

# %% after setup
import socket

connection = socket.create_connection(("127.0.0.1", @PORT@), timeout=5)
connection.sendall(b"CANARY-TCP")
