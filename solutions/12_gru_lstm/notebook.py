# %% [markdown]
# # 12 · GRU and LSTM: cells that remember (门控循环单元 / 长短期记忆网络)
#
# A sentence, a melody, a page read line by line: here the order carries the meaning, and the
# length is not known beforehand. A *recurrent* network reads one step at a time and keeps a
# **state**, a vector that is all it remembers of what it has read. One small function, the *cell*,
# is used over and over:
#
# $$\text{state}_t = \mathrm{cell}(\text{state}_{t-1},\; x_t).$$
#
# You will write the two cells that made recurrent networks work, and the loop that drives them:
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `gru_cell` | one step of the gated recurrent unit |
# | 2 | `lstm_cell` | one step of the long short-term memory |
# | 3 | `run_gru`, `run_lstm` | a whole sequence, state by state |
# | 4 | `gru_to_keras` | your weights in the layer of Keras, and what its convention is |
# | 5 | `build_own_rnn` | your cells in a network that learns |
# | 6 | `build_classifier` | digits, read row by row |
#
# About three hours; 24 points. After each function a cell runs `check("…")`: it says what
# is right so far, and where a result differs, why. Run it as often as you like. The experiments are
# for looking: they call your functions and are not graded.

# %%
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from autograder import check

Tensor = Any  # a tensor of the backend that Keras runs on

# %% [markdown]
# ## The idea in a page
#
# The plainest cell is one layer: $h_t = \tanh(W[h_{t-1}, x_t] + b)$. It forgets. Whatever $h$ holds
# is multiplied by $W$ and squeezed by $\tanh$ at *every* step, so after twenty steps little is left
# of it; and the gradient, which walks the same way back, fades alike (or explodes).
#
# The remedy is to make *keeping* the easy thing to do. Both cells of this unit have a path on which
# the old state travels on by plain multiplication and addition, and on that path sit **gates**:
# numbers between 0 and 1, one for each unit, that are computed from $[h_{t-1}, x_t]$ at each step.
#
# ![The path of the state through a GRU and through an LSTM cell](figures/cells.svg)
#
# A gate that stands at 0 lets nothing through, at 1 everything. The network *learns* when to open
# which: a gate is a layer with a sigmoid, $\sigma(W[h_{t-1},x_t]+b)$, and it has a gradient like
# any other.
#
# ## Conventions: the layout flips here
#
# Up to unit 05 every example was a column. Keras lays sequences out **batch first**, and so does
# the course from here on:
#
# | symbol | in code | meaning | shape |
# |---|---|---|---|
# | $x_t$ | `x` | the input at step $t$ | $(B, D)$ |
# | $h_t$ | `h` | hidden state (隐藏状态) | $(B, U)$ |
# | $C_t$ | `c` | memory of an LSTM (记忆单元) | $(B, U)$ |
# | $x_1 \dots x_T$ | `X` | the whole input | $(B, T, D)$ |
# | $h_1 \dots h_T$ | `H` | all states | $(B, T, U)$ |
# | $W_r, W_z, \dots$ | `p["W_r"]`, … | weights | $(U+D,\ U)$ |
# | $b_r, b_z, \dots$ | `p["b_r"]`, … | biases | $(U,)$ |
#
# $B$ examples, $T$ steps, $D$ features, $U$ units. One example is a row, so the notes'
# $W_r[h_{t-1},x_t]$ reads `ops.matmul(hx, p["W_r"])` in code, with the row `hx` on the left. Its
# first $U$ entries are $h$, the other $D$ are $x$: **$[h, x]$, in this order**, as the notes have
# it. And $*$ multiplies entry by entry.
#
# All weights of a cell travel in one flat dict `p`. Your functions get tensors and return tensors.
# Use `keras.ops` and the operators `+ - *`: they keep track of the gradient. NumPy computes the
# same numbers, but no gradient comes back through it.

# %% [markdown]
# ## 1. GRU (Gated Recurrent Unit)
#
# $$
# \begin{aligned}
# r_t &= \sigma(W_r[h_{t-1},x_t]+b_r) && \text{reset gate (重置门)} \\
# z_t &= \sigma(W_z[h_{t-1},x_t]+b_z) && \text{update gate (更新门)} \\
# \tilde h_t &= \tanh(W_h[r_t * h_{t-1},x_t]+b_h) && \text{candidate} \\
# h_t &= z_t * \tilde h_t + (1-z_t) * h_{t-1} && \text{hidden state}
# \end{aligned}
# $$
#
# Read the last line first. It is a weighted mean, unit by unit, of something new and the old state.
# A mean never leaves the range of what it averages: with $|h_0|\le1$ every state stays within
# $[-1, 1]$. The reset gate acts earlier: it says how much of the old state the candidate may *see*.
# With $r_t=0$ the candidate depends on $x_t$ alone, as if the sequence began here.
#
# > **Erratum.** The notes say in words: for $z_t$ near 0 the cell keeps $\tilde h_t$, near 1 it
# > keeps $h_{t-1}$. Their formula says the opposite, and the formula is what you write: put $z_t=0$
# > into the last line, and $h_t=h_{t-1}$. Both conventions exist. The formula is that of Chung et
# > al. (2014), the words are those of Cho et al. (2014), of Keras and of PyTorch. Neither is
# > better, a network learns whichever it gets; but whoever carries weights from one to the other
# > has to know (section 4).
#
# > **Erratum.** The notes call $\tilde h_t$ "new memory" and say that it can be understood as the
# > memory. The memory is $h_{t-1}$: it is what was kept. $\tilde h_t$ is the *candidate* for what
# > comes next.
#
# Mind the bracket in the third line: the reset gate multiplies $h_{t-1}$ *before* the matrix
# product.


# %%
def gru_cell(x: Tensor, h: Tensor, p: dict[str, Tensor]) -> Tensor:
    """One step of a GRU.

    Args:
        x: floats `(B, D)`, the input at this step.
        h: floats `(B, U)`, the state after the last step.
        p: `W_r W_z W_h`, each `(U+D, U)`, for `[h, x]` in this order; `b_r b_z b_h`, each `(U,)`.

    Returns:
        `(B, U)`, the state after this step; `z` near 0 keeps the old one.
    """
    ### BEGIN SOLUTION
    hx = ops.concatenate([h, x], axis=1)
    r = ops.sigmoid(ops.matmul(hx, p["W_r"]) + p["b_r"])
    z = ops.sigmoid(ops.matmul(hx, p["W_z"]) + p["b_z"])
    seen = ops.concatenate([r * h, x], axis=1)
    h_tilde = ops.tanh(ops.matmul(seen, p["W_h"]) + p["b_h"])
    return z * h_tilde + (1 - z) * h
    ### END SOLUTION


# %% [markdown]
# ## 2. LSTM (Long Short-Term Memory)
#
# The LSTM is older (1997) and has two states: the memory $C$, which never passes through a matrix,
# and the hidden state $h$, what the cell shows of it to the rest of the network.
#
# $$
# \begin{aligned}
# f_t &= \sigma(W_f[h_{t-1},x_t]+b_f) && \text{forget gate (遗忘门)} \\
# i_t &= \sigma(W_i[h_{t-1},x_t]+b_i) && \text{input gate (输入门)} \\
# \tilde C_t &= \tanh(W_C[h_{t-1},x_t]+b_C) && \text{candidate} \\
# C_t &= f_t * C_{t-1} + i_t * \tilde C_t && \text{memory (记忆单元)} \\
# o_t &= \sigma(W_o[h_{t-1},x_t]+b_o) && \text{output gate (输出门)} \\
# h_t &= o_t * \tanh(C_t) && \text{hidden state}
# \end{aligned}
# $$
#
# Two gates do what $z$ and $1-z$ did in the GRU, and they are independent: a cell may keep *and*
# write ($f=i=1$). So $C$ can count, and grow beyond 1; hence the second $\tanh$ on its way out.
#
# With $f=1$ and $i=0$ the memory is handed on untouched, for a hundred steps or a thousand; and the
# gradient along this path is multiplied by $f$, by nothing else. That is the whole secret of the
# "long" in its name.
#
# > **Erratum.** The notes write $\tanh(W_C[h_{t-1},x_t])+b_C)$, with one bracket too many. Read as
# > it stands, the bias would be added outside. It belongs inside: $\tanh(W_C[h_{t-1},x_t]+b_C)$, so
# > that the candidate stays between $-1$ and $1$.


# %%
def lstm_cell(x: Tensor, h: Tensor, c: Tensor, p: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """One step of an LSTM.

    Args:
        x: floats `(B, D)`, the input at this step.
        h: floats `(B, U)`, the hidden state after the last step.
        c: floats `(B, U)`, the memory after the last step.
        p: `W_f W_i W_C W_o`, each `(U+D, U)`, for `[h, x]` in this order;
            `b_f b_i b_C b_o`, each `(U,)`.

    Returns:
        `(h, c)`: hidden state and memory after this step, each `(B, U)`.
    """
    ### BEGIN SOLUTION
    hx = ops.concatenate([h, x], axis=1)
    f = ops.sigmoid(ops.matmul(hx, p["W_f"]) + p["b_f"])
    i = ops.sigmoid(ops.matmul(hx, p["W_i"]) + p["b_i"])
    c_tilde = ops.tanh(ops.matmul(hx, p["W_C"]) + p["b_C"])
    c = f * c + i * c_tilde
    o = ops.sigmoid(ops.matmul(hx, p["W_o"]) + p["b_o"])
    return o * ops.tanh(c), c
    ### END SOLUTION


# %% [markdown]
# ### Experiment: a memory over 100 steps
#
# What is left of a memory of 1, when nothing is written ($i=0$) and the forget gate stands at $f$
# for 100 steps? And how large is the gradient $\partial C_{100}/\partial C_0$? Guess before you run
# the cell, for $f = 0.5$, $0.9$ and $0.99$. Beside it the plain cell, $h_t=\tanh(w\,h_{t-1})$.


# %% tags=["experiment"]
def logit(gate):
    """The bias that makes a gate stand at `gate`, whatever the input."""
    return np.log(gate / (1 - gate))


def steady(**gates):
    """Weights of a one-unit LSTM whose gates don't move, in float64."""
    p = {f"W_{name}": np.zeros((2, 1)) for name in "fiCo"}
    p |= {f"b_{name}": np.array([gates.get(name, 0.0)]) for name in "fiCo"}
    return {name: ops.convert_to_tensor(value) for name, value in p.items()}


fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
for f in (0.5, 0.9, 0.99, 1 - 1e-6):
    p = steady(f=logit(f), i=-50.0)
    x = h = ops.zeros((1, 1), dtype="float64")
    c = ops.ones((1, 1), dtype="float64")
    memory = [1.0]
    for _ in range(100):
        h, c = lstm_cell(x, h, c, p)
        memory.append(float(c[0, 0]))
    left.plot(memory, label=f"LSTM, f = {f:.6g}")
    right.semilogy(np.maximum(f ** np.arange(101.0), 1e-18), label=f"LSTM, f = {f:.6g}")
for w, style in ((0.9, ":"), (1.5, "--")):
    state, slope = [0.5], [1.0]
    for _ in range(100):
        state.append(np.tanh(w * state[-1]))
        slope.append(slope[-1] * w * (1 - state[-1] ** 2))
    left.plot(state, style, color="0.4", label=f"tanh({w} h), from 0.5")
    right.semilogy(np.maximum(slope, 1e-18), style, color="0.4", label=f"tanh({w} h)")
left.set(xlabel="step", title="What is left of the memory")
left.legend(fontsize=8)
right.set(xlabel="step", title="Gradient of the state at this step by the first one")
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# The memory decays like $f^t$, and its gradient exactly so: $f=0.9$ remembers for some ten steps,
# $f=0.99$ for a hundred. That is why biases of forget gates are often started at 1 rather than at 0
# (Keras does, `unit_forget_bias=True`): an untrained cell should keep more than half.
#
# The plain cell with $w=1.5$ is instructive. It *does* hold a value, a state near 0.86 is a fixed
# point. But the gradient through it vanishes: nothing that happened earlier makes a difference to
# that state any more, so nothing can be learned from it.

# %% [markdown]
# ## 3. Whole sequences
#
# Start from the state that the caller hands in, call the cell once for each step, and collect the
# hidden states. Every example of the batch has a sequence and a state of its own; time runs along
# axis 1.
#
# The start state is an argument for a reason. A long text is read in pieces, each one beginning
# where the last one ended; and the decoder of unit 13 begins where the encoder stopped. So it need
# not be zero.


# %%
def run_gru(X: Tensor, h0: Tensor, p: dict[str, Tensor]) -> Tensor:
    """All states of a GRU on a batch of sequences.

    Args:
        X: floats `(B, T, D)`, at least one step.
        h0: floats `(B, U)`, the state before the first step; any values.
        p: the weights of `gru_cell`.

    Returns:
        `H (B, T, U)`, a tensor: `H[:, t]` is the state after step `t` has been read.
    """
    ### BEGIN SOLUTION
    h, states = h0, []
    for t in range(X.shape[1]):
        h = gru_cell(X[:, t], h, p)
        states.append(h)
    return ops.stack(states, axis=1)
    ### END SOLUTION


# %%
def run_lstm(X: Tensor, h0: Tensor, c0: Tensor, p: dict[str, Tensor]) -> Tensor:
    """All hidden states of an LSTM on a batch of sequences.

    Args:
        X: floats `(B, T, D)`, at least one step.
        h0: floats `(B, U)`, the hidden state before the first step; any values.
        c0: floats `(B, U)`, the memory before the first step; any values.
        p: the weights of `lstm_cell`.

    Returns:
        `H (B, T, U)`, a tensor: `H[:, t]` is the hidden state after step `t` has been read.
    """
    ### BEGIN SOLUTION
    h, c, states = h0, c0, []
    for t in range(X.shape[1]):
        h, c = lstm_cell(X[:, t], h, c, p)
        states.append(h)
    return ops.stack(states, axis=1)
    ### END SOLUTION


# %% [markdown]
# ### Experiment: gates over time
#
# Nobody has to train a cell to see how it works; one can set its weights by hand. This GRU has one
# unit and two inputs, a *value* and a *write* signal. Its update gate opens where *write* is 1, its
# candidate is the value, and the old state is hidden from it ($r=0$). So it should hold whatever
# was last written: a latch, the simplest memory there is. Look at the weights before you run the
# cell: what does each 8 and each $-8$ do?

# %% tags=["experiment"]
latch = {
    "W_r": np.zeros((3, 1)),
    "b_r": np.array([-8.0]),  # the reset gate stays shut
    "W_z": np.array([[0.0], [0.0], [16.0]]),  # rows: h, value, write
    "b_z": np.array([-8.0]),  # shut, unless `write` is 1
    "W_h": np.array([[0.0], [1.0], [0.0]]),
    "b_h": np.array([0.0]),
}
latch = {name: ops.convert_to_tensor(value) for name, value in latch.items()}

rng = np.random.default_rng(4)
value = np.repeat(rng.normal(size=6), 10) + 0.2 * rng.normal(size=60)
write = np.isin(np.arange(60), (5, 22, 38, 39)).astype(float)
X = ops.convert_to_tensor(np.stack([value, write], axis=1)[None])
H = np.asarray(run_gru(X, ops.zeros((1, 1), dtype="float64"), latch))[0, :, 0]
z = 1 / (1 + np.exp(8.0 - 16.0 * write))

fig, (top, bottom) = plt.subplots(
    2, 1, figsize=(9, 4.2), sharex=True, layout="constrained", height_ratios=(3, 1)
)
top.plot(np.tanh(value), ".-", color="0.7", label=r"candidate $\tilde h_t = \tanh$(value)")
top.step(range(60), H, where="post", color="C0", linewidth=2, label="state $h_t$")
top.legend(loc="lower right")
bottom.step(range(60), z, where="mid", color="C1")
bottom.set(xlabel="step", ylabel="gate $z_t$", ylim=(-0.1, 1.1))
plt.show()

# %% [markdown]
# Between two writes the state is a flat line, however the input jumps about. Set `b_z` to $-2$ and
# run it again: the gate then stands at 0.12 when it should be shut, and the latch leaks.

# %% [markdown]
# ## 4. The same cell in Keras
#
# `keras.layers.GRU` keeps the weights of all gates side by side, in the order **z, r, h**, and
# those for $x$ apart from those for $h$:
#
# | array | shape | holds |
# |---|---|---|
# | kernel | $(D, 3U)$ | the rows of $W_z, W_r, W_h$ that meet $x$ |
# | recurrent kernel | $(U, 3U)$ | the rows that meet $h$ |
# | bias | $(3U,)$ | $b_z, b_r, b_h$ |
#
# And its last line is the other convention of the erratum above. With $k_t$ for its update gate,
#
# $$h_t = k_t * h_{t-1} + (1-k_t) * \tilde h_t.$$
#
# So what you call $z$, Keras calls $1-z$. A sigmoid is turned over easily:
#
# $$1-\sigma(a) = \sigma(-a).$$
#
# What does that mean for $W_z$ and $b_z$?
#
# One more trap: by default the layer multiplies with the reset gate *after* the matrix product
# (`reset_after=True`, for the sake of fast GPU code). That is another cell. No choice of weights
# turns one into the other; the arrays here are for `reset_after=False`. Its LSTM, by the way,
# computes the notes' formulas as they stand, in the order i, f, C, o.


# %%
def gru_to_keras(p: dict[str, Tensor]) -> list[np.ndarray]:
    """The weights of `gru_cell` as `keras.layers.GRU(U, reset_after=False)` wants them.

    Args:
        p: the weights of `gru_cell`, tensors; `[h, x]` in this order.

    Returns:
        A list of NumPy arrays: kernel `(D, 3U)`, recurrent kernel `(U, 3U)`, bias `(3U,)`, the
        gates in the order z, r, h, such that the layer computes what `gru_cell` does.
    """
    ### BEGIN SOLUTION
    W = ops.concatenate([-p["W_z"], p["W_r"], p["W_h"]], axis=1)
    b = ops.concatenate([-p["b_z"], p["b_r"], p["b_h"]], axis=0)
    U = p["b_z"].shape[0]
    W, b = ops.convert_to_numpy(W), ops.convert_to_numpy(b)
    return [W[U:], W[:U], b]
    ### END SOLUTION


# %% [markdown]
# The proof: one random cell, your loop, and the layer of Keras with your arrays. The second line
# shows what the default `reset_after=True` makes of nearly the same weights.

# %% tags=["experiment"]
rng = np.random.default_rng(0)
D, U = 3, 5
p = {f"W_{name}": rng.normal(size=(U + D, U)) for name in "rzh"}
p |= {f"b_{name}": rng.normal(size=U) for name in "rzh"}
p = {name: ops.convert_to_tensor(value) for name, value in p.items()}
X = ops.convert_to_tensor(rng.normal(size=(4, 30, D)))
h0 = ops.convert_to_tensor(rng.uniform(-1, 1, size=(4, U)))
ours = np.asarray(run_gru(X, h0, p))
kernel, recurrent, bias = gru_to_keras(p)
for reset_after in (False, True):
    layer = keras.layers.GRU(U, return_sequences=True, reset_after=reset_after, dtype="float64")
    layer.build(X.shape)
    # With reset_after there are two biases, one for x and one for h.
    biases = np.stack([bias, np.zeros_like(bias)]) if reset_after else bias
    layer.set_weights([kernel, recurrent, biases])
    gap = np.abs(np.asarray(layer(X, initial_state=h0)) - ours).max()
    print(f"reset_after={reset_after!s:5}  largest distance over 30 steps: {gap:.1e}")

# %% [markdown]
# ## 5. Your cells in a network
#
# Your cells have a gradient, so they can learn. `keras.layers.RNN(cell)` is the loop of section 3,
# for any cell: it starts from zeros, calls the cell at each step, and gives the last output. A cell
# is a layer, a class that extends `keras.layers.Layer`, with
#
# - `state_size`, the width of its state: `units`, or `[units, units]` for two states;
# - `build(self, shape)`, called once with the shape `(B, D)` of one step: it makes the weights, by
#   `self.add_weight(shape=…, initializer=…, name=…)`;
# - `call(self, x, states)`, called at each step with the input `(B, D)` and the list of states: it
#   returns the output of this step and the list of the new states.
#
# What a cell shows to the rest of the network is $h$. How should it start? Draw the matrices at
# random; that is what `add_weight` does by default. Biases start at 0, but for that of the gate that
# *keeps*. With it at 0, that gate stands near one half, and after 50 steps $2^{-50}$ is left of a
# memory, and of the gradient. So start it on its open side: $b_f=1$, and $b_z=-1$ (why minus?).
#
# The task for it is one of memory. 60 bits come in, one a step, and now and then one is *marked*.
# At the end: **which bit was marked last?** All others are noise. `check` trains your model, 16
# units of your cell, on 2000 sequences in which the last mark stands anywhere, and asks about 400
# others, in which it lies 50 steps back and more: for 10 epochs with your `gru_cell`, for 15 with your
# `lstm_cell`, 20 steps each. It wants 90 % of them. A right one typically gets all, a plain cell half, as if it
# guessed. Up to three trainings are tried. Before that `check` looks at the model with another cell
# in place of yours, so a slip in `gru_cell` costs nothing there.


# %%
def build_own_rnn(cell: str, shape: tuple[int, int], units: int, classes: int) -> keras.Model:
    """A classifier of sequences that runs your own cell; not compiled, not trained.

    Args:
        cell: "gru" or "lstm": whether `gru_cell` or `lstm_cell` computes each step.
        shape: steps and features of a sequence, `(T, D)`.
        units: width `U` of the states.
        classes: number of logits.

    Returns:
        A model of input `(B, T, D)` and output `(B, classes)`, in float32: one `keras.layers.RNN`
        around a cell of your own, then a `Dense` layer that makes logits (no softmax) of its last
        hidden state. Further layers have no place in it. The cell's weights are those of `p`, each
        a trainable weight with the name and the shape that it has there (`W_z`, `b_z`, …): matrices
        are drawn at random; biases start at 0, but `b_f` at 1 and `b_z` at -1.

    The recurrent layers and cells of Keras other than `keras.layers.RNN` are not allowed.
    """
    ### BEGIN SOLUTION
    gates, count = {"gru": ("rzh", 1), "lstm": ("fiCo", 2)}[cell]

    class OwnCell(keras.layers.Layer):
        state_size = [units] * count

        def build(self, step):
            self.p = {}
            for name in gates:
                start = keras.initializers.Constant({"f": 1.0, "z": -1.0}.get(name, 0.0))
                self.p[f"W_{name}"] = self.add_weight(
                    shape=(units + step[-1], units), name=f"W_{name}"
                )
                self.p[f"b_{name}"] = self.add_weight(
                    shape=(units,), initializer=start, name=f"b_{name}"
                )

        def call(self, x, states):
            p = {name: ops.convert_to_tensor(weight) for name, weight in self.p.items()}
            if cell == "gru":
                h = gru_cell(x, states[0], p)
                return h, [h]
            h, c = lstm_cell(x, *states, p)
            return h, [h, c]

    return keras.Sequential(
        [keras.Input(shape), keras.layers.RNN(OwnCell()), keras.layers.Dense(classes)]
    )
    ### END SOLUTION


# %% [markdown]
# ### Experiment: who remembers?
#
# The same task, with your two cells and the plain one (`SimpleRNN`), 16 units each. Left, how often
# each is right on new sequences while it learns, on the right how that hangs on the distance of the
# mark after training. Chance is one half. Where would you expect the plain cell to be good, and from
# where on not? (About half a minute.)


# %% tags=["experiment"]
def marked(m, steps, rng, latest=None, kinds=2):
    """Random tokens, one-hot, and marks in a last column; labels, and how far back they lie."""
    tokens = rng.integers(0, kinds, (m, steps))
    last = rng.integers(0, latest or steps, m)[:, None]
    places = np.arange(steps)
    marks = (places == last) | (rng.random((m, steps)) < 0.1) & (places < last)
    X = np.concatenate([np.eye(kinds)[tokens], marks[..., None]], axis=-1)
    labels = np.take_along_axis(tokens, last, axis=1)[:, 0]
    return X.astype("float32"), labels, steps - 1 - last[:, 0]


def plain_rnn(shape, units, classes):
    """The same network with the plain cell."""
    layers = [keras.Input(shape), keras.layers.SimpleRNN(units), keras.layers.Dense(classes)]
    return keras.Sequential(layers)


def fit(model, X, Y, X_new, Y_new, epochs, batch_size=32, learning_rate=5e-3):
    """Trains a model that puts out logits, by ever smaller steps; accuracy on new data by epoch."""
    rate = keras.optimizers.schedules.CosineDecay(learning_rate, epochs * len(X) // batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(rate, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    history = model.fit(
        X, Y, batch_size=batch_size, epochs=epochs, verbose=0, validation_data=(X_new, Y_new)
    )
    return history.history["val_accuracy"]


rng = np.random.default_rng(0)
X, Y, _ = marked(2000, 60, rng)
X_new, Y_new, far = marked(1000, 60, rng)
fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True, layout="constrained")
for name in ("gru", "lstm", "plain"):
    keras.utils.set_random_seed(1)
    size = (60, 3), 16, 2
    model = plain_rnn(*size) if name == "plain" else build_own_rnn(name, *size)
    rate = 0.005 if name == "plain" else 0.05  # large steps throw it off
    curve = fit(model, X, Y, X_new, Y_new, 10, 100, rate)
    left.plot(range(1, 11), curve, ".-", label=name)
    hits = model.predict(X_new, verbose=0).argmax(axis=-1) == Y_new
    shares = [hits[(far >= start) & (far < start + 10)].mean() for start in range(0, 60, 10)]
    right.plot(np.arange(5, 60, 10), shares, ".-", label=name)
for axis in (left, right):
    axis.axhline(0.5, color="0.6", linestyle=":")
left.set(xlabel="epoch", ylabel="accuracy on new sequences", ylim=(0, 1.05))
left.legend()
right.set(xlabel="steps since the last mark", title="After training")
plt.show()

# %% [markdown]
# Both gated cells find out, and then they hold the bit: 5 steps back or 55 makes no difference. The
# plain cell learns nothing here, not even where the mark lies near. At each step all bits push at
# its state alike, and it has nothing that could shut them out. It is not that it never could: try
# `fit(plain_rnn((60, 3), 32, 2), X, Y, X_new, Y_new, 50, 100, 0.003)`, which is five times the work.
# From the start of this cell it came to 88 %.

# %% [markdown]
# ## 6. A classifier
#
# Digits on a strip of paper, 20 rows of 8 pixels. Read each one as a sequence of rows, from top to
# bottom, 8 pixels a step; the state after the last row has seen the whole digit, and a dense layer
# turns it into 10 *logits* (one number for each class, before any softmax: the loss does that
# part). A digit is 8 to 10 rows high and stands somewhere on the strip: whoever reads row by row has
# to begin when it begins, and keep what it was until the end.
#
# The pictures come from `digit_pictures`, which draws as many as you like: a digit in one of several
# ways to write it, bent, sheared and scaled by chance, and a scratch that means nothing. No data set
# holds them.
#
# From here on use `keras.layers`; you know what is inside. `check` also trains your model, once with
# 32 units of a GRU for 10 epochs, once with 32 of an LSTM for 18, on 2000 digits, and asks for 93 %
# of 400 others. A right one typically gets 96 %, and up to three trainings are tried: the luck of the
# start costs nobody a point.


# %%
def build_classifier(cell: str, units: int) -> keras.Model:
    """A classifier of digits that are read row by row; not compiled, not trained.

    Args:
        cell: "gru" or "lstm".
        units: number of units of the recurrent layer.

    Returns:
        A model with input `(20, 8)` (steps, pixels): one recurrent layer of that kind, from
        `keras.layers`, with that many units, then 10 logits from its last state: no softmax.
    """
    ### BEGIN SOLUTION
    layer = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[cell]
    return keras.Sequential(
        [
            keras.Input((20, 8)),
            layer(units),
            keras.layers.Dense(10),
        ]
    )
    ### END SOLUTION


# %% [markdown]
# ### Experiment: learning curves
#
# GRU and LSTM against the plain cell (`SimpleRNN`), 32 units each, 2000 digits to learn from and
# 600 to be judged by. An LSTM has more weights than a GRU of the same width, and the plain cell far
# fewer. Which one will be ahead after 3 epochs, which after 15? (About half a minute.)

# %% tags=["experiment"]
from autograder import digit_pictures

drawing = np.random.default_rng(0)
pictures, labels = digit_pictures(
    drawing, 2600, (20, 8), height=(8, 10), clutter=1, noise=0.05, inverted=0
)
rows = (pictures / 16).astype("float32")
train, test = np.arange(2000), np.arange(2000, 2600)

fig, axes = plt.subplots(1, 14, figsize=(11, 2), layout="constrained")
for axis, picture in zip(axes, pictures, strict=False):
    axis.imshow(picture, cmap="gray_r")
    axis.axis("off")
plt.show()

fig, axis = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name in ("gru", "lstm", "plain"):
    keras.utils.set_random_seed(1)
    model = plain_rnn((20, 8), 32, 10) if name == "plain" else build_classifier(name, 32)
    data = rows[train], labels[train], rows[test], labels[test]
    curve = fit(model, *data, epochs=15, learning_rate=0.01)
    axis.plot(
        range(1, 16), curve, ".-", label=f"{name}, {model.count_params()} weights: {curve[-1]:.1%}"
    )
axis.axhline(0.33, color="0.6", linestyle=":", label="logistic regression on all 160 pixels")
axis.set(xlabel="epoch", ylabel="accuracy on new digits", ylim=(0, 1))
axis.legend()
plt.show()

# %% [markdown]
# The gates make the difference: with this seed GRU and LSTM end at 96 %, and the plain cell, which
# has to carry a digit past up to twelve empty rows, gets no further than logistic regression, which
# sees all the pixels at once but doesn't know that a digit lower down is the same digit.

# %% [markdown]
# ## Break it
#
# Three GRUs learn the digits, each by *your* `gru_cell` in *your* `build_own_rnn`:
#
# - **right**: as it is.
# - **A**: the notes' words instead of their formula, $z$ and $1-z$ exchanged. (The code does it by
#   turning the signs of $W_z$ and $b_z$; you know why.)
# - **B**: no reset gate, $r_t = 1$ always.
#
# **Predict first**, and write it down:
#
# 1. Which of the two ends with a worse accuracy than the right one?
# 2. Three tests force the gates. *Keep*: $b_z=-50$, so $h_t$ should be $h_{t-1}$. *Replace*:
#    $b_z=50$, so $h_t$ should be $\tilde h_t$. *Blind*: $b_z=50$ and $b_r=-50$, so $h_t$ should not
#    depend on $h_{t-1}$. Which of them fire for A, which for B?


# %% tags=["experiment"]
own_cell = gru_cell


def right(x, h, p):
    return own_cell(x, h, p)


def exchanged(x, h, p):
    return own_cell(x, h, {**p, "W_z": -p["W_z"], "b_z": -p["b_z"]})


def no_reset(x, h, p):
    return own_cell(x, h, {**p, "W_r": 0 * p["W_r"], "b_r": 0 * p["b_r"] + 50})


def gate_tests(step):
    """How far a cell is from what each forced gate promises."""
    rng = np.random.default_rng(5)
    p = {f"W_{n}": 0.5 * rng.normal(size=(7, 4)) for n in "rzh"}
    p |= {f"b_{n}": rng.normal(size=4) for n in "rzh"}
    x, h, other = (rng.uniform(-1, 1, size=(6, n)) for n in (3, 4, 4))
    r = 1 / (1 + np.exp(-np.hstack([h, x]) @ p["W_r"] - p["b_r"]))
    candidate = np.tanh(np.hstack([r * h, x]) @ p["W_h"] + p["b_h"])

    def new(h, **biases):
        forced = p | {name: np.full(4, value) for name, value in biases.items()}
        tensors = {name: ops.convert_to_tensor(value) for name, value in forced.items()}
        return np.asarray(step(ops.convert_to_tensor(x), ops.convert_to_tensor(h), tensors))

    return {
        "keep": np.abs(new(h, b_z=-50.0) - h).max(),
        "replace": np.abs(new(h, b_z=50.0) - candidate).max(),
        "blind": np.abs(new(h, b_z=50.0, b_r=-50.0) - new(other, b_z=50.0, b_r=-50.0)).max(),
    }


fig, (left, right_axis) = plt.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
cells = {"right": right, "A: z exchanged": exchanged, "B: no reset gate": no_reset}
for place, (name, step) in enumerate(cells.items()):
    keras.utils.set_random_seed(2)
    gru_cell = step  # `build_own_rnn` finds this one
    try:
        curve = fit(build_own_rnn("gru", (20, 8), 32, 10), *data, epochs=8, learning_rate=0.01)
    finally:
        gru_cell = own_cell
    left.plot(range(1, 9), curve, ".-", label=f"{name}: {curve[-1]:.1%}")
    gaps = gate_tests(step)
    where = np.arange(3) + 0.27 * (place - 1)
    right_axis.bar(where, list(gaps.values()), 0.25, label=name)
left.set(xlabel="epoch", ylabel="accuracy on new digits", ylim=(0, 1))
left.legend()
right_axis.set_xticks(range(3), gaps)
right_axis.set_yscale("symlog", linthresh=1e-6)
right_axis.set(title="Forced gates: distance from what they promise", ylim=(0, 100))
right_axis.legend(fontsize="small")
plt.show()

# %% [markdown]
# <details><summary><b>What happened</b> (open it after you have compared)</summary>
#
# - **Accuracy notices neither.** A is a GRU with another name for its gate, and trains as well. B
#   is a poorer cell, a little behind here; but three points of a hundred are what another seed
#   makes, too.
# - **A** fails *keep* and *replace*, and *blind* too: with its gate turned over, $b_z=50$ *keeps*
#   the old state, and the result is nothing but that.
# - **B** fails *replace*, where the reset gate is half open, and *blind*, where it should be shut.
#   It passes *keep*: with the update gate shut, nobody looks at the candidate.
#
# So what a gate does is tested by forcing it, one gate at a time. The checks of this unit do the
# same: that is how they tell an exchanged gate from a missing one. And a good accuracy is no proof
# of a right cell.
#
# </details>
#
# ## On a GPU: a longer memory
#
# The marked token with more of everything: 8 kinds, 300 steps, 20,000 sequences, 128 units, 40
# epochs, each cell of Keras from three starts. How many are right where the mark lies in the first
# tenth? That is for a runner with a GPU. Where there is none, the cell makes do with a small round,
# so that you can see it work; what is at chance there (12 %) has only begun to learn.

# %% tags=["experiment"]
import tensorflow as tf

gpu = bool(tf.config.list_physical_devices("GPU"))
m, steps, units, epochs, starts = (20_000, 300, 128, 40, 3) if gpu else (320, 20, 16, 1, 1)
rng = np.random.default_rng(2)
X, Y, _ = marked(m, steps, rng, kinds=8)
X_new, Y_new, _ = marked(m // 10, steps, rng, steps // 10, kinds=8)
print(f"the token that was marked last, {steps} steps, {m} sequences, {epochs} epochs")
for name in ("GRU", "LSTM", "SimpleRNN"):
    for start in range(starts):
        keras.utils.set_random_seed(start)
        layer = getattr(keras.layers, name)(units)
        model = keras.Sequential([keras.Input(X.shape[1:]), layer, keras.layers.Dense(8)])
        curve = fit(model, X, Y, X_new, Y_new, epochs, 100)
        print(f"{name:9} start {start}: best {max(curve):.1%}, in the end {curve[-1]:.1%}")

# %% [markdown]
# ## What you can explain now
#
# - Why does the state of a plain recurrent cell fade, and what in a GRU or an LSTM prevents it?
# - What does $z=0$ mean here, in Keras, and how does one come from one to the other?
# - Why may the memory $C$ of an LSTM exceed 1, while the state of a GRU can't?
# - Why is a cell in which reset happens after the matrix product another cell, not another
#   notation?
