# %% [markdown]
# # 05 · Batch normalisation (Batch Normalization, 批归一化)
#
# A deep network is a chain: what layer 7 gets to see is decided by layers 1 to 6, and all of them
# move at every update. Batch normalisation puts a ruler between the layers. It shifts and scales
# the values of every unit so that, over the examples of the minibatch, they have mean 0 and
# variance 1, and then lets the network choose another mean and scale if it wants to. Networks that
# have it train faster, bear learning rates and start values that would ruin others, and can be
# much deeper. You will meet it again in nearly every network of this course.
#
# | | you write | what it is for |
# |---|---|---|
# | 1 | `batchnorm_forward` | normalise, in training and afterwards |
# | 2 | `batchnorm_backward` | the gradients, through the statistics too |
# | 3 | `MyBatchNorm` | the same as a layer of Keras |
#
# About two and a half hours; 20 points. After each of them a cell runs `check("…")`: it says what
# is right so far, and where a result differs, why. Run it as often as you like. The experiments
# are for looking: they call your code and are not graded.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# Take one layer of a network, with $n$ units and a minibatch of $m$ examples. $Z$ has shape
# $(n, m)$: **every example is a column**, every unit a row, as in unit 01. Each row is normalised
# *by itself*, over the examples (每层的 $Z^{[l]}$ 都进行归一化):
#
# $$
# \begin{aligned}
# \mu &= \frac1m\sum_i z^{(i)} &
# \sigma^2 &= \frac1m\sum_i \left(z^{(i)}-\mu\right)^2 \\
# z_{norm}^{(i)} &= \frac{z^{(i)}-\mu}{\sqrt{\sigma^2+\epsilon}} &
# \tilde z^{(i)} &= \gamma\, z_{norm}^{(i)} + \beta
# \end{aligned}
# $$
#
# ![What is averaged: along the rows of (n, m); along the columns of (N, C); over examples, height
# and width of (N, H, W, C)](figures/axes.svg)
#
# $\mu$, $\sigma^2$, $\gamma$, $\beta$ have one entry for each unit: shape $(n, 1)$. $\gamma$ and
# $\beta$ are *parameters*: they are learned by gradient descent, like $W$ and $b$. $\mu$ and
# $\sigma^2$ are not; they are computed anew from each minibatch. $\epsilon$ keeps the root away
# from 0 for a unit that gives the same value for every example. It stands **under** the root, so
# the divisor is not exactly $\sigma$. (RMSprop in unit 03 has it outside.)
#
# Why does a layer that normalises also get the means to undo it? Because mean 0 and variance 1 are
# not always best: a sigmoid fed with them hardly leaves its straight middle. With
# $\gamma=\sqrt{\sigma^2+\epsilon}$ and $\beta=\mu$ the layer is the identity, so nothing that the
# network could express before is lost. What has changed is *who decides*: mean and scale of a unit
# no longer hang on all the weights before it, but on two numbers of its own.
#
# > **Erratum.** The notes give as the reason that the distribution of each layer "will not change
# > much" even if the data do (即使训练数据变化比较大，归一化后它的分布也不会变化很大). That was
# > the idea of the inventors (Ioffe and Szegedy, 2015: *internal covariate shift*), and it is
# > disputed. Santurkar et al. (2018) put noise behind BN that shifts the distributions at every
# > step on purpose; training was nearly as fast as with BN alone. They find instead that the cost
# > becomes *smoother*, so that a gradient stays valid over a longer step. That it works is beyond
# > dispute. (The slight regularising effect that the notes mention, 轻微的正则化效果, is put down
# > to the noise of the batch statistics.)
#
# > **Erratum.** The notes keep silent about $b$. In $z = Wx + b$, followed by BN, $b$ does nothing:
# > it moves $\mu$ by just as much, and the difference $z-\mu$ does not notice. Its gradient is 0.
# > $\beta$ does its job. So layers before BN are built without a bias
# > (`keras.layers.Dense(n, use_bias=False)`).
#
# ## And after training?
#
# > **Erratum.** The notes have no rule for prediction. But what are $\mu$ and $\sigma^2$ of *one*
# > picture that somebody wants to have recognised? With the formulas above, $z_{norm}$ of a single
# > example is always 0, and the prediction for a picture would hang on what else is in its batch.
#
# So training keeps a record: **running** averages of the batch statistics, updated with every
# training batch,
#
# $$
# \begin{aligned}
# \mu_{run} &\leftarrow \texttt{momentum}\cdot\mu_{run} + (1-\texttt{momentum})\,\mu \\
# \sigma^2_{run} &\leftarrow \texttt{momentum}\cdot\sigma^2_{run} + (1-\texttt{momentum})\,\sigma^2
# \end{aligned}
# $$
#
# and prediction uses $\mu_{run}$ and $\sigma^2_{run}$ in place of $\mu$ and $\sigma^2$, and leaves
# them as they are. Three conventions differ from place to place; graded are the first ones:
#
# | | here, and in Keras | elsewhere |
# |---|---|---|
# | `momentum` | weight of the **old** value (0.99 in Keras) | PyTorch: weight of the new one (0.1) |
# | $\sigma^2$ that is recorded | divided by $m$, as in training | paper, PyTorch: by $m-1$ |
# | what is averaged | the variance $\sigma^2$ | some code: its root, or $1/\sigma$ |

# %% [markdown]
# ## 1. Forwards
#
# `state` holds the two running averages. Your function is *pure*: it leaves its arguments alone and
# returns the new state, and the caller keeps it for the next batch.
#
# `cache` is for `batchnorm_backward`. Look at section 2 before you decide what to put into it.


# %%
def batchnorm_forward(
    Z: np.ndarray,
    gamma: np.ndarray,
    beta: np.ndarray,
    state: dict[str, np.ndarray],
    momentum: float,
    eps: float,
    training: bool,
) -> tuple[np.ndarray, dict, dict[str, np.ndarray]]:
    """Batch normalisation of one layer, every example a column.

    Args:
        Z: float64 (n, m).
        gamma: float64 (n, 1): the scale of each unit.
        beta: float64 (n, 1): the shift of each unit.
        state: `{"running_mean": (n, 1), "running_var": (n, 1)}`, float64.
        momentum: the share of the old running averages that is kept, from 0 up to, but not
            including, 1.
        eps: a small positive number, added to the variance.
        training: True: normalise with the mean and the variance (divided by m) of this batch, and
            update the running averages with them. False: normalise with the running averages;
            they stay as they are. m may be 1.

    Returns:
        `(Zt, cache, state)`.

        `Zt`: float64 (n, m).
        `cache`: whatever your `batchnorm_backward` needs; not used after a call with
            `training=False`. Its form is yours. A dict with the keys `Z`, `mu`, `var`, `z_norm`,
            `gamma`, `eps` has an advantage: if something in this function is wrong,
            `batchnorm_backward` can be judged with a right cache of that form.
        `state`: the new running averages, in the same form. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    if training:
        mu = Z.mean(axis=1, keepdims=True)
        var = Z.var(axis=1, keepdims=True)
        state = {
            "running_mean": momentum * state["running_mean"] + (1 - momentum) * mu,
            "running_var": momentum * state["running_var"] + (1 - momentum) * var,
        }
    else:
        mu, var = state["running_mean"], state["running_var"]
    z_norm = (Z - mu) / np.sqrt(var + eps)
    Zt = gamma * z_norm + beta
    cache = {"Z": Z, "mu": mu, "var": var, "z_norm": z_norm, "gamma": gamma, "eps": eps}
    return Zt, cache, state
    ### END SOLUTION


# %% [markdown]
# ## Experiment: what the deeper layers get to see
#
# Ten layers of 100 tanh units, random weights, 500 random examples; nothing is trained. The weights
# have the standard deviation $s/\sqrt{100}$. With $s=1$ that is the usual start for tanh; $s=0.5$
# and $s=3$ are a factor of two or three beside it. The lower row is the same network with your
# `batchnorm_forward` before each tanh.
#
# Before you run the cell: what becomes of the activations of layer 10 without BN, for $s=0.5$ and
# for $s=3$? And with BN, how far will the three curves lie apart?


# %% tags=["experiment"]
def activations_by_depth(s, normalise, layers=10, units=100, examples=500):
    """The activations of each layer of a random tanh network."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(units, examples))
    start = {"running_mean": np.zeros((units, 1)), "running_var": np.ones((units, 1))}
    scale, shift = np.ones((units, 1)), np.zeros((units, 1))
    seen = []
    for _ in range(layers):
        Z = s / np.sqrt(units) * rng.normal(size=(units, units)) @ A
        if normalise:
            Z = batchnorm_forward(Z, scale, shift, start, 0.9, 1e-5, True)[0]
        A = np.tanh(Z)
        seen.append(A)
    return seen


figure = plt.figure(figsize=(11, 5.4), layout="constrained")
grid = figure.add_gridspec(2, 4)
for row, (normalise, title) in enumerate([(False, "without BN"), (True, "with BN")]):
    spread = figure.add_subplot(grid[row, 3])
    for place, (s, colour) in enumerate([(0.5, "#1f5fa8"), (1.0, "#3d7f38"), (3.0, "#b3401f")]):
        seen = activations_by_depth(s, normalise)
        spread.semilogy(range(1, 11), [A.std() for A in seen], ".-", color=colour, label=f"s = {s}")
        axis = figure.add_subplot(grid[row, place])
        for layer, depth in [(0, 0.3), (4, 0.6), (9, 1.0)]:
            counts, edges = np.histogram(seen[layer], np.linspace(-1, 1, 61), density=True)
            axis.stairs(counts, edges, color=colour, alpha=depth, label=f"layer {layer + 1}")
        axis.set(title=f"{title}, s = {s}", xlabel="activation", ylim=(0, 6))
        axis.legend(fontsize="small")
    spread.set(title=f"{title}: their spread", xlabel="layer", ylim=(3e-4, 2))
    spread.legend(fontsize="small")
plt.show()

# %% [markdown]
# Without BN each layer multiplies the spread by nearly the same factor, and ten layers make a power
# of it: with $s=0.5$ the last layer's activations are 500 times smaller than the first one's, with
# $s=3$ almost all of them stick at $-1$ and $1$, where tanh has no slope left. Both ends starve the
# gradient. With BN all three networks look alike in every layer: the scale of $W$ has no effect any
# more, as the mean of $b$ had none. (Only through $\epsilon$ could the three differ at all.)
#
# ## 2. Backwards
#
# Given $d\tilde Z = \partial J/\partial\tilde Z$, the gradients of the two parameters are sums over
# the examples, since each of them acts on all examples alike:
#
# $$
# \frac{\partial J}{\partial\beta} = \sum_i d\tilde z^{(i)}, \qquad
# \frac{\partial J}{\partial\gamma} = \sum_i d\tilde z^{(i)}\, z_{norm}^{(i)} .
# $$
#
# (*Sums*, not means: $d\tilde Z$ is the gradient of the whole cost, so any $\frac1m$ is in it
# already.)
#
# $dZ$ is the interesting one. A change of $z^{(1)}$ reaches the cost on three ways: through its own
# $z_{norm}^{(1)}$; through $\mu$, and so through **all** examples; through $\sigma^2$, and so
# through all examples again. With $dz_{norm} = \gamma\,d\tilde z$ the chain rule gives
#
# $$
# \begin{aligned}
# \frac{\partial J}{\partial\sigma^2} &=
#   -\tfrac12\left(\sigma^2+\epsilon\right)^{-3/2}\sum_i dz_{norm}^{(i)}\left(z^{(i)}-\mu\right) \\
# \frac{\partial J}{\partial\mu} &=
#   -\left(\sigma^2+\epsilon\right)^{-1/2}\sum_i dz_{norm}^{(i)} \\
# \frac{\partial J}{\partial z^{(i)}} &= \frac{dz_{norm}^{(i)}}{\sqrt{\sigma^2+\epsilon}}
#   + \frac{\partial J}{\partial\sigma^2}\cdot\frac{2\left(z^{(i)}-\mu\right)}{m}
#   + \frac{\partial J}{\partial\mu}\cdot\frac1m
# \end{aligned}
# $$
#
# You may type these three lines as they stand. Or collect the terms on paper first; little is left:
#
# $$
# dZ = \frac{1}{\sqrt{\sigma^2+\epsilon}}\Bigl(dZ_{norm}
#   - \overline{dZ_{norm}} - Z_{norm} * \overline{dZ_{norm} * Z_{norm}}\Bigr),
# $$
#
# where the bar is the mean over the examples of each row. So the backward pass takes two things
# *out* of the gradient: its mean, and its part along $z_{norm}$. That must be so. Adding a constant
# to a row of $Z$ changes no output, so the gradient has nothing to say in that direction: **each
# row of $dZ$ sums to 0**. Scaling a row changes (up to $\epsilon$) no output either: **each row of
# $dZ$ is orthogonal to the row of $z_{norm}$**. Two tests that need no second implementation.


# %%
def batchnorm_backward(dZt: np.ndarray, cache: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The gradients of batch normalisation in training.

    Args:
        dZt: float64 (n, m): the gradient of the cost with respect to `Zt`.
        cache: what your `batchnorm_forward` returned with this `Zt`, called with `training=True`.

    Returns:
        `(dZ, dgamma, dbeta)`: the gradients with respect to `Z` (n, m), `gamma` (n, 1) and `beta`
        (n, 1), through the batch's mean and variance as well. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    z_norm = cache["z_norm"]
    dbeta = dZt.sum(axis=1, keepdims=True)
    dgamma = (dZt * z_norm).sum(axis=1, keepdims=True)
    dz_norm = cache["gamma"] * dZt
    by_mu = dz_norm.mean(axis=1, keepdims=True)
    by_var = z_norm * (dz_norm * z_norm).mean(axis=1, keepdims=True)
    dZ = (dz_norm - by_mu - by_var) / np.sqrt(cache["var"] + cache["eps"])
    return dZ, dgamma, dbeta
    ### END SOLUTION


# %% [markdown]
# ## 3. A layer of Keras
#
# Now the same as a `keras.layers.Layer`, which works in every model. Three things are new.
#
# **The layout flips.** In Keras every example is a *row*, and features are the *last* axis:
# $(N, C)$. Pictures are $(N, H, W, C)$, and there a "unit" is a whole channel: one mean and one
# variance for each of the $C$ channels, over all examples **and** all places, and one $\gamma$ and
# one $\beta$. In both cases: average over every axis but the last.
#
# **State lives in weights.** The running averages are called `moving_mean` and `moving_variance`
# here. They are weights, so that they are saved with the model; but not *trainable* ones, so that
# the optimiser keeps its hands off them. They are created in `build`, when the layer first learns
# the shape of its input, with `self.add_weight(...)`, and given a new value with
# `self.moving_mean.assign(...)`. (`self.moving_mean = …` would replace the weight by a number that
# nothing saves, and that a compiled training step forgets.)
#
# **`training`** says what the layer is being used for. `fit` calls it with `training=True`,
# `predict` with `training=False`; where nobody says anything it is `None`, and the layer predicts.
#
# You don't write a backward pass: whatever is computed with `keras.ops` has one. So no NumPy inside
# `call`, or the gradient ends there. `keras.layers.BatchNormalization` and
# `keras.ops.batch_normalization` are what you are building; using them doesn't count.


# %%
class MyBatchNorm(keras.layers.Layer):
    """Batch normalisation over every axis but the last.

    Args:
        momentum: the share of the old moving averages that one training batch leaves.
        epsilon: a small positive number, added to the variance.
        kwargs: what every layer takes: `name`, `dtype`, …

    Its weights, each of shape (C,), where C is the size of the last axis of its input:
        `gamma`: the scale, trainable, 1 at first.
        `beta`: the shift, trainable, 0 at first.
        `moving_mean`: not trainable, 0 at first.
        `moving_variance`: not trainable, 1 at first; averages variances that are divided by the
            number of values.
    """

    def __init__(self, momentum: float = 0.99, epsilon: float = 1e-3, **kwargs) -> None:
        super().__init__(**kwargs)
        self.momentum = momentum
        self.epsilon = epsilon

    def build(self, input_shape: tuple) -> None:
        """Creates the four weights.

        Args:
            input_shape: (N, C) or (N, H, W, C); N may be None.
        """
        ### BEGIN SOLUTION
        shape = (input_shape[-1],)
        self.gamma = self.add_weight(shape=shape, initializer="ones", name="gamma")
        self.beta = self.add_weight(shape=shape, initializer="zeros", name="beta")
        self.moving_mean = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape=shape, initializer="ones", trainable=False, name="moving_variance"
        )
        ### END SOLUTION

    def call(self, inputs, training: bool | None = None):
        """Normalises `inputs` and, in training, updates the moving averages.

        Args:
            inputs: a tensor (N, C) or (N, H, W, C).
            training: True: normalise with this batch's mean and variance. False or None: with the
                moving averages, which stay as they are.

        Returns:
            A tensor, the shape of `inputs`.
        """
        ### BEGIN SOLUTION
        mean, variance = self.moving_mean, self.moving_variance
        if training:
            axes = tuple(range(len(inputs.shape) - 1))
            mean, variance = ops.mean(inputs, axes), ops.var(inputs, axes)
            keep = self.momentum
            self.moving_mean.assign(keep * self.moving_mean + (1 - keep) * mean)
            self.moving_variance.assign(keep * self.moving_variance + (1 - keep) * variance)
        normalised = (inputs - mean) / ops.sqrt(variance + self.epsilon)
        return self.gamma * normalised + self.beta
        ### END SOLUTION


# %% [markdown]
# ## Experiment: digits, with and without
#
# 1797 small pictures of handwritten digits, 1347 to learn from, 450 unseen. The network has five
# hidden layers of 50 units. It is trained by plain SGD, from the same start, once without BN and
# once with your layer between each `Dense` and its activation; the first pair has sigmoids, the
# second relus. Half a minute.
#
# Predict: which of the four networks learns least? How many epochs does each relu network need
# for a cost below 0.5?

# %% tags=["experiment"]
from sklearn.datasets import load_digits

pictures, digits = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(digits))
pictures, digits = pictures[order].astype("float32") / 16, digits[order]
TRAIN, TEST = slice(0, 1347), slice(1347, None)


def digit_net(activation, normalise):
    """Five hidden layers; a layer before BN needs no bias."""
    keras.utils.set_random_seed(1)
    layers = [keras.Input((64,))]
    for _ in range(5):
        layers.append(keras.layers.Dense(50, use_bias=not normalise))
        if normalise:
            layers.append(MyBatchNorm(momentum=0.9))
        layers.append(keras.layers.Activation(activation))
    return keras.Sequential([*layers, keras.layers.Dense(10)])


def fitted(net, lr, epochs=12):
    """The history of a training: a list for each measure, one entry an epoch."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    net.compile(keras.optimizers.SGD(lr), loss, metrics=["accuracy"])
    return net.fit(
        pictures[TRAIN],
        digits[TRAIN],
        validation_data=(pictures[TEST], digits[TEST]),
        batch_size=64,
        epochs=epochs,
        verbose=0,
    ).history


figure, axes = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained", sharey=True)
nets = {}
for axis, (activation, lr) in zip(axes, [("sigmoid", 0.3), ("relu", 0.1)], strict=True):
    for normalise, colour in [(False, "#b3401f"), (True, "#1f5fa8")]:
        nets[activation, normalise] = digit_net(activation, normalise)
        history = fitted(nets[activation, normalise], lr)
        name = f"{'with' if normalise else 'without'} BN: {history['val_accuracy'][-1]:.1%} right"
        axis.semilogy(range(1, 13), history["loss"], ".-", color=colour, label=name)
    axis.axhline(np.log(10), color="#999999", linestyle=":", label="log 10: guessing")
    axis.set(title=f"{activation}, learning rate {lr}", xlabel="epoch", ylabel="training cost")
    axis.legend()
plt.show()

# %% [markdown]
# Five sigmoids in a row, each with a slope of $\frac14$ at most, let so little gradient through
# that the network without BN goes on guessing. With BN it learns. The relu network learns both
# ways, and with BN in less than half the epochs. Accuracies of single runs are for looking only:
# with another seed they move by some percent.
#
# ## Break it
#
# Two mistakes that are made all the time, put in on purpose:
#
# - **A** predicts with the statistics of the batch, as in training, instead of the moving averages.
#   The next cell asks the trained sigmoid network about the 450 unseen pictures in batches of
#   various sizes: rightly (`training=False`), and so.
# - **B** forgets in the backward pass that $\sigma^2$ depends on $Z$: the term along $z_{norm}$ is
#   missing. The cell spoils your `dZ` by putting that part back, and tries the three tests.
#
# **Predict first**, and write it down:
#
# 1. What accuracy has A with batches of 450? Of 16? Of 1?
# 2. B: do the rows of `dZ` still sum to 0? Are they orthogonal to $z_{norm}$? What does the
#    comparison with measured slopes say?
# 3. Which of the two mistakes would you notice by looking at the *training* curve?


# %% tags=["experiment"]
def accuracy_in_batches(net, size, training):
    """The share of the unseen pictures that `net` recognises, asked `size` at a time."""
    unseen, right = pictures[TEST], digits[TEST]
    answers = [
        ops.convert_to_numpy(net(unseen[i : i + size], training=training)).argmax(axis=1)
        for i in range(0, len(unseen), size)
    ]
    return np.mean(np.concatenate(answers) == right)


def backward_tests(spoil):
    """How far `dZ` is from passing each test, relative to its size."""
    rng = np.random.default_rng(4)
    Z, dZt = 2 + rng.normal(size=(2, 3, 6))
    scale, shift = rng.normal(size=(2, 3, 1))
    start = {"running_mean": np.zeros((3, 1)), "running_var": np.ones((3, 1))}

    def outputs(Z):
        return batchnorm_forward(Z, scale, shift, start, 0.9, 1e-12, True)

    normalised = (outputs(Z)[0] - shift) / scale
    dZ = batchnorm_backward(dZt, outputs(Z)[1])[0]
    if spoil:
        along = (scale * dZt * normalised).mean(axis=1, keepdims=True) * normalised
        dZ = dZ + along / Z.std(axis=1, keepdims=True)
    slopes = np.zeros_like(Z)
    for place in np.ndindex(Z.shape):
        step = np.zeros_like(Z)
        step[place] = 1e-5
        slopes[place] = np.sum(dZt * (outputs(Z + step)[0] - outputs(Z - step)[0])) / 2e-5
    return {
        "row sums": np.abs(dZ.sum(axis=1)).max() / np.abs(dZ).max(),
        "along z_norm": np.abs((dZ * normalised).sum(axis=1)).max() / np.abs(dZ).max(),
        "measured slopes": np.abs(dZ - slopes).max() / np.abs(slopes).max(),
    }


figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
saved = nets["sigmoid", True].get_weights()
sizes = [1, 2, 4, 16, 64, 450]
for training, colour, name in [(False, "#1f5fa8", "right"), (True, "#b3401f", "A")]:
    shares = [accuracy_in_batches(nets["sigmoid", True], size, training) for size in sizes]
    left.semilogx(sizes, shares, ".-", color=colour, label=name)
    nets["sigmoid", True].set_weights(saved)  # A has moved the moving averages, too
left.set(xlabel="pictures in a batch", ylabel="accuracy", ylim=(0, 1), title="A: predictions")
left.set_xticks(sizes, sizes)
left.legend(loc="lower right")
for place, (spoil, colour, name) in enumerate(
    [(False, "#1f5fa8", "yours"), (True, "#b3401f", "B")]
):
    gaps = backward_tests(spoil)
    right.bar(np.arange(3) + 0.4 * place - 0.2, gaps.values(), 0.35, color=colour, label=name)
right.set_yscale("log")
right.set_xticks(range(3), gaps.keys())
right.axhline(1e-6, color="#999999", linestyle=":")
right.set(ylabel="relative gap", title="B: three tests of dZ (wrong above the dotted line)")
right.legend()
plt.show()

# %% [markdown]
# <details><summary><b>What happened</b> (open it after you have compared)</summary>
#
# - **A** is as good as the right way with 450 pictures, whose statistics are those of the data, and
#   gets worse as batches shrink. A single picture *is* its own mean: every layer gives $\beta$,
#   every picture gets the same answer, and one in ten is right by luck. The training curve shows
#   nothing of it, and neither does a test with large batches. What finds it is one question: is the
#   prediction for one example the same alone and in a batch?
# - **B** passes the first test, for the mean is still taken out. It fails the second and the third.
#   Whoever trains with B follows a direction that is not the slope, and the cost may well go down
#   all the same. Again the training curve tells you little, and a comparison with measured slopes
#   tells you at once.
#
# </details>
#
# ## What you can explain now
#
# - Over which axis is the mean taken in $(n, m)$, in $(N, C)$, in $(N, H, W, C)$?
# - What are $\mu$ and $\sigma^2$ when the network is asked about one picture, and where do they
#   come from?
# - Why does a layer before BN need no bias?
# - Why does each row of $dZ$ sum to 0?
# - Why must a check of the backward pass not use $d\tilde Z = 1$ everywhere? (Compute $dZ$ for it.)
