"""`python -m autograder` is the command `autograder`."""

import sys

# Python has put the caller's folder here, from which everything below would be imported first.
if not sys.flags.safe_path:
    del sys.path[0]

from autograder.cli.main import main

main()
