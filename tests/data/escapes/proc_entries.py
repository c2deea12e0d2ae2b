# Command lines, descriptors, memory and roots of other processes.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import glob
import os

print(sorted(os.listdir("/proc")))
for path in ("cmdline", "fd", "mem", "maps", "root", "cwd", "environ", "task", "ns", "mountinfo"):
    for process in ("self", "1", str(os.getppid()), "2", "thread-self"):
        try:
            full = f"/proc/{process}/{path}"
            print(full, os.listdir(full) if os.path.isdir(full) else open(full, "rb").read(200))
        except OSError as error:
            print(type(error).__name__)
for path in ("/proc/1/root/..", "/proc/self/root/..", "/proc/self/cwd/../.."):
    try:
        print(os.listdir(path + "@FOLDER@"))
    except OSError as error:
        print(type(error).__name__)
