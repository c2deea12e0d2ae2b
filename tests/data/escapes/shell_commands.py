# Programs, in every way in which a notebook starts them.
#! class = "outside"
#! seen = ["stub"]

# %% after setup
import os
import subprocess

!curl -s http://127.0.0.1:@PORT@/
%system id > /tmp/id
%sx whoami
print(os.path.exists("/tmp/id"))
for start in (
    lambda: subprocess.run(["/bin/sh", "-c", "touch @FOLDER@/CANARY-SHELL"]),
    lambda: os.popen("id").read(),
    lambda: os.posix_spawn("/bin/sh", ["sh"], {}),
    lambda: os.execv("/bin/sh", ["sh", "-c", "id"]),
    lambda: os.spawnl(os.P_WAIT, "/bin/true", "true"),
):
    try:
        print("started", start())
    except OSError as error:
        print(type(error).__name__)
# %% after setup
%%bash
touch @FOLDER@/CANARY-BASH
# %% after setup
%%script sh
touch @FOLDER@/CANARY-SCRIPT
