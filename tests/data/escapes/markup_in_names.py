# Elements in the names that the notebook defines, which messages suggest.
#! class = "readers"
#! seen = ["missing", "stub"]

# %% after check_minimise
from autograder.guest import worker

worker.Session._settle = lambda self: None
del momentum_step, rmsprop_step
globals()["momentum_step<script>"] = globals()["<b>rmsprop_step</b>"] = 1
globals()["rmsprop_stepp`</code><script>document.title='CANARY-SCRIPT'</script>"] = 1
