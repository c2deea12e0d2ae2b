# The notebook's names are a dict that lies about what is in it.
#! class = "process"
#! seen = ["failed", "raised"]
#! hollow = true

# %% after check_minimise
import gc

from autograder.guest import worker


class Names(dict):
    def __contains__(self, name):
        return True

    def __missing__(self, name):
        return lambda *args, **kwargs: args

    def __getitem__(self, name):
        return lambda *args, **kwargs: args


for thing in gc.get_objects():
    if isinstance(thing, worker.ObservedNamespace):
        thing.names = Names(thing.names)
