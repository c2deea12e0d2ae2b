# Blocks and ignores whatever could stop it.
#! class = "limits"
#! seen = ["stub", "timeout"]

# %% after check_minimise
import signal

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass


def momentum_step(w, dw, v, lr, beta1):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
