# Looks for the reference, hidden cases, the seed and other people's notebooks over the whole disk.
#! class = "secrets"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os

found = []
for top in ("/", "@ROOT@", "@ROOT@/solutions", "@FOLDER@", os.path.dirname("@ROOT@"), "/home", "/root", "/work"):
    for folder, folders, names in os.walk(top):
        if folder.startswith(("/usr/share", "/usr/lib", "/proc", "/grader/env")):
            folders.clear()
        for name in names:
            if name.endswith((".ipynb", ".cases", "exercises.py", "seed", "gradebook.db", "notebook.py")) or "CANARY" in name:
                found.append(os.path.join(folder, name))
print(found)
for path in found:
    try:
        print(open(path, errors="replace").read(2000))
    except OSError as error:
        print(error)
