# %% [markdown]
# # Two functions
#
# ![Half of a thing](figures/half.svg) and ![a dot](figures/dot.png "one pixel"),
# but ![elsewhere](https://example.org/x.png).

# %%
import math

# %matplotlib inline

# %% [markdown] tags=["wide"]
# ## `half`

# %%
def half(x):
    """Half of `x`."""
    ### BEGIN SOLUTION
    # The comment is part of it.
    quotient = x / 2
    return quotient
    ### END SOLUTION


# %% tags=["experiment"]
half(3)

# %%
class Counter:
    """Counts."""

    def __init__(self):
        ### BEGIN SOLUTION
        self.count = math.floor(0.5)
        ### END SOLUTION

    def step(self):
        before = self.count
        ### BEGIN SOLUTION
        if before >= 0:
            self.count += math.ceil(0.5)
        ### END SOLUTION
        return before


# %%
half(3)
