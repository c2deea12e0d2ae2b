# matplotlib's list of fonts and settings, which the next one would load.
#! class = "template"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import glob
import os

import matplotlib

for folder in {matplotlib.get_configdir(), matplotlib.get_cachedir(), "/tmp/matplotlib"}:
    os.makedirs(folder, exist_ok=True)
    for path in [*glob.glob(f"{folder}/*"), f"{folder}/fontlist-v390.json", f"{folder}/matplotlibrc"]:
        with open(path, "w") as file:
            file.write('{"CANARY": "fonts"}')
