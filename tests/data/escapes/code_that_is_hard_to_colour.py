# Text that takes colouring, or searching, quadratic time.
#! class = "readers"
#! seen = ["raised", "stub"]

# %% momentum_step whole
def momentum_step(w, dw, v, lr, beta1):
    x = f"{{{'{' * 3000}}}}}"
    # aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!
    y = """ \\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\ \" \""""
    print("\x1b[" * 30_000)
    print("`" * 60_000)
    print("\r" * 60_000)
    raise ValueError("`a" * 1000)


print("\x1b[" + "0;" * 30_000, "\x1b]" * 10_000, "\r" * 30_000)
