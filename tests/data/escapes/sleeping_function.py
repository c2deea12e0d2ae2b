# Sleeps in an answer.
#! class = "limits"
#! seen = ["stub", "timeout"]

# %% momentum_step whole
def momentum_step(w, dw, v, lr, beta1):
    import time

    time.sleep(3600)
