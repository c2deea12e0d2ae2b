# The worker's own methods are replaced: every observation is a success.
#! class = "process"
#! seen = ["failed"]
#! hollow = true

# %% after setup
from autograder.guest import worker
from autograder.wire.evidence import Evidence

worker.ObservedNamespace.observe = worker.Session.observe = lambda self, **kwargs: Evidence("ok", True)
