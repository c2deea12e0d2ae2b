# Fills what it can write to.
#! class = "limits"

# %% after setup
with open("large", "wb") as file:
    while True:
        file.write(bytes(2**20))
