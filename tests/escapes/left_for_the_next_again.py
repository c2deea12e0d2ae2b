# The same once more, so that one of the two comes after the other.
#! class = "template"
#! hollow = true

# %% after setup
import os

for folder in ("/tmp", "/var/tmp", "/dev/shm", "/dev", "/run", "/grader", "/", os.path.expanduser("~"), "/proc"):
    try:
        if "canary-answers" in os.listdir(folder):
            print("CANARY-FOUND in", folder)
        with open(f"{folder}/canary-answers", "w") as file:
            file.write("CANARY-LEFT")
    except OSError:
        pass
