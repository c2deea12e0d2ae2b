# Opens the course's files by their names, as somebody would who knows where it lies.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os

for path in (
    "@ROOT@/solutions/03_optimizers/exercises.py",
    "@ROOT@/solutions/03_optimizers/notebook.py",
    "@ROOT@/.autograder/seed",
    "@ROOT@/tests/data/submissions/03_optimizers/ada.ipynb",
    "@ROOT@/assignments/03_optimizers/03_optimizers.cases",
    "03_optimizers.cases",
    "../solutions/03_optimizers/exercises.py",
    "@FOLDER@/CANARY",
    os.path.expanduser("~/.cache/autograder/evidence"),
    "/etc/passwd",
    "/etc/shadow",
):
    try:
        print(open(path, errors="replace").read(500))
    except OSError as error:
        print(type(error).__name__)
