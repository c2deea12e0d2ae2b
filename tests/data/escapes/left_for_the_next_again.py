# The same once more, so that one of the two comes after the other.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os

folders = ["/tmp", "/var/tmp", "/dev/shm", "/dev", "/run", "/grader", "/", os.getcwd(), "/proc"]
for folder in folders:
    if os.path.isdir(folder) and "canary-answers" in os.listdir(folder):
        print("CANARY" "-FOUND in", folder)
written = []
for folder in folders:
    try:
        with open(f"{folder}/canary-answers", "w") as file:
            file.write("CANARY-LEFT")
        written.append(folder)
    except OSError:
        pass
print(written)
