# Sleeps, which takes no computing.
#! class = "limits"
#! seen = ["cell timeout", "stub"]

# %% after setup
import time

time.sleep(3600)
