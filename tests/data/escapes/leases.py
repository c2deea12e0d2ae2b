# A lease on each file of the environment stops whoever opens it for 45 seconds, on the whole machine.
#! class = "template"
#! seen = ["cell raised", "stub"]
#! says = ["Operation not permitted"]

# %% after setup
import fcntl
import glob
import os
import sys

taken, refused = [], set()
for path in [os.__file__, *glob.glob(f"{sys.prefix}/lib/python*/site-packages/*/__init__.py")]:
    descriptor = os.open(path, os.O_RDONLY)
    for kind in (fcntl.F_WRLCK, fcntl.F_RDLCK):
        try:
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, kind)
            taken.append(path)
            break
        except OSError as error:
            refused.add(error.strerror)
    else:
        os.close(descriptor)
print("CANARY-LEASES" if taken else "none", len(taken))
assert taken, refused
