# Sleeps, which takes no computing.
#! class = "limits"

# %% after setup
import time

time.sleep(3600)
