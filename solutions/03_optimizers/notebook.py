# %% [markdown]
# # 03 · Optimisers: momentum, RMSprop, Adam (梯度下降优化)
#
# Gradient descent has one knob, the learning rate $\alpha$, for every parameter and for every
# update. This unit builds the three methods that made training deep networks practical. Each is
# two or three lines of NumPy, and each adds one idea to the one before:
#
# | you write | idea |
# |---|---|
# | `momentum_step` | move along the *average* of recent gradients |
# | `rmsprop_step` | divide each parameter's step by the *typical size* of its own gradient |
# | `bias_correct` | repair an average that started from zero |
# | `adam_step` | all three together |
# | `minimise` | the loop that drives any of them |
#
# About two hours; 20 points. After each function a cell runs `check("…")`: it says what is right
# so far, and where a result differs, why. Run it as often as you like.

# %%
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# Take the plainest cost that is hard for gradient descent: a bowl that is 50 times as steep in one
# direction as in the other,
#
# $$J(w) = \tfrac12\left(w_1^2 + 50\,w_2^2\right), \qquad dW = (w_1,\; 50\,w_2).$$
#
# Each update multiplies $w_1$ by $1-\alpha$ and $w_2$ by $1-50\alpha$. The second factor must stay
# between $-1$ and $1$, so $\alpha$ must stay below $0.04$; and then the first factor is at least
# $0.96$, so that $w_1$ creeps. One learning rate cannot suit both.
#
# ![In a narrow valley w2 jumps from side to side while w1 creeps](figures/zigzag.svg)
#
# Look at the two curves on the right; they contain both remedies.
#
# - In the steep direction the gradient *changes sign* at every update, in the flat one it always
#   points the same way. An average over recent updates cancels the first and keeps the second:
#   **momentum**.
# - In the steep direction the gradient is *large*, in the flat one it is small. Dividing each by
#   its own typical size makes both steps alike: **RMSprop**.
#
# **Adam** does both. It divides one average by the root of another, so the two must be right from
# the first update on; that is what bias correction is for.
#
# Real networks are not quadratic bowls, but near a minimum every smooth cost looks like one, and
# ratios of steepness far above 50 are common.
#
# **Conventions.** Every function works element by element, on arrays of any shape and on plain
# numbers alike. Each one returns *new* values and leaves its arguments as they were: the caller
# hands in the old state and gets back the new one.

# %% [markdown]
# ## 1. Momentum
#
# A ball that rolls downhill keeps some of its speed. Start with $v_{dW} = 0$, then at each update
#
# $$
# \begin{aligned}
# v_{dW} &= \beta_1 v_{dW} + (1-\beta_1)\, dW \\
# W &= W - \alpha\, v_{dW}
# \end{aligned}
# $$
#
# $v_{dW}$ is an *exponentially weighted average* of the gradients seen so far: the newest has
# weight $1-\beta_1$, the one before it $\beta_1(1-\beta_1)$, then $\beta_1^2(1-\beta_1)$ and so on.
# With $\beta_1 = 0.9$, the usual choice, it looks back over about $1/(1-\beta_1) = 10$ updates.
#
# > **Erratum.** The notes also define a corrected average $v_{dW}^{corrected}$ here, and then
# > update with $v_{dW}$. That is meant: momentum is usually *not* corrected
# > (一般在momentum不作修正). This course follows the update as written: `momentum_step` uses the
# > plain $v_{dW}$. The correction gets a function of its own in section 3.
#
# > **Erratum.** The notes do not say that there are two forms of momentum. The older, *classic*
# > form (Polyak, 1964; also `keras.optimizers.SGD`) leaves out the factor $1-\beta_1$, so that its
# > $v$ is $1/(1-\beta_1)$ times as large. Both walk the same path if $\alpha$ is rescaled by
# > $1-\beta_1$. Here the notes' form is graded, **with** $1-\beta_1$.


# %%
def momentum_step(
    w: np.ndarray, dw: np.ndarray, v: np.ndarray, lr: float, beta1: float
) -> tuple[np.ndarray, np.ndarray]:
    """One update of gradient descent with momentum, without bias correction.

    Args:
        w: float64, any shape (or a number): the parameters.
        dw: float64, the shape of `w`: the gradient at `w`.
        v: float64, the shape of `w`: the average after the last update, 0 before the first.
        lr: the learning rate, above 0.
        beta1: how much of the old average is kept, from 0 up to but not including 1.

    Returns:
        `(w, v)`: the new parameters and the new average. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    v = beta1 * v + (1 - beta1) * dw
    w = w - lr * v
    return w, v
    ### END SOLUTION


# %% [markdown]
# ## 2. RMSprop
#
# Keep a second kind of average, of the *squared* gradient, and divide by its root (the root of a
# mean of squares: RMS). Start with $s_{dW} = 0$, then at each update
#
# $$
# \begin{aligned}
# s_{dW} &= \beta_2 s_{dW} + (1-\beta_2)\, dW^2 \\
# W &= W - \alpha\, \frac{dW}{\sqrt{s_{dW}} + \epsilon}
# \end{aligned}
# $$
#
# $dW^2$ is the square of each entry, and the division is entry by entry too: every single parameter
# has its own $s$. The quotient $dW/\sqrt{s_{dW}}$ has no unit: multiply the cost by 1000 and the
# steps stay the same. So $\alpha$ now says roughly *how far* a parameter moves in one update.
# $\epsilon$ only keeps a parameter whose gradient has always been zero from dividing by zero.
#
# > **Erratum.** The notes write $\sqrt{s_{dW}} + \epsilon$, but not that the place of $\epsilon$
# > matters and that libraries disagree. `keras.optimizers.RMSprop` uses $\sqrt{s_{dW} + \epsilon}$.
# > With gradients near 1 nobody can tell the two apart; with gradients near $10^{-5}$ and
# > $\epsilon = 10^{-8}$ the root is near $10^{-5}$ in one form and near $10^{-4}$ in the other.
# > Graded is the notes' form: $\epsilon$ **outside** the root. One check, with tiny gradients, is
# > about this alone.
#
# > **Erratum.** The notes call both decay rates of squares $\beta_2$ and give no values. They
# > differ: Hinton's RMSprop uses $0.9$ (`rho=0.9` in Keras), Adam's default is $0.999$. Your
# > function takes $\beta_2$ as an argument and does not mind. The correction of $s_{dW}$ that the
# > notes list here is not used (一般不用): RMSprop is graded without it.


# %%
def rmsprop_step(
    w: np.ndarray, dw: np.ndarray, s: np.ndarray, lr: float, beta2: float, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """One update of RMSprop, without bias correction, ε outside the root.

    Args:
        w: float64, any shape (or a number): the parameters.
        dw: float64, the shape of `w`: the gradient at `w`.
        s: float64, the shape of `w`: the average square after the last update, 0 before the first.
        lr: the learning rate, above 0.
        beta2: how much of the old average is kept, from 0 up to but not including 1.
        eps: a small positive number.

    Returns:
        `(w, s)`: the new parameters and the new average. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    s = beta2 * s + (1 - beta2) * dw**2
    w = w - lr * dw / (np.sqrt(s) + eps)
    return w, s
    ### END SOLUTION


# %% [markdown]
# ## 3. Bias correction (偏差修正)
#
# Both averages start from 0, and at first they still remember it. Write the recursion out for $t$
# updates:
#
# $$v_t = (1-\beta)\sum_{i=1}^{t} \beta^{\,t-i}\, dW_i, \qquad
#   (1-\beta)\sum_{i=1}^{t}\beta^{\,t-i} = 1-\beta^t .$$
#
# The weights of a proper average add up to 1. These add up to $1-\beta^t$: with $\beta = 0.9$ only
# 0.1 after the first update, and with $\beta = 0.999$ no more than 0.63 after a thousand. Dividing
# by that sum is all there is to it:
#
# $$v_{dW}^{corrected} = \frac{1}{1-\beta^t}\, v_{dW}$$
#
# The test of a corrected average: if the gradient has been the same all along, the average *is*
# that gradient, at every $t$.
#
# > **Erratum.** The notes say that $t$ is the number of the *epoch* (第几个周期). It is the number
# > of the **update**: 1 at the first update, 2 at the second, with no fresh start when an epoch
# > ends. An epoch of 500 minibatches raises $t$ by 500. And $t$ starts at 1: with $t = 0$ the
# > formula divides by zero.


# %%
def bias_correct(v: np.ndarray, beta: float, t: int) -> np.ndarray:
    """An exponentially weighted average that started from 0, corrected for its start.

    Args:
        v: float64, any shape (or a number): the average after `t` updates.
        beta: its decay rate, from 0 up to but not including 1.
        t: the number of updates so far: 1, 2, 3, …

    Returns:
        `v_hat`: float64, the shape of `v`. `v` stays as it was.
    """
    ### BEGIN SOLUTION
    return v / (1 - beta**t)
    ### END SOLUTION


# %% [markdown]
# What your function repairs: forty noisy gradients around 1, their average as it is, and the
# average corrected.

# %% tags=["experiment"]
rng = np.random.default_rng(3)
gradients = 1 + 0.3 * rng.normal(size=40)
v, raw, corrected = 0.0, [], []
for t, dw in enumerate(gradients, 1):
    _, v = momentum_step(0.0, dw, v, lr=0.1, beta1=0.9)
    raw.append(v)
    corrected.append(bias_correct(v, 0.9, t))

updates = np.arange(1, 41)
fig, axis = plt.subplots(figsize=(8, 3.2), layout="constrained")
axis.plot(updates, gradients, ".", color="0.7", label="gradients $dW_t$")
axis.plot(updates, raw, color="tab:orange", label=r"$v_{dW}$")
axis.plot(updates, corrected, color="tab:blue", label=r"$v_{dW}^{corrected}$")
axis.axhline(1, color="0.3", linewidth=0.8, linestyle=":")
axis.set(xlabel="update $t$", ylim=(0, 2.5), title=r"$\beta = 0.9$: the average starts too low")
axis.legend(ncols=3, loc="upper right")
plt.show()

# %% [markdown]
# ## 4. Adam
#
# Momentum and RMSprop together, both averages corrected. Start with $v_{dW} = 0$, $s_{dW} = 0$,
# then at update $t$
#
# $$
# \begin{aligned}
# v_{dW} &= \beta_1 v_{dW} + (1-\beta_1)\, dW &
# v_{dW}^{corrected} &= \frac{1}{1-\beta_1^t}\, v_{dW} \\
# s_{dW} &= \beta_2 s_{dW} + (1-\beta_2)\, dW^2 &
# s_{dW}^{corrected} &= \frac{1}{1-\beta_2^t}\, s_{dW} \\
# W &= W - \alpha\, \frac{v_{dW}^{corrected}}{\sqrt{s_{dW}^{corrected}} + \epsilon}
# \end{aligned}
# $$
#
# The usual values are $\beta_1 = 0.9$, $\beta_2 = 0.999$, $\epsilon = 10^{-8}$.
#
# Three things to keep in mind:
#
# - The *state* is the uncorrected pair $v_{dW}$, $s_{dW}$. The corrected values serve this one
#   update and are then forgotten; the next update starts from the uncorrected ones.
# - At $t = 1$ the corrected averages are $dW$ and $dW^2$, so the very first step is
#   $-\alpha\,\mathrm{sign}(dW)$: every parameter moves by $\alpha$, however large or small its
#   gradient. You can check your own function with that, by hand.
# - $\epsilon$ stands outside the root and beside the *corrected* $s$.
#
# > **Erratum.** The notes are silent on a second form of Adam. The Adam paper offers a faster
# > order of computing, $W = W - \alpha_t\, v_{dW} / (\sqrt{s_{dW}} + \hat\epsilon)$ with
# > $\alpha_t = \alpha\sqrt{1-\beta_2^t}/(1-\beta_1^t)$, and Keras uses it. It equals the notes'
# > form only for $\hat\epsilon = \epsilon\sqrt{1-\beta_2^t}$. Graded is the notes' form; if you
# > write the other one with $\hat\epsilon = \epsilon$, the check with tiny gradients will tell you
# > so, and no other.


# %%
def adam_step(
    w: np.ndarray,
    dw: np.ndarray,
    v: np.ndarray,
    s: np.ndarray,
    t: int,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One update of Adam, ε outside the root.

    Args:
        w: float64, any shape (or a number): the parameters.
        dw: float64, the shape of `w`: the gradient at `w`.
        v: float64, the shape of `w`: the uncorrected average after the last update, 0 at first.
        s: float64, the shape of `w`: the uncorrected average square, 0 at first.
        t: the number of this update: 1, 2, 3, …; it goes on counting from epoch to epoch.
        lr: the learning rate, above 0.
        beta1: the decay rate of `v`.
        beta2: the decay rate of `s`.
        eps: a small positive number.

    Returns:
        `(w, v, s)`: the new parameters and the new averages, these uncorrected. The arguments
        stay as they were.
    """
    ### BEGIN SOLUTION
    v = beta1 * v + (1 - beta1) * dw
    s = beta2 * s + (1 - beta2) * dw**2
    v_hat = bias_correct(v, beta1, t)
    s_hat = bias_correct(s, beta2, t)
    w = w - lr * v_hat / (np.sqrt(s_hat) + eps)
    return w, v, s
    ### END SOLUTION


# %% [markdown]
# ## 5. The loop
#
# All optimisers are driven alike: ask for the gradient *where you are now*, make a step, note where
# you have come to. `minimise` is that loop. It knows nothing of averages or of $t$: `step` is a
# function of the point and the gradient that remembers its own state from call to call.


# %%
def minimise(
    step: Callable[[np.ndarray, np.ndarray], np.ndarray],
    grad_fn: Callable[[np.ndarray], np.ndarray],
    w0: np.ndarray,
    steps: int,
) -> list[np.ndarray]:
    """The path of an optimiser.

    Args:
        step: `step(w, dw)` returns the point after `w`. It keeps its state itself.
        grad_fn: `grad_fn(w)` returns the gradient at `w`, same shape. Call it once for each step:
            with minibatches, every call takes the next batch.
        w0: float64, any shape (or a number): the start.
        steps: the number of steps, 1 or more.

    Returns:
        A list of `steps + 1` points, `w0` first. `w0` stays as it was.
    """
    ### BEGIN SOLUTION
    w = w0
    path = [w]
    for _ in range(steps):
        dw = grad_fn(w)
        w = step(w, dw)
        path.append(w)
    return path
    ### END SOLUTION


# %% [markdown]
# ## Experiment: four paths through one valley
#
# Now the bowl from the beginning, 100 updates, from $J = 37.5$. The closures below give each
# of your functions its memory; look at how `adam` counts $t$.
#
# Before you run the cell: the start is at $(5, 1)$. Which of the four will leave it along the
# steepest slope, almost straight down in the picture, and which along the diagonal? Which will
# shoot past the minimum and come back?

# %% tags=["experiment"]
CURVATURE = np.array([1.0, 50.0])


def cost(w):
    return 0.5 * np.sum(CURVATURE * w**2)


def gradient(w):
    return CURVATURE * w


def gd(lr):
    return lambda w, dw: w - lr * dw


def momentum(lr, beta1=0.9):
    v = 0.0

    def step(w, dw):
        nonlocal v
        w, v = momentum_step(w, dw, v, lr, beta1)
        return w

    return step


def rmsprop(lr, beta2=0.9, eps=1e-8):
    s = 0.0

    def step(w, dw):
        nonlocal s
        w, s = rmsprop_step(w, dw, s, lr, beta2, eps)
        return w

    return step


def adam(lr, beta1=0.9, beta2=0.999, eps=1e-8, t_of=lambda update: update):
    """`t_of` turns the number of the update into the `t` that is used; see "Break it" below."""
    v, s, update = 0.0, 0.0, 0

    def step(w, dw):
        nonlocal v, s, update
        update += 1
        w, v, s = adam_step(w, dw, v, s, t_of(update), lr, beta1, beta2, eps)
        return w

    return step


w0 = np.array([5.0, 1.0])
optimisers = {
    r"GD, $\alpha=0.038$": gd(0.038),
    r"momentum, $\alpha=0.2$": momentum(0.2),
    r"RMSprop, $\alpha=0.1$": rmsprop(0.1),
    r"Adam, $\alpha=0.2$": adam(0.2),
}
paths = {name: np.array(minimise(step, gradient, w0, 100)) for name, step in optimisers.items()}

x, y = np.meshgrid(np.linspace(-2.6, 5.6, 200), np.linspace(-1.2, 1.2, 200))
levels = 37.5 * np.geomspace(1e-3, 1, 8)
fig = plt.figure(figsize=(11, 5.6), layout="constrained")
grid = fig.add_gridspec(2, 3)
for index, (name, path) in enumerate(paths.items()):
    axis = fig.add_subplot(grid[index // 2, index % 2])
    axis.contour(x, y, 0.5 * (x**2 + 50 * y**2), levels=levels, colors="0.8", linewidths=0.8)
    axis.plot(*path.T, ".-", color=f"C{index}", markersize=4, linewidth=1)
    axis.plot(0, 0, "k+", markersize=9)
    axis.set(title=name, xlabel="$w_1$", ylabel="$w_2$", xlim=(-2.6, 5.6), ylim=(-1.2, 1.2))
axis = fig.add_subplot(grid[:, 2])
for index, (name, path) in enumerate(paths.items()):
    losses = [cost(w) for w in path]
    axis.semilogy(losses, color=f"C{index}", label=f"{name}: {losses[-1]:.1e}")
axis.set(xlabel="update", title="$J$, and its value after 100 updates")
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# Gradient descent zigzags. Momentum is faster along the valley; it swings like a pendulum, past the
# minimum and back. RMSprop and Adam leave along the diagonal: at first both coordinates move alike,
# though one gradient is ten times the other. Adam swings too, for it has momentum's memory. RMSprop
# comes close and then jumps about by roughly $\alpha$, since its steps do not shrink with the
# gradient; that is why learning rates are lowered over time.
#
# ## Break it
#
# Two mistakes, made with your own functions by handing `adam_step` a wrong $t$:
#
# 1. **$t$ counts epochs**, with 20 updates in an epoch: 1, 1, …, 1, 2, 2, …
# 2. **No correction at all**: with $t = 10^6$ both corrections divide by 1.
#
# Predict before you run the cell, and write your guesses down:
#
# - The gradient is 1 all the time and $\alpha = 1$, so a right Adam moves by 1 at every update. How
#   far does each of the wrong ones move at its *first* update? And later?
# - On the bowl, after 100 updates: does a wrong one end with a higher cost than the right one?
# - Which checks of `adam_step` notice: the one of the first update, the one of six updates, the one
#   of two minibatches in an epoch?

# %% tags=["experiment"]
kinds = {
    "right": lambda update: update,
    "t counts epochs": lambda update: (update + 19) // 20,
    "no correction": lambda update: 10**6,
}
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
for name, t_of in kinds.items():
    path = np.array(minimise(adam(1.0, t_of=t_of), lambda w: 1.0, 0.0, 60))
    moves = -np.diff(path)
    left.plot(range(1, 61), moves, label=name)
    losses = [cost(w) for w in minimise(adam(0.2, t_of=t_of), gradient, w0, 100)]
    right.semilogy(losses, label=f"{name}: {losses[-1]:.1e}")
    print(f"{name:16} first move {moves[0]:.2f}, largest {moves.max():.2f}, last {moves[-1]:.2f}")
left.set(xlabel="update", title="length of each move, constant gradient, $\\alpha=1$")
left.legend()
right.set(xlabel="update", title="$J$ on the bowl, and after 100 updates")
right.legend()
plt.show()

# %% [markdown]
# Without correction the first move is $(1-\beta_1)/\sqrt{1-\beta_2} \approx 3.2$ times too long,
# the twelfth 6.6 times, and moves stay too long for hundreds of updates: the check of the first
# update fires at once, and so do the other two. With $t$ in epochs the first move is *right*, since
# the first update lies in the first epoch: that check is content, while those of six updates and of
# two minibatches fire. The first update alone is no test of an optimiser.
#
# And the cost on the right? Both wrong ones end *lower* than the right one. A good final cost
# proves little about the code that reached it: that is why most checks in this course compare
# values, and few compare results of training.

# %% [markdown]
# ## Outlook: the same Adam in Keras (not graded)
#
# Keras keeps the state of an optimiser in variables, one pair for each parameter, and counts
# updates in `iterations`. A subclass says in `build` which variables it needs and in `update_step`
# what one update does. Here the arithmetic is your own `adam_step`; `iterations` is still 0 during
# the first update, hence the `+ 1`.
#
# The second half measures how far the optimisers of Keras are from the notes' formulas: 50 updates
# with changing gradients of a given size, largest distance as a part of the learning rate.

# %% tags=["experiment"]
import keras


class NotesAdam(keras.optimizers.Optimizer):
    """Adam as in the notes.  Runs eagerly, since `adam_step` is NumPy."""

    def __init__(self, learning_rate=0.001, beta1=0.9, beta2=0.999, eps=1e-8, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.v = [self.add_variable_from_reference(w, name="v") for w in variables]
            self.s = [self.add_variable_from_reference(w, name="s") for w in variables]

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        kept = [variable, self.v[index], self.s[index]]
        w, v, s = (keras.ops.convert_to_numpy(x) for x in kept)
        dw = keras.ops.convert_to_numpy(gradient)
        t, lr = int(self.iterations) + 1, float(learning_rate)
        new = adam_step(w, dw, v, s, t, lr, self.beta1, self.beta2, self.eps)
        for old, value in zip(kept, new, strict=True):
            old.assign(value)


def keras_path(optimizer, gradients):
    """The points that a Keras optimizer visits from 0, `(updates, size)`."""
    w = keras.Variable(np.zeros(gradients[0].size), dtype="float64")
    path = []
    for dw in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(dw)], [w])
        path.append(keras.ops.convert_to_numpy(w))
    return np.array(path)


def own_path(step, gradients):
    """The points that `step` visits from 0, `(updates, size)`."""
    turn = iter(gradients)
    return np.array(minimise(step, lambda w: next(turn), np.zeros(4), len(gradients)))[1:]


lr = 0.01
pairs = {
    "NotesAdam": (lambda: NotesAdam(lr), lambda: adam(lr)),
    "keras Adam, eps 1e-8": (lambda: keras.optimizers.Adam(lr, epsilon=1e-8), lambda: adam(lr)),
    "keras Adam, its own eps 1e-7": (lambda: keras.optimizers.Adam(lr), lambda: adam(lr)),
    "keras RMSprop, eps 1e-8": (
        lambda: keras.optimizers.RMSprop(lr, epsilon=1e-8),
        lambda: rmsprop(lr),
    ),
    "keras SGD(momentum=0.9), lr times 0.1": (
        lambda: keras.optimizers.SGD(lr * 0.1, momentum=0.9),
        lambda: momentum(lr),
    ),
}
rng = np.random.default_rng(0)
print(f"{'distance / learning rate':40} gradients near 1    near 1e-4")
for name, (theirs, ours) in pairs.items():
    distances = []
    for size in (1.0, 1e-4):
        gradients = [size * (1 + 0.3 * rng.normal(size=4)) for _ in range(50)]
        gap = keras_path(theirs(), gradients) - own_path(ours(), gradients)
        distances.append(np.abs(gap).max() / lr)
    print(f"{name:40} {distances[0]:15.1e} {distances[1]:12.1e}")

# %% [markdown]
# What we measured: `NotesAdam` and `SGD` with its learning rate times $1-\beta_1$ walk your path,
# to about $10^{-6}$ and $6\cdot10^{-6}$ of a learning rate; the rest is rounding, for Keras keeps
# learning rate and momentum in float32. Keras' Adam with $\epsilon = 10^{-8}$ is $3\cdot10^{-4}$
# away with gradients near 1. That is not $\epsilon$: Keras rounds $\beta_1$ and $\beta_2$ to
# float32 before it takes their powers, and $1-\beta_2^t$ is small. With gradients near $10^{-4}$
# the distance is 0.04, and 0.4 with Keras' own $\epsilon = 10^{-7}$: now it is $\epsilon$.
# RMSprop, with its $\epsilon$ inside the root, agrees to about $10^{-6}$ near 1 and is 21 learning
# rates away near $10^{-4}$.
#
# None of them is wrong. They are different optimisers under one name, so whoever reports a result
# that hangs on tiny gradients should say which one it was.
