# %% [markdown]
# # Separating by a line
#
# Examples are the columns of `X`, of shape `(n, m)`.

# %%
import numpy as np

from autograder import check  # noqa: F401

# %% [markdown]
# ## `center`


# %%
def center(X):
    """`X`, float `(n, m)`, less the mean over its m examples."""
    ### BEGIN SOLUTION
    mean = X.mean(axis=1, keepdims=True)
    return X - mean
    ### END SOLUTION


# %% [markdown]
# ## `learn`


# %%
def learn(X, y, steps, rng):
    """Weights `(n,)` of a perceptron on centred examples; `y` is -1 or 1 for each of them."""
    ### BEGIN SOLUTION
    centred = center(X)
    w = np.zeros(len(X))
    for i in rng.integers(X.shape[1], size=steps):
        if y[i] * (w @ centred[:, i]) <= 0:
            w = w + y[i] * centred[:, i]
    return w
    ### END SOLUTION


# %% tags=["experiment"]
learn(np.array([[2.0, 4.0]]), np.array([-1.0, 1.0]), 3, np.random.default_rng(0))
