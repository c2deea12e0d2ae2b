# A trace function edits the local variables of the check while it runs.
#! class = "process"
#! seen = ["failed"]
#! hollow = true

# %% after setup
import ctypes
import sys
import threading


def trace(frame, event, argument):
    if frame.f_code.co_filename == "<check>":
        for name in ("left", "result", "seen"):
            if name in frame.f_locals and "right" in frame.f_locals:
                frame.f_locals[name] = frame.f_locals["right"]
                ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return trace


sys.settrace(trace)
threading.settrace(trace)
sys.setprofile(trace)
