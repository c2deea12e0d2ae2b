# Compiled modules of the environment are replaced by others.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import importlib.util
import os
import py_compile

with open("evil.py", "w") as file:
    file.write("print('CANARY-BYTECODE')\n")
for module in (np, os, importlib.util):
    target = importlib.util.cache_from_source(module.__file__)
    for path in (target, module.__file__):
        try:
            py_compile.compile("evil.py", cfile=path)
            print("CANARY-WRITTEN", path)
        except OSError as error:
            print(type(error).__name__)
        try:
            os.chmod(path, 0o777)
            os.utime(path)
        except OSError as error:
            print(type(error).__name__)
