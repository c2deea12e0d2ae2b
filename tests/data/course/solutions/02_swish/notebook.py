# %% [markdown]
# # One activation

# %%
from keras import ops

from autograder import check  # noqa: F401

# %% [markdown]
# ## `swish`


# %%
def swish(x):
    """`x * sigmoid(x)` of a tensor."""
    ### BEGIN SOLUTION
    gate = ops.sigmoid(x)
    return x * gate
    ### END SOLUTION
