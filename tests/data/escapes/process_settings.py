# Undoes what was set: dumpable, capabilities, limits, priorities, the filter itself.
#! class = "template"
#! seen = ["cell raised", "stub"]

# %% after setup
import ctypes
import os
import resource

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(4, 1, 0, 0, 0)  # dumpable
libc.prctl(38, 0, 0, 0, 0)  # new privileges
libc.prctl(22, 0, 0, 0, 0)  # seccomp off
libc.prctl(36, 1, 0, 0, 0)  # reaper of orphans
granted = []
for what in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_CORE):
    try:
        resource.setrlimit(what, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        granted.append(what)
    except (OSError, ValueError):
        pass
for call in (
    lambda: os.setuid(0),
    lambda: os.setgroups([0]),
    lambda: os.nice(-20),
    lambda: open("/proc/self/oom_score_adj", "w").write("-1000"),
    lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99)),
    lambda: resource.prlimit(2, resource.RLIMIT_NOFILE, (1, 1)),
):
    try:
        call()
        granted.append(call)
    except (OSError, PermissionError):
        pass
assert granted, "nothing was granted"
