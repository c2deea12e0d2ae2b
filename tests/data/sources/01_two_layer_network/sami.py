# Two slips: clips the predictions far too much (CE6), and in training forgets to keep the new
# parameters (TR1).  Saved by Colab.
#: rest = "bao"
#: editor = "colab"

# %% cross_entropy
def cross_entropy(A2, Y):
    small = 1e-7
    A2 = np.where(A2 < small, small, A2)
    A2 = np.where(A2 > 1 - small, 1 - small, A2)
    per_example = (-Y * np.log(A2) - (1 - Y) * np.log(1 - A2)).sum(axis=0)
    return per_example.mean()

# %% train_two_layer
def train_two_layer(X, Y, n1, lr, steps, rng):
    params = {"W1": rng.normal(size=(n1, X.shape[0])), "b1": np.zeros((n1, 1)),
              "W2": rng.normal(size=(Y.shape[0], n1)), "b2": np.zeros((Y.shape[0], 1))}
    losses = []
    step = 0
    while step < steps:
        A2, cache = forward(X, params, "tanh")
        losses.append(cross_entropy(A2, Y))
        grads = backward(X, Y, params, cache)
        gd_step(params, grads, lr)  # updates the parameters
        step += 1
    return params, losses
