# Sequences that set the title, move the cursor, answer for the teacher, or hide what is printed.
#! class = "readers"
#! seen = ["failed", "raised", "stub"]

# %% after setup
print("\x1b]0;CANARY-TITLE\x07\x1b[2J\x1b[1;1H\x1b[8m\x1bP+q544e\x1b\\\x1b[6n\x9b31m\x1b]52;c;Y2FuYXJ5\x07\x1b]8;;http://attacker.example\x1b\\")
# %% after check_minimise
Odd = type("\x1b[31mError\x1b]0;CANARY-TITLE", (Exception,), {})


def momentum_step(w, dw, v, lr, beta1):
    raise Odd("\x1b[2K\rAll points\x08\x08\x00\x7f\x85")


def rmsprop_step(w, dw, s, lr, beta2, eps):
    return "\x1b]52;c;Y2FuYXJ5\x07", s
