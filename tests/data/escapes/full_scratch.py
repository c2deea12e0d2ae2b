# Fills what it can write to.
#! class = "limits"
#! seen = ["cell raised", "stub"]

# %% after setup
with open("large", "wb") as file:
    while True:
        file.write(bytes(2**20))
