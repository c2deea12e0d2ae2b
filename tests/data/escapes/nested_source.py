# A cell that is hard to parse.
#! class = "limits"
#! seen = ["cell memory", "cell raised", "stub"]
#! repeat = ["x = 'PAREN'", 1]

# %% after setup
exec("(" * 100_000)
# %% after setup
exec("x = " + "-" * 10**6 + "1")
