# %% [markdown]
# # 04 · Regularisation: five remedies against overfitting (过拟合)
#
# A network that is large enough learns anything by heart, even labels that are wrong. That it
# fits its training examples therefore says little; what counts is how it does on examples that it
# has never seen. Everything that narrows the gap between the two is called *regularisation*. This
# unit builds the usual remedies, in a few lines of NumPy each, and then lets them compete:
#
# | you write | idea |
# |---|---|
# | `dropout_forward`, `dropout_backward` | switch units off at random, so that none relies on another |
# | `l2_penalty`, `l2_grad` | large weights cost something |
# | `l1_penalty`, `l1_grad` | every weight that is not 0 costs something |
# | `EarlyStopper` | stop when unseen examples no longer gain, and go back to the best weights |
# | `random_shift`, `random_flip` | make new training examples out of old ones |
#
# About three hours; 23 points. After each function a cell runs `check("…")`: it says what is right
# so far, and where a result differs, why. Run it as often as you like.

# %%
import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# Imagine 150 handwritten digits, 15 % of them with a wrong label, and a network with 26,000
# parameters. It reaches 100 % on these 150: there is room enough to note for every single image
# which label was written on it. On new digits it is right four times in five. The gap between the
# two numbers is **overfitting**.
#
# Two things decide how large it becomes: how much a network *can* note, and how much of what it
# sees is *worth* noting. Each remedy takes one of them in hand.
#
# - **Dropout** makes noting by heart unreliable: whatever a unit has noted is switched off half of
#   the time.
# - **L2 and L1** make it expensive: a curve that bends around a single example needs large weights.
# - **Early stopping** gives it no time: what many examples share is learnt first, the exceptions
#   last.
# - **Augmentation** makes it hopeless: no image comes twice.
#
# ![The whole network, and the thinned ones that two examples of a minibatch pass through](figures/dropout.svg)
#
# > **Erratum.** The notes name two reasons for overfitting: too little data, or too complex a model
# > (数据太少 or 模型太复杂). There are others. *Noise*: wrong labels can only be learnt by heart.
# > *Long training*: the same network on the same data overfits after 50 epochs and not after 5.
# > And *leakage*: information about the test examples that has slipped into training hides the
# > gap instead of closing it, which is worse.
#
# > **Erratum.** Under their four headings (DropOut, L1 / L2, early stopping, add datasets) the
# > notes are empty, and "data argumentation" should read data **augmentation**. The formulas of
# > this unit are supplied by the course: *inverted* dropout, and penalties with the factors
# > $\frac{\lambda}{2m}$ (L2) and $\frac{\lambda}{m}$ (L1). Books and libraries use other factors;
# > here these are graded.
#
# **Conventions.** As before, every example is a column: activations $A$ are `(n, m)`, units by
# examples. Images come as `(N, H, W, C)`: number, height, width, channels. All functions return
# *new* values and leave their arguments as they were. What is random is drawn from the generator
# `rng` that you are handed (`rng.random(shape)`, `rng.integers(low, high, size)`), never from
# `np.random` directly: only so can a run be repeated.

# %% [markdown]
# ## 1. Dropout
#
# During training every entry of $A$ is kept with probability $p$ (`keep_prob`) and set to 0
# otherwise, each independently of all others: every unit, every example, every call anew.
#
# $$
# D_{ij} = \begin{cases} 1 & \text{with probability } p \\ 0 & \text{otherwise}\end{cases}
# \qquad\qquad
# A^{drop} = \frac{D * A}{p}
# $$
#
# Why divide by $p$? With $p = 0.8$ the next layer would receive only 80 % of what it is used to.
# The division makes up for it: the *expected* value of each entry stays what it was,
# $E[D_{ij}A_{ij}/p] = p\,A_{ij}/p = A_{ij}$. That is why nothing at all has to be done at test
# time: with `training=False` the function returns $A$ itself. This form is called **inverted**
# dropout, and all libraries use it.
#
# (The original paper did not divide while training and multiplied by $p$ at test time instead. Same
# expectation, but then prediction code must know about dropout. Not asked for here.)
#
# > **Watch out.** `keep_prob` is the probability that an entry is **kept**. The argument of
# > `keras.layers.Dropout` is the other one: `rate`, the probability that it is dropped. With one
# > half nobody notices a mix-up; with 0.8 everybody does.


# %%
def dropout_forward(
    A: np.ndarray, keep_prob: float, rng: np.random.Generator, training: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Inverted dropout.

    Args:
        A: float64, `(n, m)`: the activations of a layer.
        keep_prob: the probability that an entry is kept, above 0, at most 1.
        rng: where the random numbers come from.
        training: whether entries are dropped; if not, nothing changes.

    Returns:
        `(A_out, mask)`: the new activations `(n, m)`, and the mask `(n, m)`, 1 where an entry was
        kept and 0 where it was dropped. With `training=False` the mask is all ones. `A` stays as
        it was.
    """
    ### BEGIN SOLUTION
    if not training:
        return A, np.ones_like(A)
    mask = (rng.random(A.shape) < keep_prob).astype(float)
    return A * mask / keep_prob, mask
    ### END SOLUTION


# %% [markdown]
# On the way back the same mask is at work: what was switched off has no influence on the cost, and
# what was kept entered with a factor $\frac1p$.
#
# $$dA = \frac{D * dA^{drop}}{p}$$
#
# It has to be the mask of *this* forward pass, so the layer keeps it until the gradient comes back.


# %%
def dropout_backward(dA: np.ndarray, mask: np.ndarray, keep_prob: float) -> np.ndarray:
    """The gradient on the other side of dropout.

    Args:
        dA: float64, `(n, m)`: the gradient with respect to the output of `dropout_forward`.
        mask: `(n, m)`: the mask that `dropout_forward` returned.
        keep_prob: the same as there.

    Returns:
        `dA_prev`, `(n, m)`: the gradient with respect to its input. `dA` and `mask` stay as they
        were.
    """
    ### BEGIN SOLUTION
    return dA * mask / keep_prob
    ### END SOLUTION


# %% [markdown]
# A look at one layer: 60 units, 120 examples, all activations near 1. White was dropped. In the
# right picture each dot is one example: the mean over its units before and after. The mean stays
# where it was; what grows is the noise, and more so the more is dropped.

# %% tags=["experiment"]
rng = np.random.default_rng(0)
A = 1 + 0.1 * rng.normal(size=(60, 120))
fig, axes = plt.subplots(1, 3, figsize=(11, 3.2), layout="constrained")
for axis, keep_prob in zip(axes[:2], (0.8, 0.3), strict=True):
    dropped, _ = dropout_forward(A, keep_prob, rng, training=True)
    axis.imshow(dropped, cmap="Blues", vmin=0, vmax=1 / 0.3)
    axis.set(title=f"keep_prob = {keep_prob}", xlabel="example", ylabel="unit")
for keep_prob, colour in ((0.8, "tab:blue"), (0.3, "tab:orange")):
    dropped, _ = dropout_forward(A, keep_prob, rng, training=True)
    label = f"keep_prob = {keep_prob}"
    axes[2].plot(A.mean(axis=0), dropped.mean(axis=0), ".", color=colour, label=label)
axes[2].axhline(1, color="0.3", linewidth=0.8, linestyle=":")
axes[2].set(title="mean over the units of an example", xlabel="before", ylabel="after")
axes[2].legend()
plt.show()

# %% [markdown]
# ## 2. L2: large weights cost something
#
# Add to the cost the squares of all weights:
#
# $$
# J_{L2} = J + \frac{\lambda}{2m}\sum_{l}\sum_{i,j}\left(W^{[l]}_{ij}\right)^2
# \qquad\qquad
# \frac{\partial J_{L2}}{\partial W^{[l]}} = \frac{\partial J}{\partial W^{[l]}}
#   + \frac{\lambda}{m}W^{[l]}
# $$
#
# $m$ is the number of training examples, $\lambda$ says how much the penalty weighs. The 2 below
# the fraction is there to cancel with the 2 from the square, nothing more.
#
# Look at what the additional gradient does in one step of gradient descent:
# $W - \alpha\frac{\lambda}{m}W = (1-\alpha\frac{\lambda}{m})\,W$. Every weight shrinks by the same
# *factor*, unless the data object. Hence the name **weight decay**.
#
# **Biases are not penalised.** A bias moves a unit's threshold and bends nothing; and there are few
# of them. In `params` the weights are the entries whose names begin with `W`.


# %%
def l2_penalty(params: dict[str, np.ndarray], lam: float, m: int) -> float:
    """What L2 adds to the cost.

    Args:
        params: `W1 (n1, n0)`, `b1 (n1, 1)`, `W2 (n2, n1)`, … The weights are the keys that begin
            with `W`.
        lam: λ, how much the penalty weighs.
        m: the number of training examples.

    Returns:
        One number: λ/(2m) times the sum of the squares of all weights, of all layers.
    """
    ### BEGIN SOLUTION
    squares = sum(np.sum(W**2) for name, W in params.items() if name.startswith("W"))
    return float(lam / (2 * m) * squares)
    ### END SOLUTION


# %% [markdown]
# Its slope with respect to one weight matrix, to be added to `dW`. A gradient has the shape of what
# it belongs to.


# %%
def l2_grad(W: np.ndarray, lam: float, m: int) -> np.ndarray:
    """What L2 adds to the gradient of one weight matrix.

    Args:
        W: float64, `(n1, n0)`: the weights.
        lam: λ, how much the penalty weighs.
        m: the number of training examples.

    Returns:
        The gradient of the L2 penalty with respect to `W`, `(n1, n0)`. `W` stays as it was.
    """
    ### BEGIN SOLUTION
    return lam / m * W
    ### END SOLUTION


# %% [markdown]
# ## 3. L1: every weight that is not 0 costs something
#
# Absolute values in place of squares:
#
# $$
# J_{L1} = J + \frac{\lambda}{m}\sum_{l}\sum_{i,j}\left|W^{[l]}_{ij}\right|
# \qquad\qquad
# \frac{\partial J_{L1}}{\partial W^{[l]}} = \frac{\partial J}{\partial W^{[l]}}
#   + \frac{\lambda}{m}\,\mathrm{sign}\left(W^{[l]}\right)
# $$
#
# L2 pulls a large weight hard and a small one hardly at all: weights become small but not 0. L1
# pulls all of them equally hard, however small they are: those that the data do not hold on to end
# at 0, and the network becomes *sparse*. (Its factor has no 2, since there is no square to cancel
# one.)
#
# At $w=0$ the absolute value has a kink and no slope. By convention it counts as
# $\mathrm{sign}(0)=0$: a weight that has arrived at 0 is left in peace.


# %%
def l1_penalty(params: dict[str, np.ndarray], lam: float, m: int) -> float:
    """What L1 adds to the cost.

    Args:
        params: `W1 (n1, n0)`, `b1 (n1, 1)`, `W2 (n2, n1)`, … The weights are the keys that begin
            with `W`.
        lam: λ, how much the penalty weighs.
        m: the number of training examples.

    Returns:
        One number: λ/m times the sum of the absolute values of all weights, of all layers.
    """
    ### BEGIN SOLUTION
    sizes = sum(np.sum(np.abs(W)) for name, W in params.items() if name.startswith("W"))
    return float(lam / m * sizes)
    ### END SOLUTION


# %%
def l1_grad(W: np.ndarray, lam: float, m: int) -> np.ndarray:
    """What L1 adds to the gradient of one weight matrix.

    Args:
        W: float64, `(n1, n0)`: the weights.
        lam: λ, how much the penalty weighs.
        m: the number of training examples.

    Returns:
        The gradient of the L1 penalty with respect to `W`, `(n1, n0)`, 0 where a weight is 0. `W`
        stays as it was.
    """
    ### BEGIN SOLUTION
    return lam / m * np.sign(W)
    ### END SOLUTION


# %% [markdown]
# The difference between the two pulls, with no data at all: eight weights under gradient descent on
# the penalty alone. Before you run it: which ones will reach 0, and when?

# %% tags=["experiment"]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2), sharey=True, layout="constrained")
for axis, (name, gradient) in zip(axes, (("L2", l2_grad), ("L1", l1_grad)), strict=True):
    W = np.linspace(-1, 1, 8).reshape(1, 8)
    path = [W]
    for _ in range(60):
        W = W - 0.02 * gradient(W, lam=2.0, m=1)
        path.append(W)
    axis.plot(np.concatenate(path), color="tab:blue")
    axis.axhline(0, color="0.3", linewidth=0.8, linestyle=":")
    axis.set(title=f"{name} alone: eight weights on their way", xlabel="step")
plt.show()

# %% [markdown]
# Under L2 every weight keeps the same share of its size per step, and none arrives. Under L1 all
# walk at one speed, and the small ones arrive first. (The last hop across 0 and back comes from the
# finite step.)

# %% [markdown]
# ## 4. Early stopping
#
# While training goes on, the cost of the *training* examples falls and falls. The cost of other
# examples, the **validation set**, falls at first, and rises again as soon as the network begins to
# learn by heart. So look at the validation cost after each epoch, remember the weights of the best
# epoch so far, and stop when it has not got better for a while. How long "a while" is, is called
# `patience`.
#
# Three things are easily missed:
#
# - An **improvement** is a value below the best one so far, by more than `min_delta`:
#   `value < best - min_delta`. The count of epochs without an improvement starts afresh at each one.
#   NaN is never an improvement.
# - The weights that you want are not the *last* ones but the *best* ones; also when training ended
#   for another reason and you never said stop.
# - Training changes weights in place. What you put aside must be a **copy**, else it changes with
#   them.
#
# This is a class, since it has something to remember from one epoch to the next. It is used like
# this:
#
# ```python
# stopper = EarlyStopper(patience=10)
# for epoch in range(1000):
#     ...                                   # one epoch of training changes `weights`
#     if stopper.update(validation_cost, weights):
#         break
# weights = stopper.best_weights
# ```


# %%
class EarlyStopper:
    """Says when to stop training, and keeps the best weights.

    Attributes:
        best_value: the lowest value that counted as an improvement.
        best_epoch: the epoch of that value; the first call of `update` is epoch 0.
        best_weights: a copy of the weights of that epoch.
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        """Starts without a best value.

        Args:
            patience: so many epochs in a row without an improvement, and it is time to stop; 1 or
                more.
            min_delta: only a value below `best_value - min_delta` is an improvement; 0 or more.
        """
        ### BEGIN SOLUTION
        self.patience, self.min_delta = patience, min_delta
        self.best_value, self.best_epoch, self.best_weights = np.inf, -1, None
        self.epoch = -1
        ### END SOLUTION

    def update(self, value: float, weights: list[np.ndarray] | dict[str, np.ndarray]) -> bool:
        """Takes note of one epoch.

        Args:
            value: the validation cost after this epoch; lower is better. May be NaN.
            weights: the weights after this epoch, a list or a dict of arrays. They stay as they
                were; training will change them afterwards.

        Returns:
            True when the last `patience` epochs brought no improvement, else False. What a call
            does after one has returned True is left to you: training has ended.
        """
        ### BEGIN SOLUTION
        self.epoch += 1
        if value < self.best_value - self.min_delta:
            self.best_value, self.best_epoch = value, self.epoch
            if isinstance(weights, dict):
                self.best_weights = {name: array.copy() for name, array in weights.items()}
            else:
                self.best_weights = [array.copy() for array in weights]
        return self.epoch - self.best_epoch >= self.patience
        ### END SOLUTION


# %% [markdown]
# ## 5. Augmentation: more data out of old data
#
# A seven that stands one pixel further to the left is still a seven. So show it a little further to
# the left next time: with $\pm1$ pixel on both axes, 150 images become 1350. Two rules:
#
# - The change must leave the *label* true. A mirrored 8 is an 8; a mirrored 2 is no digit at all.
#   So `random_flip` is told which labels may be mirrored.
# - Only **training** images are changed, anew each time they are shown. Validation and test images
#   stay as they are: they should be like those that the network will meet.
#
# `random_shift` moves every image by a whole number of pixels, drawn for each image and each axis
# from $-max\_px, \dots, max\_px$, all equally likely. What leaves the picture on one side is gone;
# on the other side zeros (background) move in. `np.roll` would bring back on the right what leaves
# on the left: that makes images that nobody has ever written.


# %%
def random_shift(images: np.ndarray, max_px: int, rng: np.random.Generator) -> np.ndarray:
    """Moves every image by a random number of whole pixels.

    Args:
        images: `(N, H, W, C)`, of any dtype.
        max_px: the longest shift, in pixels, from 1 to less than half of H and W. Both shifts of an image,
            down and to the right, are drawn from -max_px, …, max_px.
        rng: where the random numbers come from.

    Returns:
        The moved images, shape and dtype of `images`, zeros moved in. `images` stays as it was.
    """
    ### BEGIN SOLUTION
    N, H, W, _ = images.shape
    padded = np.pad(images, ((0, 0), (max_px, max_px), (max_px, max_px), (0, 0)))
    moved = np.empty_like(images)
    for i, (down, right) in enumerate(rng.integers(-max_px, max_px + 1, size=(N, 2))):
        top, left = max_px - down, max_px - right
        moved[i] = padded[i, top : top + H, left : left + W]
    return moved
    ### END SOLUTION


# %% [markdown]
# `random_flip` mirrors an image left to right with probability ½, if its label allows it. It
# returns images *and* labels, so that training code can put it between the data and the network.


# %%
def random_flip(
    images: np.ndarray, labels: np.ndarray, rng: np.random.Generator, flippable: set[int]
) -> tuple[np.ndarray, np.ndarray]:
    """Mirrors images left to right, each with probability ½, where the label allows it.

    Args:
        images: `(N, H, W, C)`, of any dtype.
        labels: `(N,)`, integers.
        rng: where the random numbers come from.
        flippable: the labels whose images may be mirrored; may be empty.

    Returns:
        `(images, labels)`: the new images in the same order, shape and dtype of `images`, and the
        labels as they were. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    allowed = np.isin(labels, list(flippable))
    mirrored = allowed & (rng.random(len(images)) < 0.5)
    return np.where(mirrored[:, None, None, None], images[:, :, ::-1], images), labels
    ### END SOLUTION


# %% [markdown]
# ## Experiment: 150 digits, 15 % wrong labels
#
# Now all of it competes. The digits are images of 8 by 8 pixels that scikit-learn brings along; 150 to train
# with, of which 22 get a wrong label, 300 to validate, and more than a thousand others that are
# looked at only once, at the very end.
#
# The next two cells are the training loop, no news in it: two hidden layers of 128 relu units, a
# softmax, minibatches of 25, 50 epochs of Adam. See where your functions are called. The penalty's
# $m$ is the size of the whole training set, not of the minibatch.

# %% tags=["experiment"]
from sklearn.datasets import load_digits


def noisy_digits(rng, train=150, validation=300, wrong=0.15):
    """Three sets of images `(N, 8, 8, 1)` and labels; `wrong` of the training labels are wrong."""
    digits = load_digits()
    order = rng.permutation(len(digits.target))
    images, labels = digits.images[order][..., None] / 16, digits.target[order]
    cuts = [train, train + validation]
    sets = list(zip(np.split(images, cuts), np.split(labels, cuts), strict=True))
    noisy = sets[0][1].copy()
    victims = rng.choice(train, round(wrong * train), replace=False)
    noisy[victims] = (noisy[victims] + rng.integers(1, 10, len(victims))) % 10
    return (sets[0][0], noisy), sets[1], sets[2]


def columns(images):
    """Images as columns, `(64, N)`."""
    return images.reshape(len(images), -1).T


def predict(params, images):
    """Probabilities `(10, N)`; no dropout here, and nothing to be scaled."""
    A = columns(images)
    for layer in (1, 2, 3):
        Z = params[f"W{layer}"] @ A + params[f"b{layer}"]
        A = np.maximum(Z, 0)
    E = np.exp(Z - Z.max(axis=0))
    return E / E.sum(axis=0)


def cost(params, images, labels):
    """Cross-entropy, without any penalty, and accuracy."""
    P = predict(params, images)
    right = P[labels, np.arange(len(labels))]
    return -np.log(np.maximum(right, 1e-12)).mean(), (P.argmax(axis=0) == labels).mean()


# %% tags=["experiment"]
def train(
    training,
    validation,
    rng,
    penalty_grad=None,
    keep_prob=1.0,
    augment=None,
    stopper=None,
    epochs=50,
    lr=0.002,
):
    """Trains a network; returns its parameters and, for each epoch, cost and accuracy of both sets."""
    images, labels = training
    m, sizes = len(labels), (64, 128, 128, 10)
    params = {}
    for layer in (1, 2, 3):
        n0, n1 = sizes[layer - 1], sizes[layer]
        params[f"W{layer}"] = rng.normal(size=(n1, n0)) * np.sqrt(2 / n0)
        params[f"b{layer}"] = np.zeros((n1, 1))
    v = {name: np.zeros_like(value) for name, value in params.items()}
    s = {name: np.zeros_like(value) for name, value in params.items()}
    t, history = 0, []
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(m), m // 25):
            x, y = images[batch], labels[batch]
            if augment is not None:
                x, y = augment(x, y, rng)
            # Forward, with dropout after each hidden layer.
            A, masks = [columns(x)], []
            for layer in (1, 2):
                hidden = np.maximum(params[f"W{layer}"] @ A[-1] + params[f"b{layer}"], 0)
                hidden, mask = dropout_forward(hidden, keep_prob, rng, training=True)
                A.append(hidden)
                masks.append(mask)
            Z = params["W3"] @ A[-1] + params["b3"]
            E = np.exp(Z - Z.max(axis=0))
            dZ = (E / E.sum(axis=0) - np.eye(10)[:, y]) / len(y)
            # Backward.
            grads = {}
            for layer in (3, 2, 1):
                grads[f"W{layer}"] = dZ @ A[layer - 1].T
                grads[f"b{layer}"] = dZ.sum(axis=1, keepdims=True)
                if penalty_grad is not None:
                    grads[f"W{layer}"] += penalty_grad(params[f"W{layer}"], m)
                if layer > 1:
                    dA = params[f"W{layer}"].T @ dZ
                    dA = dropout_backward(dA, masks[layer - 2], keep_prob)
                    dZ = dA * (A[layer - 1] > 0)
            # Adam.
            t += 1
            for name, dw in grads.items():
                v[name] = 0.9 * v[name] + 0.1 * dw
                s[name] = 0.999 * s[name] + 0.001 * dw**2
                rate = lr * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
                params[name] -= rate * v[name] / (np.sqrt(s[name]) + 1e-8)
        history.append([*cost(params, *training), *cost(params, *validation)])
        if stopper is not None and stopper.update(history[-1][2], params):
            break
    if stopper is not None:
        params = stopper.best_weights
    return params, np.array(history)


# %% [markdown]
# Six networks, the same start and the same data. Before you run the cell, write down which ones
# will still reach 100 % on the wrong labels.


# %% tags=["experiment"]
def shift_and_flip(x, y, rng):
    """±1 pixel; only 0 and 8 may be mirrored."""
    return random_flip(random_shift(x, 1, rng), y, rng, {0, 8})


training, validation, test = noisy_digits(np.random.default_rng(4))
kinds = {
    "no remedy": {},
    "L2, λ = 3": {"penalty_grad": lambda W, m: l2_grad(W, 3.0, m)},
    "L1, λ = 0.3": {"penalty_grad": lambda W, m: l1_grad(W, 0.3, m)},
    "dropout, keep_prob = 0.5": {"keep_prob": 0.5},
    "early stopping, patience 5": {"stopper": EarlyStopper(patience=5)},
    "shifts and flips": {"augment": shift_and_flip},
}
fig, axes = plt.subplots(2, 3, figsize=(12, 6.5), sharex=True, sharey=True, layout="constrained")
print(f"{'accuracy of':28} training (noisy)   validation   test")
networks = {}
for axis, (name, options) in zip(axes.flat, kinds.items(), strict=True):
    params, history = train(training, validation, np.random.default_rng(1), **options)
    networks[name] = params
    accuracies = [cost(params, *examples)[1] for examples in (training, validation, test)]
    print(f"{name:28}{accuracies[0]:12.3f} {accuracies[1]:14.3f} {accuracies[2]:10.3f}")
    epochs = np.arange(len(history))
    axis.plot(epochs, history[:, 0], color="tab:blue", label="training")
    axis.plot(epochs, history[:, 2], color="tab:orange", label="validation")
    if "stopper" in options:
        best = options["stopper"].best_epoch
        axis.axvline(best, color="0.3", linestyle=":", label=f"best epoch: {best}")
    axis.set(title=f"{name}\n{accuracies[2]:.1%} of the test set", ylim=(0, 2.4))
    axis.legend(loc="upper right")
for axis in axes[1]:
    axis.set_xlabel("epoch")
for axis in axes[:, 0]:
    axis.set_ylabel("cross-entropy, no penalty")
plt.show()

# %% [markdown]
# Without a remedy the training curve goes to 0, the wrong labels included, while the validation
# curve stops falling after ten epochs and then slowly climbs. With a penalty or with dropout the training curve
# stays well above 0: the network *cannot* afford to learn everything by heart, and a training
# accuracy of 85 to 95 % is a good sign here, since 15 % of the labels are wrong. Early stopping cuts
# where the two curves part. With augmentation the training curve falls more slowly, since the
# images that it is measured on are never shown as they are.
#
# One run with one seed is an anecdote: with other seeds the order of the remedies changes, the gap
# to "no remedy" hardly does. The checks of `dropout_backward`, `l2_grad` and `l1_grad` train such a
# network with *your* function and ask for two things: that unseen digits are recognised about as
# well as with the course's own solution, and that the noisy training labels are **not** learnt by
# heart.
#
# And one difference between L2 and L1 that no accuracy shows: how many weights are left?

# %% tags=["experiment"]
fig, axis = plt.subplots(figsize=(8, 3), layout="constrained")
for name in ("no remedy", "L2, λ = 3", "L1, λ = 0.3"):
    W = np.concatenate([networks[name][key].ravel() for key in ("W1", "W2", "W3")])
    axis.hist(np.log10(np.abs(W) + 1e-8), bins=90, range=(-6, 0.5), histtype="step", label=name)
    print(f"{name:14} smaller than 0.01: {np.mean(np.abs(W) < 0.01):.0%}")
axis.set(xlabel="size of a weight, as a power of ten", ylabel="number", yscale="log")
axis.legend(loc="upper left")
plt.show()

# %% [markdown]
# ## Break it
#
# Two mistakes, each made on purpose. For each, say *before* you run the cell: which of the checks
# above would fire, which of them would stay content, and what will become of the accuracy?
#
# 1. Dropout without the division by $p$.
# 2. Early stopping that is asked about the *training* cost. (`EarlyStopper` itself is right.)

# %% tags=["experiment"]
inverted_dropout = dropout_forward


def dropout_without_division(A, keep_prob, rng, training):
    mask = (rng.random(A.shape) < keep_prob).astype(float) if training else np.ones_like(A)
    return A * mask, mask


A = 1 + 0.1 * np.random.default_rng(0).normal(size=(60, 120))
for name, forward in (("right", inverted_dropout), ("no division", dropout_without_division)):
    means = [forward(A, 0.3, np.random.default_rng(1), kind)[0].mean() for kind in (True, False)]
    dropout_forward = forward  # `train` calls it by this name
    params, _ = train(training, validation, np.random.default_rng(1), keep_prob=0.5)
    print(
        f"{name:12} mean activation in training {means[0]:.2f}, in use {means[1]:.2f}; "
        f"test accuracy {cost(params, *test)[1]:.3f}"
    )
dropout_forward = inverted_dropout


class AsksTraining(EarlyStopper):
    """Hands on a training cost, which the loop does not even offer: it measures one itself."""

    def update(self, value, weights):
        return super().update(cost(weights, *training)[0], weights)


for name, stopper in (("validation", EarlyStopper(5)), ("training", AsksTraining(5))):
    params, history = train(training, validation, np.random.default_rng(1), stopper=stopper)
    print(
        f"asks the {name:10} set: stopped after {len(history)} epochs, best was {stopper.best_epoch}; "
        f"test accuracy {cost(params, *test)[1]:.3f}"
    )

# %% [markdown]
# Without the division the activations in use are 3.3 times as large as those that the next layer
# was trained with. The check of the kept entries fires, and that of the expected value; the one that
# counts the kept fraction is content. The *accuracy* hardly moves: with relu and an argmax a common
# factor in front of everything makes little difference. It would with tanh, with probabilities
# that somebody relies on, or with a cost. So the checks measure activations, and no accuracy.
#
# The second mistake is worse: *no* check of a function can see it, since `EarlyStopper` gets a
# number and can't know where it comes from. The training cost falls for ever, so training never
# stops early, and the "best" weights are simply the last ones. The same holds for a validation set
# that is augmented, and for a test set that decides when to stop: the code runs, the numbers look
# fine, and they are worth nothing. Here only reading the loop helps. Do it whenever you get one.

# %% [markdown]
# ## Outlook: the same in Keras (not graded)
#
# Keras has all five. What differs is the bookkeeping, and it is worth measuring once: `rate` is
# $1 - $`keep_prob`; `keras.regularizers.L2(l2)` has neither the ½ nor the $\frac1m$, so
# `l2` $=\frac{\lambda}{2m}$ and `l1` $=\frac{\lambda}{m}$ (and it regularises a bias as well, if you ask for
# it with `bias_regularizer`); `EarlyStopping` gives back the *last* weights unless
# `restore_best_weights=True`; `RandomTranslation` fills with a reflection unless it is told
# `fill_mode="constant"`.

# %% tags=["experiment"]
import keras

ones = np.ones((4, 1000), dtype="float32")
for keep_prob in (0.8, 0.3):
    theirs = np.asarray(keras.layers.Dropout(1 - keep_prob, seed=1)(ones, training=True))
    ours, _ = dropout_forward(ones, keep_prob, np.random.default_rng(1), training=True)
    print(
        f"keep_prob {keep_prob}: values {np.unique(theirs.round(4))} and {np.unique(ours.round(4))}"
    )

W = np.random.default_rng(0).normal(size=(3, 4))
m, lam = 150, 3.0
params = {"W1": W, "b1": np.ones((3, 1))}
print("L2:", float(keras.regularizers.L2(lam / (2 * m))(W)), l2_penalty(params, lam, m))
print("L1:", float(keras.regularizers.L1(lam / m)(W)), l1_penalty(params, lam, m))

image = np.arange(1.0, 17).reshape(1, 4, 4, 1)
move = keras.layers.RandomTranslation(
    0.25, 0.25, fill_mode="constant", interpolation="nearest", seed=2
)
print(np.asarray(move(image, training=True))[0, :, :, 0])
print(random_shift(image, 1, np.random.default_rng(3))[0, :, :, 0])
