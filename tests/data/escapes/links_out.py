# Symbolic and hard links, open directories and `..`, to get past the root of the sandbox.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os

os.symlink("@FOLDER@", "out")
os.symlink("/proc/1/root", "root")
for path in ("out/CANARY", "root@FOLDER@/CANARY", "../../../../../..@FOLDER@/CANARY"):
    try:
        print(open(path).read())
    except OSError as error:
        print(type(error).__name__)
try:
    os.link("/etc/passwd", "hard")
except OSError as error:
    print(type(error).__name__)
top = os.open("/", os.O_RDONLY)
for _ in range(10):
    top = os.open("..", os.O_RDONLY, dir_fd=top)
try:
    os.chroot("/tmp")
except OSError as error:
    print(type(error).__name__)
print("@FOLDER@".split("/")[1] in os.listdir(top) and os.listdir(top))
