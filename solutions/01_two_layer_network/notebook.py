# %% [markdown]
# # 01 · A two-layer network: forward and backward propagation (前向传播 / 反向传播)
#
# A network is a function with knobs. Numbers go in, a prediction comes out, and the knobs, the
# weights $W$ and biases $b$, decide which prediction. To *learn* is to turn the knobs so that a
# cost, one number that says how wrong the predictions are, goes down. With thousands of knobs
# nobody can try them one by one. Backpropagation finds, at about the price of one more prediction,
# how the cost would react to *every* knob at once. All the deep learning of this course rests on
# that.
#
# You will write seven short functions, and then train a network that draws a curved line between
# two crescents:
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `sigmoid` | squeezes any number into a probability |
# | 2 | `forward` | from inputs to predictions |
# | 3 | `cross_entropy` | from predictions to one cost |
# | 4 | `backward` | from the cost back to the slope of every parameter |
# | 5 | `gd_step` | one step downhill |
# | 6 | `numerical_gradient` | a slow, independent way to find the same slopes: your own judge |
# | 7 | `train_two_layer` | all of it, repeated |
#
# About three hours; 20 points. After each function a cell runs `check("…")`: it says what is right
# so far, and where a result differs, why. Run it as often as you like. The experiments are for
# looking: they call your functions and are not graded.

# %%
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## Notation
#
# ![A network with two inputs, four hidden units and one output](figures/network.svg)
#
# The letters are those of the course notes. **Every example is a column**: features run down,
# examples run to the right.
#
# | symbol | meaning | shape |
# |---|---|---|
# | $n^{[i]}$ | number of units in layer $i$ (节点数); $n^{[0]}$ is the number of features | |
# | $m$ | number of training examples (样本数) | |
# | $W^{[i]}$ | weights from layer $i-1$ to layer $i$ (权值) | $(n^{[i]},\ n^{[i-1]})$ |
# | $b^{[i]}$ | biases of layer $i$ (偏置) | $(n^{[i]},\ 1)$ |
# | $Z^{[i]}$ | values of layer $i$ before the activation | $(n^{[i]},\ m)$ |
# | $A^{[i]}$ | values of layer $i$ after the activation; $A^{[0]}=X$ | $(n^{[i]},\ m)$ |
# | $g^{[i]}$ | activation function of layer $i$ (激活函数) | |
# | $Y$ | labels, 0 or 1 | $(n^{[2]},\ m)$ |
#
# In code the layer follows the letter: $W^{[1]}$ is `W1`, $\partial J/\partial W^{[1]}$ is `dW1`.
# $\cdot$ is a matrix product (`@`), $*$ multiplies entry by entry (`*`). Writing the shapes beside
# a formula finds most mistakes before the computer does.
#
# Your functions shall be *pure*: they leave their arguments as they were, and use nothing but
# their arguments.

# %% [markdown]
# ## 1. Sigmoid
#
# $$\sigma(z) = \frac{1}{1+e^{-z}}$$
#
# maps the real line to $(0, 1)$, so its value can be read as a probability. It belongs to the
# output here: "how likely is label 1?"
#
# The formula has a trap. For $z=-1000$ the computer meets $e^{1000}$, which is far beyond the
# largest float ($\approx e^{709}$). An exponential of a *negative* number never overflows: it just
# becomes 0. And numerator and denominator may be multiplied by the same thing:
#
# $$\sigma(z) = \frac{1}{1+e^{-z}} = \frac{e^{z}}{1+e^{z}}$$
#
# Which of the two forms is safe for which $z$?


# %%
def sigmoid(Z: np.ndarray) -> np.ndarray:
    """Returns the sigmoid of every entry, without overflow for |Z| <= 1000.

    Args:
        Z: floats, any shape.

    Returns:
        Floats between 0 and 1, the shape of `Z`.
    """
    ### BEGIN SOLUTION
    E = np.exp(-np.abs(Z))  # at most 1
    return np.where(Z >= 0, 1, E) / (1 + E)
    ### END SOLUTION


# %% [markdown]
# ## 2. Forward propagation
#
# Each layer does two things: a linear map, then a bend.
#
# $$
# \begin{aligned}
# Z^{[1]} &= W^{[1]}X+b^{[1]} & A^{[1]} &= g^{[1]}(Z^{[1]}) \\
# Z^{[2]} &= W^{[2]}A^{[1]}+b^{[2]} & A^{[2]} &= g^{[2]}(Z^{[2]})
# \end{aligned}
# $$
#
# Without the bend $g^{[1]}$ two layers would collapse into one linear map. The hidden activation
# $g = g^{[1]}$ is one of
#
# $$\tanh(z), \qquad \mathrm{relu}(z)=\max(0,z), \qquad \sigma(z),$$
#
# and the output activation $g^{[2]}$ is always the sigmoid.
#
# $b^{[1]}$ has shape $(n^{[1]}, 1)$ and $W^{[1]}X$ has shape $(n^{[1]}, m)$. NumPy *broadcasts* the
# column over all $m$ examples: this is what the 1 in the shape of $b$ is good for.
#
# The backward pass will need what was computed on the way, so `forward` hands it over as a `cache`.


# %%
def forward(
    X: np.ndarray, params: dict[str, np.ndarray], g: str
) -> tuple[np.ndarray, dict[str, np.ndarray | str]]:
    """Runs the network on all examples at once.

    Args:
        X: inputs, `(n0, m)`.
        params: `W1 (n1, n0)`, `b1 (n1, 1)`, `W2 (n2, n1)`, `b2 (n2, 1)`.
        g: activation of the hidden layer, "tanh", "relu" or "sigmoid".
            The output activation is always the sigmoid.

    Returns:
        `(A2, cache)`: the predictions `A2 (n2, m)`, and the dict with
        `Z1 (n1, m)`, `A1 (n1, m)`, `Z2 (n2, m)`, `A2 (n2, m)` and `g` itself.
    """
    ### BEGIN SOLUTION
    Z1 = params["W1"] @ X + params["b1"]
    if g == "tanh":
        A1 = np.tanh(Z1)
    elif g == "relu":
        A1 = np.maximum(Z1, 0)
    else:
        A1 = sigmoid(Z1)
    Z2 = params["W2"] @ A1 + params["b2"]
    A2 = sigmoid(Z2)
    return A2, {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2, "g": g}
    ### END SOLUTION


# %% [markdown]
# ## 3. The cost
#
# For one example with label $y$ and prediction $a$ the **cross-entropy** (交叉熵损失) is
#
# $$\mathcal{L}(a, y) = -y\log a-(1-y)\log(1-a).$$
#
# It asks: how surprised is the network by the true label? Sure and right costs nothing; a coin
# toss costs $\log 2\approx 0.69$; sure and wrong costs without limit. The cost of the whole
# training set is the *mean* over the examples (and the sum over outputs, where there are several):
#
# $$
# J = \frac{1}{m}\sum_{i=1}^{m}\ \sum_{k=1}^{n^{[2]}}
# \mathcal{L}\!\left(a^{[2](i)}_k,\ y^{(i)}_k\right)
# $$
#
# > **Erratum.** The notes write $-Y\log A^{[2]}-(1-Y)\log(1-A^{[2]})$ for the cost, without $\sum$
# > and $\frac1m$; yet a $\frac1m$ appears later in $\partial J/\partial W$. Both come from the
# > definition above: $J$ is one number, the mean. A mean also has a practical use: its size, and
# > with it a good learning rate, doesn't depend on how many examples you happen to have.
#
# $\log 0$ is minus infinity, and $0\cdot\log 0$ is not a number. So predictions are kept away from
# 0 and 1 by $10^{-12}$ (*clipped* to $[10^{-12},\ 1-10^{-12}]$) before the logarithm.


# %%
def cross_entropy(A2: np.ndarray, Y: np.ndarray) -> float:
    """Returns the cost: the mean over examples of the sum over outputs.

    Args:
        A2: predictions, `(n2, m)`, in [0, 1]; clipped by 1e-12 before the logarithm.
        Y: labels 0 or 1, `(n2, m)`.

    Returns:
        One number.
    """
    ### BEGIN SOLUTION
    A2 = np.clip(A2, 1e-12, 1 - 1e-12)
    loss = -Y * np.log(A2) - (1 - Y) * np.log(1 - A2)
    return float(loss.sum() / Y.shape[1])
    ### END SOLUTION


# %% [markdown]
# ## 4. Backward propagation
#
# Now the other way. We know how $J$ depends on $A^{[2]}$; we want to know how it depends on every
# parameter. The chain rule walks back through the network, one link at a time, and at each link
# re-uses all that is already known.
#
# **Start at the output.** For one example, with $a=\sigma(z)$ and $\sigma'(z)=a(1-a)$:
#
# $$
# \frac{\partial\mathcal{L}}{\partial z}
# = \frac{\partial\mathcal{L}}{\partial a}\,\sigma'(z)
# = \left(-\frac{y}{a}+\frac{1-y}{1-a}\right)a(1-a) = a-y .
# $$
#
# The fractions cancel: the slope is simply *how far the prediction is off*. Write $dZ^{[2]}$ for
# the matrix of these slopes, one column an example.
#
# **Then through the layers.** A weight is used by every example, so its slope is an average over
# examples. That is the one place where $\frac1m$ enters:
#
# $$
# \begin{aligned}
# dZ^{[2]} &= A^{[2]}-Y \\
# dW^{[2]} &= \tfrac1m\; dZ^{[2]}\cdot A^{[1]T} \\
# db^{[2]} &= \tfrac1m \textstyle\sum_{i=1}^{m} dZ^{[2](i)} \\
# dA^{[1]} &= W^{[2]T}\cdot dZ^{[2]} \\
# dZ^{[1]} &= dA^{[1]} * g^{[1]\prime}(Z^{[1]}) \\
# dW^{[1]} &= \tfrac1m\; dZ^{[1]}\cdot X^{T} \\
# db^{[1]} &= \tfrac1m \textstyle\sum_{i=1}^{m} dZ^{[1](i)}
# \end{aligned}
# $$
#
# with the slopes of the three activations
#
# $$
# \tanh'(z)=1-\tanh^2(z), \qquad
# \mathrm{relu}'(z)=\begin{cases}1 & z>0\\ 0 & z\le 0\end{cases}, \qquad
# \sigma'(z)=\sigma(z)\,(1-\sigma(z)).
# $$
#
# (At $z=0$ relu has no slope; 0 is the custom.) Two of these are cheap to get from the cache: the
# activation has been computed already.
#
# > **Erratum.** Four things differ from the notes' formulas.
# > 1. **The bias needs its $\frac1m$.** The notes have
# >    $\partial J/\partial b = dZ\mathrm{.sum(axis=1)}$, with $\frac1m$ at $\partial J/\partial W$
# >    only. Both are slopes of the same mean. Without it the bias takes steps $m$ times too long
# >    (you will watch that at the end).
# > 2. **Keep the column.** A plain `.sum(axis=1)` gives shape `(n,)`, but the notation list says
# >    that $b$ is $(n, 1)$. An `(n,)` array broadcasts as a *row*, often without an error.
# > 3. **What $dZ$ means.** With $J$ a mean, $\partial J/\partial Z$ would contain $\frac1m$,
# >    too. Here, as in the notes, $dZ$ and $dA$ are slopes of each example's *own* loss
# >    $\mathcal L$, and $\frac1m$ enters once, where examples are put together: at $dW$ and $db$.
# > 4. **$A^{[2]}-Y$ is not "the case of a sigmoid".** It is the case of a sigmoid *with*
# >    cross-entropy (softmax with cross-entropy works out the same). With another cost the factor
# >    $\sigma'$ does not cancel.
#
# A check of shapes to keep at hand: a gradient has the shape of its parameter.


# %%
def backward(
    X: np.ndarray,
    Y: np.ndarray,
    params: dict[str, np.ndarray],
    cache: dict[str, np.ndarray | str],
) -> dict[str, np.ndarray]:
    """Returns the gradient of the cost with respect to every parameter.

    Args:
        X: inputs, `(n0, m)`.
        Y: labels, `(n2, m)`.
        params: `W1 (n1, n0)`, `b1 (n1, 1)`, `W2 (n2, n1)`, `b2 (n2, 1)`.
        cache: what `forward` returned for these inputs and parameters;
            its `g` says which activation the hidden layer has.

    Returns:
        `dW1`, `db1`, `dW2`, `db2`, each of its parameter's shape.
    """
    ### BEGIN SOLUTION
    m = X.shape[1]
    Z1, A1 = cache["Z1"], cache["A1"]
    if cache["g"] == "tanh":
        slope = 1 - A1**2
    elif cache["g"] == "relu":
        slope = np.where(Z1 > 0, 1.0, 0.0)
    else:
        slope = A1 * (1 - A1)
    dZ2 = cache["A2"] - Y
    dW2 = dZ2 @ A1.T / m
    db2 = dZ2.sum(axis=1, keepdims=True) / m
    dA1 = params["W2"].T @ dZ2
    dZ1 = dA1 * slope
    dW1 = dZ1 @ X.T / m
    db1 = dZ1.sum(axis=1, keepdims=True) / m
    return {"dW1": dW1, "db1": db1, "dW2": dW2, "db2": db2}
    ### END SOLUTION


# %% [markdown]
# ## 5. Gradient descent
#
# The gradient points uphill; so walk the other way. With the learning rate $\alpha$ (`lr`), for
# each of the four parameters:
#
# $$W = W-\alpha\,dW, \qquad b = b-\alpha\,db$$
#
# `W -= ...` would write into the caller's array. Return *new* arrays in a *new* dict instead: then
# the old parameters can still be kept, compared or plotted.


# %%
def gd_step(
    params: dict[str, np.ndarray], grads: dict[str, np.ndarray], lr: float
) -> dict[str, np.ndarray]:
    """Returns the parameters after one step of gradient descent.

    Args:
        params: `W1`, `b1`, `W2`, `b2`; unchanged afterwards.
        grads: `dW1`, `db1`, `dW2`, `db2`, of the same shapes.
        lr: the learning rate.

    Returns:
        A new dict `W1`, `b1`, `W2`, `b2` with new arrays.
    """
    ### BEGIN SOLUTION
    return {name: params[name] - lr * grads["d" + name] for name in params}
    ### END SOLUTION


# %% [markdown]
# ## 6. How do you know that it is right?
#
# A wrong gradient rarely crashes. It trains a little worse, or just as well, and nobody notices.
# But a slope can also be *measured*: move one number a little and look what the function does
# (梯度检验, gradient check):
#
# $$
# \frac{\partial f}{\partial x_k}\approx\frac{f(x+h\,e_k)-f(x-h\,e_k)}{2h},
# $$
#
# where $e_k$ is 1 at place $k$ and 0 elsewhere. Stepping to both sides, the *central* difference,
# makes the error shrink with $h^2$ instead of $h$. It takes two evaluations of $f$ for every
# single entry, far too slow to train with. As a judge it is perfect: it knows no calculus, so it
# can't make your mistake a second time.


# %%
def numerical_gradient(
    f: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-5
) -> np.ndarray:
    """Measures the gradient of `f` at `x` by central differences, entry by entry.

    Args:
        f: maps an array of the shape of `x` to one number.
        x: floats, any shape; unchanged afterwards.
        h: the step to either side.

    Returns:
        The gradient, the shape of `x`.
    """
    ### BEGIN SOLUTION
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = h
        gradient[index] = (f(x + step) - f(x - step)) / (2 * h)
    return gradient
    ### END SOLUTION


# %% [markdown]
# ### Experiment: how small should $h$ be?
#
# Smaller must be better, one might think. Guess the shape of the curve before you run the cell: how
# far are the measured slopes of $W^{[1]}$ from those of your `backward`, for $h$ from $10^{-1}$
# down to $10^{-12}$?


# %% tags=["experiment"]
def gap_by_step(steps):
    """Distance of measured and computed `dW1`, relative to the largest entry, for each step."""
    rng = np.random.default_rng(1)
    inputs, labels = rng.normal(size=(3, 6)), np.array([[0.0, 1, 1, 0, 1, 0]])
    shapes = {"W1": (4, 3), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}
    net = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    computed = backward(inputs, labels, net, forward(inputs, net, "tanh")[1])["dW1"]

    def cost(W1):
        return cross_entropy(forward(inputs, {**net, "W1": W1}, "tanh")[0], labels)

    measured = [numerical_gradient(cost, net["W1"], h) for h in steps]
    return [np.abs(each - computed).max() / np.abs(computed).max() for each in measured]


steps = 10.0 ** np.arange(-12, 0)
figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
axes.loglog(steps, gap_by_step(steps), "o-", color="#1f5fa8")
axes.axvline(1e-5, color="#999999", linestyle=":", label="h = 1e-5, the default")
axes.set(xlabel="step h", ylabel="relative gap", title="Measured against computed slopes")
axes.grid(alpha=0.3)
axes.legend()
plt.show()

# %% [markdown]
# On the right the formula is the limit: the error falls with $h^2$, two decades for each decade. On
# the left the *computer* is: $f(x+h)$ and $f(x-h)$ agree in ever more digits, their difference
# keeps ever fewer, and dividing by a small $2h$ blows up what rounding left. Near $10^{-5}$ the two
# meet, around $10^{-10}$. So for float64: take $h=10^{-5}$, and be suspicious of a relative gap
# above $10^{-6}$. A wrong formula gives $10^{-2}$ or more; there is no need to squint.
#
# Is your curve flat and high? Then `backward` and `cross_entropy` don't belong together, and the
# check cells say where.

# %% [markdown]
# ## 7. Training
#
# Forward, cost, backward, step; again. The start values are yours to choose, with one condition:
# they must be drawn from `rng` and differ from unit to unit. If all hidden units begin alike they
# receive the same gradient and stay alike for ever. (Good start values are the topic of unit 02.
# For this small network normal numbers of size about 1, or smaller, will do; biases may begin
# at 0.)
#
# Record each loss *before* the update that follows it, so that `losses[0]` is the cost of the
# untrained network.


# %%
def train_two_layer(
    X: np.ndarray, Y: np.ndarray, n1: int, lr: float, steps: int, rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], list[float]]:
    """Trains a network with a tanh hidden layer by gradient descent on all examples.

    Args:
        X: inputs, `(n0, m)`.
        Y: labels, `(n2, m)`.
        n1: number of hidden units.
        lr: the learning rate.
        steps: number of updates.
        rng: the only source of randomness; draws the start values, which are free.

    Returns:
        `(params, losses)`: the parameters after the last update, and the list of the `steps`
        costs, each taken before its update.
    """
    ### BEGIN SOLUTION
    n0, n2 = X.shape[0], Y.shape[0]
    params = {
        "W1": rng.normal(size=(n1, n0)) / np.sqrt(n0),
        "b1": np.zeros((n1, 1)),
        "W2": rng.normal(size=(n2, n1)) / np.sqrt(n1),
        "b2": np.zeros((n2, 1)),
    }
    losses = []
    for _ in range(steps):
        A2, cache = forward(X, params, "tanh")
        losses.append(cross_entropy(A2, Y))
        params = gd_step(params, backward(X, Y, params, cache), lr)
    return params, losses
    ### END SOLUTION


# %% [markdown]
# ### Experiment: two crescents
#
# The *moons*: two half circles that interlock, blurred by noise, so that no straight line separates
# them. And no line at all does so perfectly: where the noise mixes the colours even the best
# classifier errs. That is why the goal is not 100 %.


# %%
def moons(m: int, noise: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draws two interlocking half circles: points `(2, m)` and labels `(1, m)`."""
    angle = rng.uniform(0, np.pi, m)
    label = rng.permutation(np.arange(m) % 2)
    x = np.where(label == 0, np.cos(angle), 1 - np.cos(angle))
    y = np.where(label == 0, np.sin(angle), 0.5 - np.sin(angle))
    return np.stack([x, y]) + noise * rng.normal(size=(2, m)), label[None, :].astype(float)


# %% tags=["experiment"]
def accuracy(net, points, labels):
    """Share of the points that get their label."""
    return np.mean((forward(points, net, "tanh")[0] > 0.5) == labels)


def plot_boundary(axes, net, points, labels):
    """Colours the plane by what the network predicts there."""
    x, y = np.meshgrid(np.linspace(-1.8, 2.8, 240), np.linspace(-1.4, 1.9, 200))
    grid = np.stack([x.ravel(), y.ravel()])
    belief = forward(grid, net, "tanh")[0].reshape(x.shape)
    axes.contourf(x, y, belief, np.linspace(0, 1, 11), cmap="RdBu_r", alpha=0.55)
    axes.contour(x, y, belief, [0.5], colors="black", linewidths=1.5)
    axes.scatter(*points, c=labels[0], cmap="RdBu_r", edgecolors="white", linewidths=0.5, s=18)
    axes.set(xlabel="$x_1$", ylabel="$x_2$")


train_points, train_labels = moons(600, 0.2, np.random.default_rng(0))
test_points, test_labels = moons(2000, 0.2, np.random.default_rng(1))
net, history = train_two_layer(train_points, train_labels, 8, 3.0, 2500, np.random.default_rng(2))

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
plot_boundary(left, net, train_points, train_labels)
left.set_title(f"{accuracy(net, test_points, test_labels):.1%} of 2000 new points are right")
right.semilogy(history, color="#1f5fa8")
right.axhline(np.log(2), color="#999999", linestyle=":", label="log 2, a coin toss")
right.set(xlabel="step", ylabel="cost", title="Learning curve")
right.grid(alpha=0.3)
right.legend()
plt.show()

# %% [markdown]
# The black curve is where the network is undecided. Look at the cost: it falls at once, as far as a
# straight line can take it, and then again when the hidden units have found the bend. If there are
# spikes, a step has overshot: a learning rate of 3 is near the limit of what this task bears. It
# comes down again because the gradient goes on pointing downhill. Things to try:
#
# - `n1=1`, `2`, `4`, `32`. What is the smallest number that bends the line as needed?
# - a learning rate of `0.1`, `1`, `30`. What do the curves look like when it is too large?
# - other seeds. How much does the accuracy on new points move by luck alone?

# %% [markdown]
# ## Break it
#
# The best way to understand a check is to make it fire. The next cell trains your network three
# times from the same start: once as it is, and twice with your gradients spoiled on their way out
# of `backward`:
#
# - **A** multiplies `db1` and `db2` by $m$: this is the notes' formula, without $\frac1m$.
# - **B** gives every hidden unit the same `db1`: the *sum* over all units, as if `sum` had been
#   called without an axis.
#
# **Predict first**, and write it down:
#
# 1. Which of the two still reaches a good accuracy?
# 2. Which bars of the gradient check (`dW1`, `db1`, `dW2`, `db2`) rise for A, and which for B?
# 3. A law that `backward` is checked by says: writing every example twice changes no gradient.
#    Does A obey it? Does B?


# %% tags=["experiment"]
def as_it_is(grads, m):
    return grads


def bias_times_m(grads, m):
    return {**grads, "db1": grads["db1"] * m, "db2": grads["db2"] * m}


def one_bias_slope(grads, m):
    return {**grads, "db1": np.full_like(grads["db1"], grads["db1"].sum())}


def train_spoiled(spoil, points, labels, **settings):
    """Trains with `backward` replaced by a spoiled one, then puts yours back."""
    global backward
    yours = backward

    def spoiled(X, Y, params, cache):
        return spoil(yours(X, Y, params, cache), X.shape[1])

    backward = spoiled
    try:
        return train_two_layer(points, labels, **settings, rng=np.random.default_rng(2))
    finally:
        backward = yours


def gradient_check(spoil, points, labels):
    """Relative gap of spoiled and measured slopes, for each parameter of a fresh network."""
    rng = np.random.default_rng(3)
    shapes = {"W1": (4, 2), "b1": (4, 1), "W2": (1, 4), "b2": (1, 1)}
    net = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    grads = backward(points, labels, net, forward(points, net, "tanh")[1])
    grads = spoil(grads, points.shape[1])
    gaps = {}
    for name in net:

        def cost(value, name=name):
            return cross_entropy(forward(points, {**net, name: value}, "tanh")[0], labels)

        measured = numerical_gradient(cost, net[name])
        gaps["d" + name] = np.abs(grads["d" + name] - measured).max() / np.abs(measured).max()
    return gaps


programs = {
    "yours": (as_it_is, "#1f5fa8"),
    "A: db times m": (bias_times_m, "#b3401f"),
    "B: one db for all units": (one_bias_slope, "#3d7f38"),
}
points, labels = moons(600, 0.2, np.random.default_rng(0))
new_points, new_labels = moons(2000, 0.2, np.random.default_rng(1))

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
for place, (title, (spoil, colour)) in enumerate(programs.items()):
    net, history = train_spoiled(spoil, points, labels, n1=8, lr=3.0, steps=2500)
    right_share = np.mean((forward(new_points, net, "tanh")[0] > 0.5) == new_labels)
    left.semilogy(history, color=colour, label=f"{title}: {right_share:.1%} right")
    gaps = gradient_check(spoil, points[:, :7], labels[:, :7])
    where = np.arange(len(gaps)) + 0.27 * (place - 1)
    right.bar(where, list(gaps.values()), 0.25, bottom=1e-12, color=colour, label=title)
left.set(xlabel="step", ylabel="cost", title="Training", ylim=(0.05, 300))
left.grid(alpha=0.3)
left.legend()
right.axhline(1e-6, color="#999999", linestyle=":")
right.set_yscale("log")
right.set_xticks(range(len(gaps)), gaps.keys())
right.set(ylabel="relative gap", title="Gradient check (suspicious above the dotted line)")
right.legend(fontsize="small")
plt.show()

# %% [markdown]
# <details><summary><b>What happened</b> (open it after you have compared)</summary>
#
# - **A** is thrown about: its biases leap 600 times too far, tanh saturates, and the accuracy ends
#   near that of a coin. Training itself gives the mistake away here; with 7 examples, or a small
#   learning rate, it might not. The gradient check (on 7 examples) shows `db1` and `db2` off by
#   $m-1$ times their own size, while `dW1` and `dW2` are perfect. A breaks the law, too: with twice
#   the examples its bias gradients double, and those of a mean may not.
# - **B** ends as well as yours, on a rougher road. **No accuracy threshold will ever find it.** The
#   gradient check needs a fraction of a second: `db1`, and only `db1`, is wrong. B obeys the law:
#   a sum over *units* doesn't care how often an example occurs. What catches B is the comparison
#   with the slope of the cost.
#
# So: *training shows that the pieces fit together; only gradients show that they are right.*
# That is why `backward` carries the most points in this unit, and why you will meet the gradient
# check again in almost every unit to come.
#
# </details>
#
# ## What you can explain now
#
# - Why does $\frac1m$ stand at $dW$ and $db$, and not at $dZ$?
# - Where does $A^{[2]}-Y$ come from, and for which pair of activation and cost does it hold?
# - Why can a network with a wrong bias gradient still reach a good accuracy?
# - Why is $h=10^{-12}$ a worse step than $h=10^{-5}$?
