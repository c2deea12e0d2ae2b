# A package `autograder` in the working directory, for the next process that imports one.
#! class = "process"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os

for package in ("autograder", "numpy", "IPython"):
    os.makedirs(package, exist_ok=True)
    for name in ("__init__", "worker", "judge", "probes", "evidence"):
        with open(f"{package}/{name}.py", "w") as file:
            file.write("raise SystemExit('CANARY-SHADOWED')\n")
os.environ["PYTHONPATH"] = os.getcwd()
os.environ["PYTHONSTARTUP"] = os.path.abspath("autograder/__init__.py")
