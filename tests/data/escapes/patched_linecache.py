# Failures that are said to have happened in the grader's own files.
#! class = "process"
#! seen = ["raised", "stub"]

# %% after check_minimise
import linecache

linecache.getline = lambda *args: "raise GraderError('full marks')"
code = compile("def momentum_step(*args):\n    raise ZeroDivisionError('grader bug')", "@ROOT@/autograder/judging/judges.py", "exec")
exec(code)
code = compile("def rmsprop_step(*args):\n    raise ZeroDivisionError('grader bug')", "<cell 1>", "exec")
exec(code)
