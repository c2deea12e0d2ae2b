# One slip, in sigmoid: it overflows (SG1).  Saved by a notebook server of 2014, in format 3.
#: rest = "ada"
#: format = 3

# %% sigmoid
def sigmoid(Z):
    return np.power(1 + np.exp(-Z), -1)
