# The grader's environment variables, one's own, the parent's, and everybody's.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import glob
import os

print({name: value for name, value in os.environ.items() if "CANARY" in value or "SEED" in name})
for path in ["/proc/self/environ", "/proc/1/environ", *glob.glob("/proc/[0-9]*/environ")]:
    try:
        print(open(path, "rb").read())
    except OSError as error:
        print(type(error).__name__)
