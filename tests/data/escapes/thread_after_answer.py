# A thread goes on after the cell has ended, and writes answers into whatever is there.
#! class = "process"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import sys
import threading
import time


def later():
    while True:
        time.sleep(0.01)
        for frame in list(sys._current_frames().values()):
            while frame is not None:
                for name, value in list(frame.f_locals.items()):
                    if name in ("value", "result", "evidence", "failure") and isinstance(value, dict):
                        value.clear()
                        value["status"] = "ok"
                frame = frame.f_back


threading.Thread(target=later, daemon=True).start()
