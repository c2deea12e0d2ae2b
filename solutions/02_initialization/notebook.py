# %% [markdown]
# # 02 · Initialisation of W (W初始化问题)
#
# Before the first update somebody has to say where the weights begin. It looks like a detail. It
# decides whether a deep network learns at all: ten layers that reach more than 90 % with one choice
# stay at the 10 % of blind guessing with another, whatever the optimiser does and however long you
# wait.
#
# Three things can go wrong, and each has a simple reason:
#
# | begin with | what happens |
# |---|---|
# | equal weights, zeros for example | all hidden units are copies of one unit, for ever |
# | weights that are a little too small | the signal fades from layer to layer (梯度消失) |
# | weights that are a little too large | it grows from layer to layer (梯度爆炸), or saturates |
#
# You will write four short functions:
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `init_params` | draws the parameters of a network, by one of four schemes |
# | 2 | `activation_stds` | measures how large the signal is in each layer |
# | 3 | `symmetry_report` | tells whether hidden units are copies of each other |
# | 4 | `keras_initializer` | the same schemes for Keras |
#
# About an hour and a half; 18 points. After each function a cell runs `check("…")`: it says what
# is right so far, and where a result differs, why. Run it as often as you like. Random results are
# judged by their *statistics*, never by the numbers drawn: normal, uniform and truncated normal
# numbers are all welcome if their standard deviation is right.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# Follow one number through one layer. A unit of layer $l$ adds up $n^{[l-1]}$ products:
#
# $$z = w_1 a_1 + w_2 a_2 + \dots + w_n a_n, \qquad n = n^{[l-1]}.$$
#
# If the weights are independent of each other and of the inputs, with mean 0 and variance
# $\mathrm{Var}(w)$, then $z$ has mean 0, and variances of independent terms add:
#
# $$\mathrm{Var}(z) = n\,\mathrm{Var}(w)\;\overline{a^2},$$
#
# where $\overline{a^2}$ is the mean square of the inputs. So every layer multiplies the mean square
# of the signal by $n\,\mathrm{Var}(w)$, and then the activation takes its share. Ten layers
# multiply ten times: a factor of 1.5 becomes 58, a factor of 0.5 becomes 0.001. The signal
# survives only where the factor is 1:
#
# - **tanh** does nothing to small numbers, $\tanh z\approx z$. So $n\,\mathrm{Var}(w) = 1$:
#   $\ \mathrm{Var}(w) = \dfrac1n$.
# - **relu** sets the negative half of a symmetric distribution to 0, so it halves the mean square:
#   $\overline{a^2} = \frac12\mathrm{Var}(z)$. The factor 2 makes up for it:
#   $\ \mathrm{Var}(w) = \dfrac2n$.
#
# *Backwards* the gradient passes through $W^T$, so there the number of **outputs** of the layer
# counts. Both wishes can't be met when $n^{[l-1]}\ne n^{[l]}$; taking their mean is a compromise:
# $\ \mathrm{Var}(w) = \dfrac{2}{n^{[l-1]}+n^{[l]}}$.
#
# > **Erratum.** The notes put it as "make $z$ about 1, so let $w_i = 1/n$"
# > (可以让wi=1/n). Not the weight but its **variance** is $1/n$: its size is
# > $\sqrt{1/n}$, and its sign is random. A weight that *is* $1/n$ everywhere makes every unit the
# > same plain average; you will see in section 3 what becomes of those.

# %% [markdown]
# ## 1. Four schemes (推荐的初始化)
#
# For layer $l$, with $n^{[l-1]}$ inputs and $n^{[l]}$ units:
#
# | `scheme` | $\mathrm{Var}(w)$ of $W^{[l]}$ | known as | made for |
# |---|---|---|---|
# | `"zeros"` | $0$ | | showing what goes wrong |
# | `"fan_in"` | $\dfrac{1}{n^{[l-1]}}$ | LeCun (1998); often called Xavier | tanh |
# | `"he"` | $\dfrac{2}{n^{[l-1]}}$ | He (2015); also Kaiming | relu |
# | `"glorot"` | $\dfrac{2}{n^{[l-1]}+n^{[l]}}$ | Glorot (2010); also Xavier | tanh, both directions |
#
# The mean of all weights is 0, and all biases begin at 0. The shapes are those of unit 01:
# $W^{[l]}$ is $(n^{[l]}, n^{[l-1]})$ and $b^{[l]}$ is $(n^{[l]}, 1)$.
#
# A draw with standard deviation $\sigma$ is a standard normal draw times $\sigma$, and
# $\sigma$ is the *root* of the variance. You may draw otherwise; then mind what its standard
# deviation is. A number that is uniform between $-c$ and $c$, for example, has variance $c^2/3$.
#
# > **Erratum.** The notes draw with `np.random.rand(shape) * np.sqrt(1 / n)`. Three things are
# > wrong with it.
# > 1. `rand` is uniform between 0 and 1: **never negative**, with mean ½. All units of a layer then
# >    point the same way, and 20 relu layers of 100 units blow the signal up to about $10^{12}$.
# >    What is meant is `randn`, standard normal.
# > 2. Both take the sizes one by one, `randn(3, 4)`, and don't accept a shape `(3, 4)`.
# > 3. Both draw from one hidden global generator. Here you get a generator `rng`
# >    (`numpy.random.Generator`) as an argument; all randomness comes from it, so that whoever
# >    calls can repeat a run. Its method `rng.normal(size=(3, 4))` takes a shape.
#
# > **Erratum.** The notes write $\sqrt{1/n^{[n-1]}}$; the index is the layer's: $n^{[l-1]}$, the
# > number of *inputs* of $W^{[l]}$ (its fan-in). Count columns of $W^{[l]}$, not rows.
#
# > **Erratum.** The notes recommend small values because "too large makes learning slow". It is
# > more than slow. Too large saturates tanh and sigmoid, whose slope then is nearly 0; with relu
# > the signal explodes. Too small is no better: the signal vanishes, and the gradient with it.
# > There is one right size, and it depends on $n$.


# %%
def init_params(
    layer_dims: list[int], scheme: str, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Draws the parameters of a network.

    Args:
        layer_dims: the sizes n0, n1, …, nL; n0 is the number of features.
        scheme: "zeros", "fan_in" (variance 1/n_in), "he" (2/n_in)
            or "glorot" (2/(n_in + n_out)), where n_in is the number of inputs of the layer
            and n_out the number of its units.
        rng: the only source of randomness. All draws are independent, with mean 0; their
            distribution is free.

    Returns:
        `W1, b1, …, WL, bL`: `Wl (n_l, n_{l-1})` and `bl (n_l, 1)`, floats; biases are 0.
    """
    ### BEGIN SOLUTION
    params = {}
    for layer in range(1, len(layer_dims)):
        n_in, n_out = layer_dims[layer - 1], layer_dims[layer]
        if scheme == "zeros":
            variance = 0.0
        elif scheme == "fan_in":
            variance = 1 / n_in
        elif scheme == "he":
            variance = 2 / n_in
        else:
            variance = 2 / (n_in + n_out)
        params[f"W{layer}"] = np.sqrt(variance) * rng.normal(size=(n_out, n_in))
        params[f"b{layer}"] = np.zeros((n_out, 1))
    return params
    ### END SOLUTION


# %% [markdown]
# ## 2. Watching the signal
#
# How large is the signal in layer $l$? Send some examples through the network and take the standard
# deviation of $A^{[l]}$, over all its units and all examples together. Every layer uses the same
# activation $g$, the last one too:
#
# $$A^{[0]} = X, \qquad A^{[l]} = g\!\left(W^{[l]}A^{[l-1]} + b^{[l]}\right), \qquad
# \mathrm{std}\,A^{[l]} = \sqrt{\overline{\left(A^{[l]} - \overline{A^{[l]}}\right)^2}}$$
#
# `np.std` is that formula. The parameters come from your `init_params`: call it once.


# %%
def activation_stds(
    layer_dims: list[int],
    scheme: str,
    g: str,
    X: np.ndarray,
    rng: np.random.Generator,
) -> list[float]:
    """Measures the spread of the activations in every layer of a fresh network.

    Args:
        layer_dims: the sizes n0, n1, …, nL.
        scheme: the scheme of `init_params`, which draws the parameters; it is called once,
            with this `rng`.
        g: the activation of every layer, "tanh", "relu" or "sigmoid".
        X: inputs, `(n0, m)`; unchanged afterwards.
        rng: for `init_params`.

    Returns:
        L numbers: the standard deviations (`np.std`) of `A1, …, AL`, each over all entries.
    """
    ### BEGIN SOLUTION
    params = init_params(layer_dims, scheme, rng)
    A = X
    stds = []
    for layer in range(1, len(layer_dims)):
        Z = params[f"W{layer}"] @ A + params[f"b{layer}"]
        if g == "tanh":
            A = np.tanh(Z)
        elif g == "relu":
            A = np.maximum(Z, 0)
        else:
            A = 1 / (1 + np.exp(-Z))
        stds.append(float(np.std(A)))
    return stds
    ### END SOLUTION


# %% [markdown]
# ### Experiment: twenty layers
#
# 20 layers of 100 units, 300 examples of standard normal numbers. Before you run the cell, take a
# pencil: the relu curve of `fan_in` lacks the factor 2 in every layer. By how much will the spread
# have shrunk after 20 layers?
#
# The cell also draws two starts that `init_params` does not offer: weights of size 0.01, which
# "small values" suggests, and the `rand` of the notes. To do so it puts another function in the
# place of your `init_params` for a moment.


# %% tags=["experiment"]
def small(layer_dims, scheme, rng):
    """Standard deviation 0.01 in every layer."""
    drawn = init_params_of_yours(layer_dims, "fan_in", rng)
    return {name: value * 0.01 * np.sqrt(value.shape[1]) for name, value in drawn.items()}


def notes_rand(layer_dims, scheme, rng):
    """Uniform between 0 and 1, times the root of 1/n: the notes' formula as it stands."""
    params = init_params_of_yours(layer_dims, "zeros", rng)
    for name, value in params.items():
        if name.startswith("W"):
            params[name] = rng.random(value.shape) * np.sqrt(1 / value.shape[1])
    return params


def spreads(layer_dims, g, X, seed=0):
    """The result of `activation_stds` for your schemes and for the two other starts."""
    global init_params
    found = {}
    try:
        for title, scheme, start in STARTS:
            init_params = start
            found[title] = activation_stds(layer_dims, scheme, g, X, np.random.default_rng(seed))
    finally:
        init_params = init_params_of_yours
    return found


init_params_of_yours = init_params
STARTS = [
    ("he, 2/n", "he", init_params_of_yours),
    ("fan_in, 1/n", "fan_in", init_params_of_yours),
    ("size 0.01", "", small),
    ("rand, as in the notes", "", notes_rand),
]
COLOURS = {"he, 2/n": "#1f5fa8", "fan_in, 1/n": "#3d7f38"}
COLOURS |= {"size 0.01": "#8a8a8a", "rand, as in the notes": "#b3401f"}

deep = [100] * 21
X = np.random.default_rng(1).normal(size=(100, 300))
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
for place, g in zip(axes, ("relu", "tanh", "sigmoid"), strict=True):
    for title, stds in spreads(deep, g, X).items():
        place.semilogy(range(1, 21), stds, ".-", color=COLOURS[title], label=title)
        print(f"{g:8} {title:22} spread in layer 20: {stds[-1]:.1e}")
    place.set(xlabel="layer", ylabel="standard deviation of A", title=g)
    place.set_xticks(range(0, 21, 5))
    place.grid(alpha=0.3)
axes[0].legend(fontsize="small")
plt.show()

# %% [markdown]
# With relu, only He's factor keeps the signal where it was; `fan_in` loses half of the *variance*
# in each layer, so $2^{-10}\approx 0.001$ of the spread is left after 20. With tanh it is the
# other way round: `fan_in` fades slowly, as $\tanh$ is a little flatter than a straight line, and
# `he` settles where the flattening cancels the factor 2.
#
# Look at `rand` in the middle: its spread is nearly 1, it looks healthier than all others. It is
# stuck. All weights are positive, so a unit sees mostly the sum of its inputs; soon $|z|$ is far
# above 1, and for each example either all units say 1 or all say -1. One number says less than
# the whole truth; the next experiment looks inside.
#
# The sigmoid on the right deceives in another way: all curves level off. But that spread lies
# *between units*, each of which says the same to every example. Its slope is at most ¼, so what
# tells examples apart shrinks at least as fast as with a factor of ¼ a layer: after 20 layers about
# $10^{-12}$ of it is left, from the best of these starts. That is one reason why deep networks
# don't use it inside.
#
# ### Experiment: a look inside
#
# The same as histograms, layer by layer, for tanh: where do the activations lie?


# %% tags=["experiment"]
def activations(params, X, layers):
    """The activations of a tanh network, layer by layer."""
    found = [X]
    for layer in range(1, layers + 1):
        found.append(np.tanh(params[f"W{layer}"] @ found[-1] + params[f"b{layer}"]))
    return found[1:]


shown = (1, 2, 4, 8, 12)
figure, axes = plt.subplots(
    len(STARTS), len(shown), figsize=(11, 6.4), layout="constrained", sharex=True
)
for row, (title, scheme, start) in zip(axes, STARTS, strict=True):
    inside = activations(start(deep, scheme, np.random.default_rng(0)), X, max(shown))
    for place, layer in zip(row, shown, strict=True):
        place.hist(inside[layer - 1].ravel(), bins=np.linspace(-1, 1, 42), color=COLOURS[title])
        place.set_yticks([])
        if title == STARTS[0][0]:
            place.set_title(f"layer {layer}")
    row[0].set_ylabel(title)
figure.suptitle("tanh activations of 300 examples")
plt.show()

# %% [markdown]
# A healthy histogram is broad and has room at both ends. `size 0.01` becomes a needle at 0 in the
# second layer: no signal. `rand` sits at the two ends, where the slope of tanh is 0: plenty of
# signal, no gradient. Both networks are dead, for opposite reasons.

# %% [markdown]
# ## 3. Symmetry
#
# Size is not all. Two hidden units with the same weights compute the same activation; with the
# same outgoing weights they receive the same gradient; after the update they are still the same.
# They are **one unit, paid for twice**. In the gradient it shows as *equal rows*: row $i$ of
# $\partial J/\partial W^{[1]}$ belongs to hidden unit $i$.
#
# ![Three equal units stay copies of one; three different ones can learn different things](figures/symmetry.svg)
#
# > **Erratum.** The notes say that $W$ may not be 0 because then $A^{[1]}=0$, hence
# > $\partial J/\partial W^{[2]}=0$, and nothing ever changes. That holds only where $g(0)=0$, that is
# > for tanh and relu. With the sigmoid $A^{[1]}=\frac12$, and $W^{[2]}$ does learn. The general
# > reason is the symmetry: $W^{[1]}$ begins to move, too, but **all its rows move alike**, so the
# > network never becomes more than one hidden unit.
#
# > **Erratum.** Not even with tanh "nothing changes": $\partial J/\partial b^{[2]}$ is not 0, so
# > the output's bias learns how frequent label 1 is. And biases break no symmetry by
# > themselves while they are equal; random biases would, but random weights do it better.
#
# Without a hidden layer (无隐藏层) zeros are fine, as the notes say: then $\partial J/\partial W$
# depends on $X$ directly, and there are no units that could be copies of each other.
#
# Here is the gradient of unit 01's network: hidden activation $g$, sigmoid output, cross-entropy.
# It is given, so that this unit stands on its own.


# %%
def gradients(params, X, Y, g):
    """The gradients `dW1, db1, dW2, db2` of a two-layer network, as in unit 01."""

    def sigmoid(Z):
        return 1 / (1 + np.exp(-Z))

    bend, slope = {
        "tanh": (np.tanh, lambda Z: 1 - np.tanh(Z) ** 2),
        "relu": (lambda Z: np.maximum(Z, 0), lambda Z: np.where(Z > 0, 1.0, 0.0)),
        "sigmoid": (sigmoid, lambda Z: sigmoid(Z) * (1 - sigmoid(Z))),
    }[g]
    m = X.shape[1]
    Z1 = params["W1"] @ X + params["b1"]
    A1 = bend(Z1)
    dZ2 = sigmoid(params["W2"] @ A1 + params["b2"]) - Y
    dZ1 = params["W2"].T @ dZ2 * slope(Z1)
    return {
        "dW1": dZ1 @ X.T / m,
        "db1": dZ1.sum(axis=1, keepdims=True) / m,
        "dW2": dZ2 @ A1.T / m,
        "db2": dZ2.sum(axis=1, keepdims=True) / m,
    }


# %% [markdown]
# `symmetry_report` asks two questions about $\partial J/\partial W^{[1]}$: are all its rows equal?
# And is it zero altogether? Computers round, so "equal" and "zero" mean: up to $10^{-12}$, as an
# absolute difference. (Beware of `np.allclose`: unless told otherwise, it calls everything below
# $10^{-8}$ zero, and a gradient of $10^{-9}$ is small, but it is there.)


# %%
def symmetry_report(
    params: dict[str, np.ndarray], X: np.ndarray, Y: np.ndarray, g: str
) -> dict[str, bool]:
    """Tells what the gradient of `W1` says about the hidden units.

    Args:
        params: `W1 (n1, n0)`, `b1 (n1, 1)`, `W2 (n2, n1)`, `b2 (n2, 1)`, with two hidden units
            or more; unchanged afterwards.
        X: inputs, `(n0, m)`.
        Y: labels, `(n2, m)`.
        g: activation of the hidden layer, "tanh", "relu" or "sigmoid".

    Returns:
        `rows_equal`: whether all rows of `dW1` are equal, up to 1e-12 in every entry.
        `dW1_zero`: whether every entry of `dW1` is 0, up to 1e-12.
    """
    ### BEGIN SOLUTION
    dW1 = gradients(params, X, Y, g)["dW1"]
    rows_equal = np.abs(dW1 - dW1[0]).max() <= 1e-12
    dW1_zero = np.abs(dW1).max() <= 1e-12
    return {"rows_equal": bool(rows_equal), "dW1_zero": bool(dW1_zero)}
    ### END SOLUTION


# %% [markdown]
# ### Experiment: fifty steps from four starts
#
# Eight hidden units, 50 steps of gradient descent. What will the report say at the start, and what
# after 50 steps? Guess before you run the cell: in which rows will something have changed?

# %% tags=["experiment"]
rng = np.random.default_rng(0)
points = rng.normal(size=(2, 200))
labels = (points[:1] * points[1:] > 0).astype(float)  # two opposite quadrants
shapes = {"W1": (8, 2), "b1": (8, 1), "W2": (1, 8), "b2": (1, 1)}

print(f"{'start':18} {'g':8} {'report at the start':38} report after 50 steps")
for title in ("zeros", "constant 1/n", "he"):
    for g in ("tanh", "relu", "sigmoid"):
        net = init_params([2, 8, 1], "he" if title == "he" else "zeros", rng)
        if title == "constant 1/n":
            net = {k: np.full(s, 1 / s[1]) if k[0] == "W" else net[k] for k, s in shapes.items()}
        before = symmetry_report(net, points, labels, g)
        for _ in range(50):
            slopes = gradients(net, points, labels, g)
            net = {name: net[name] - 0.5 * slopes["d" + name] for name in net}
        after = symmetry_report(net, points, labels, g)
        told = [", ".join(k for k, v in report.items() if v) or "-" for report in (before, after)]
        print(f"{title:18} {g:8} {told[0]:38} {told[1]}")

# %% [markdown]
# Zeros with tanh and relu: no gradient, now or later. Zeros with the sigmoid: none at the very
# start, since $W^{[2]}=0$ lets nothing through; then $W^{[2]}$ learns, $W^{[1]}$ follows, and all
# eight rows stay equal. Constants have a gradient from the start, and equal rows for ever. Only
# random numbers give eight units eight different jobs.

# %% [markdown]
# ## 4. The same in Keras
#
# All the schemes above are one class in Keras, `keras.initializers.VarianceScaling`:
#
# $$\mathrm{Var}(w) = \frac{\texttt{scale}}{n}, \qquad
# n = \begin{cases}
# n_{in} & \texttt{mode="fan\_in"} \\
# n_{out} & \texttt{mode="fan\_out"} \\
# \tfrac12(n_{in}+n_{out}) & \texttt{mode="fan\_avg"}
# \end{cases}$$
#
# Three things to know:
#
# - Keras stores the weights of a dense layer as $(n_{in}, n_{out})$, the transpose of the notes'
#   $W$; the initializer knows which axis is which, for convolutions as well.
# - `distribution` is free: `"truncated_normal"` (redrawn beyond two standard deviations, then
#   stretched so that the variance is right), `"untruncated_normal"` or `"uniform"`.
# - `seed` should stay what it is. With a fixed number, every layer of the same shape would begin
#   with the *same* weights.
#
# Which `scale` goes with `"fan_avg"` so that the variance is $2/(n_{in}+n_{out})$?


# %%
def keras_initializer(scheme: str) -> keras.initializers.VarianceScaling:
    """Returns a scheme as a Keras initializer.

    Args:
        scheme: "fan_in" (variance 1/n_in), "he" (2/n_in) or "glorot" (2/(n_in + n_out)).

    Returns:
        A `keras.initializers.VarianceScaling` (or one of its subclasses), without a seed of its
        own; its distribution is free.
    """
    ### BEGIN SOLUTION
    scale, mode = {
        "fan_in": (1.0, "fan_in"),
        "he": (2.0, "fan_in"),
        "glorot": (1.0, "fan_avg"),
    }[scheme]
    return keras.initializers.VarianceScaling(scale, mode, "truncated_normal")
    ### END SOLUTION


# %% [markdown]
# ## Experiment: ten layers that learn to read digits
#
# Now the proof. 2700 digits of 8 by 8 pixels, ten hidden relu layers of 64 units, softmax, eight
# epochs of gradient descent with momentum, in NumPy. Everything is the same in each run but the
# start. `init_params` is graded on this, too: its `he` has to learn.
#
# The pictures come from `digit_pictures`, which draws as many as you like: a digit in one of several
# ways to write it, bent, sheared and scaled by chance. Half of them are dark on bright, so that no
# pixel by itself speaks for a digit: logistic regression on the 64 pixels gets a fifth of them.
#
# Guess: which of the five starts get beyond 10 %?

# %% tags=["experiment"]
from autograder import digit_pictures


def train(params, X, labels, rng, rate=0.02, epochs=8, batch=64):
    """Trains a relu network with a softmax output; returns its parameters and losses.

    The learning rate falls from epoch to epoch.
    """
    depth, losses = len(params) // 2, []
    velocity = {name: 0 * value for name, value in params.items()}
    for epoch in range(epochs):
        lr, order = rate * (1 - epoch / epochs), rng.permutation(X.shape[1])
        for first in range(0, len(order), batch):
            chosen = order[first : first + batch]
            A = [X[:, chosen]]
            for layer in range(1, depth + 1):
                Z = params[f"W{layer}"] @ A[-1] + params[f"b{layer}"]
                A.append(np.maximum(Z, 0) if layer < depth else Z)
            E = np.exp(A[-1] - A[-1].max(axis=0))
            dZ = E / E.sum(axis=0)
            truth = labels[chosen], np.arange(len(chosen))
            losses.append(-np.mean(np.log(dZ[truth] + 1e-12)))
            dZ[truth] -= 1
            dZ /= len(chosen)
            for layer in range(depth, 0, -1):
                dW, db = dZ @ A[layer - 1].T, dZ.sum(axis=1, keepdims=True)
                dZ = params[f"W{layer}"].T @ dZ * (A[layer - 1] > 0)
                for name, slope in ((f"W{layer}", dW), (f"b{layer}", db)):
                    velocity[name] = 0.9 * velocity[name] - lr * slope
                    params[name] = params[name] + velocity[name]
    return params, losses


def predict(params, X):
    """The digit with the largest output, for every column of X."""
    depth = len(params) // 2
    for layer in range(1, depth + 1):
        Z = params[f"W{layer}"] @ X + params[f"b{layer}"]
        X = np.maximum(Z, 0) if layer < depth else Z
    return X.argmax(axis=0)


pictures, numbers = digit_pictures(
    np.random.default_rng(0), 3150, (8, 8), height=(7, 8), clutter=0, noise=0.05, inverted=0.5
)
pixels = (pictures.reshape(-1, 64).T / 16 - 0.5) / 0.42
mlp = [64] * 11 + [10]

figure, axes = plt.subplots(figsize=(10, 4), layout="constrained")
for title, scheme, start in [*STARTS, ("zeros", "zeros", init_params_of_yours)]:
    with np.errstate(all="ignore"):  # one of these overflows
        start_params = start(mlp, scheme, np.random.default_rng(1))
        net, losses = train(
            start_params, pixels[:, :2700], numbers[:2700], np.random.default_rng(2)
        )
        score = np.mean(predict(net, pixels[:, 2700:]) == numbers[2700:])
    smooth = np.convolve(np.minimum(losses, 4), np.ones(20) / 20, "valid")
    colour = COLOURS.get(title, "#c79a1e")
    axes.plot(smooth, color=colour, label=f"{title}: {score:.0%} of unseen digits are right")
axes.axhline(np.log(10), color="0.5", linewidth=0.8, linestyle=":")
axes.set(
    xlabel="update", ylabel="loss (average of 20)", title="Ten hidden relu layers", ylim=(0, 2.8)
)
axes.grid(alpha=0.3)
axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# The dotted line is $\log 10$, the loss of guessing. Zeros and `size 0.01` follow it to the end:
# nothing reaches the first layers, and nothing comes back. `rand` begins with a loss far above all
# others (cut off at 4 here); the first updates are so huge that they silence every relu unit, and
# then it rests at $\log 10$, too. `fan_in` learns, late and less: a factor of $\sqrt2$ in each of
# eleven layers is not fatal here, but it costs. With 20 layers it would be.
#
# ## Break it
#
# Two mistakes, made with your own draws. Both are *almost* right.
#
# - **A** takes the variance for the standard deviation: the root is forgotten.
# - **B** makes a new generator with the same seed for every layer, so that all layers (and all
#   calls) are cut from the same random numbers.
#
# Predict before you run the cell, and write it down:
#
# 1. Which of the two has the right standard deviation in every layer?
# 2. Which of the two learns to read digits?
# 3. Which of these checks of `init_params` fire for A, and which for B: the spread of He's scheme,
#    the independence of the layers, the ten layers that read digits?


# %% tags=["experiment"]
from itertools import pairwise


def variance_as_std(layer_dims, scheme, rng):
    drawn = init_params_of_yours(layer_dims, scheme, rng)
    return {
        name: value * np.sqrt(2 / value.shape[1]) if name.startswith("W") else value
        for name, value in drawn.items()
    }


def one_seed(layer_dims, scheme, rng):
    net = {}
    for number, pair in enumerate(pairwise(layer_dims), 1):
        drawn = init_params_of_yours(list(pair), scheme, np.random.default_rng(0))
        net |= {f"W{number}": drawn["W1"], f"b{number}": drawn["b1"]}
    return net


starts = {"yours": init_params_of_yours, "A: no root": variance_as_std, "B: one seed": one_seed}
print(f"{'':14} {'std of W1, W2 / right':24} {'correlation of W1, W2':24} digits right")
for title, start in starts.items():
    drawn = start([200, 150, 150], "he", np.random.default_rng(3))
    ratios = [np.std(drawn[f"W{layer}"]) / np.sqrt(2 / n) for layer, n in ((1, 200), (2, 150))]
    square = [
        start([150] * 3, "he", np.random.default_rng(3))[f"W{layer}"].ravel() for layer in (1, 2)
    ]
    alike = np.corrcoef(*square)[0, 1]
    start_params = start(mlp, "he", np.random.default_rng(1))
    net, _ = train(start_params, pixels[:, :2700], numbers[:2700], np.random.default_rng(2))
    score = np.mean(predict(net, pixels[:, 2700:]) == numbers[2700:])
    print(f"{title:14} {ratios[0]:8.3f} {ratios[1]:8.3f} {alike:18.3f} {score:22.0%}")

# %% [markdown]
# <details><summary><b>What happened</b> (open it after you have compared)</summary>
#
# - **A** is ten times too small with 200 inputs. It goes on guessing: the check of the spread fires,
#   and so does the one of the digits. The check of independence is content, as it should be:
#   the numbers are independent, only too small.
# - **B** has the right spread everywhere, and it *learns*, about as well as yours. Of the three only
#   the check of independence fires. B is still wrong: layers that are copies of one matrix are not
#   the random start that the derivation assumes, and who trains five networks "from different starts"
#   with B trains one network five times.
#
# So once more: training shows that the pieces fit together; only a look at the thing itself shows
# that it is right.
#
# </details>
#
# ## What you can explain now
#
# - Why is it the *variance* that is $1/n$, and why does relu need twice as much?
# - Why must the mean of the weights be 0?
# - Zeros with a sigmoid: what does learn, what does not, and what never will?
# - Which one of your four functions would notice that somebody fixed the seed of every layer?
# - The notes say: try the schemes and compare, as a hyperparameter (作为超参). After the figures
#   above: between which schemes is that worth the time, and for which is there nothing to try?
