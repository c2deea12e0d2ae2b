# %% [markdown]
# # 06 · Convolutional networks: LeNet-5 and AlexNet (经典的CNN)
#
# A dense layer treats a picture as a list of numbers: shuffle all pixels in the same way, and it
# learns just as well. But pixels have neighbours, and a cat is a cat wherever it sits. Convolution
# and pooling are layers that know this. They brought the first networks that read digits in
# earnest, LeNet-5 (1998), and the one that began the present wave, AlexNet (2012).
#
# | | you write | what it is for |
# |---|---|---|
# | 1 | `conv_out_size` | how large the result is |
# | 2 | `conv2d` | convolution (卷积), in NumPy |
# | 3 | `pool2d` | pooling (池化), in NumPy |
# | 4 | `build_lenet5` | LeNet-5, in Keras |
# | 5 | `build_alexnet_mini` | AlexNet, small enough to train here |
#
# About three hours; 21 points. After each of them a cell runs `check("…")`: it says what is right
# so far, and where a result differs, why. Run it as often as you like. The experiments are for
# looking: they call your functions and are not graded.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# Lay a small window over the picture, multiply what it shows entry by entry with a *filter* of the
# same size, and add everything up: one number. Move the window on, and do it again. The numbers,
# in the order of the places, are a new picture, a *feature map*. It is large wherever the picture
# looks like the filter.
#
# ![A 3 by 3 window moves over the padded picture in steps of two; each place gives one
# number](figures/convolution.svg)
#
# Compare that with a dense layer, for a grey picture of 32×32 and six maps of 28×28:
#
# | | weights |
# |---|---|
# | dense: every output sees every pixel | $(32\cdot32+1)\cdot(28\cdot28\cdot6) = 4{,}821{,}600$ |
# | convolution: six filters of 5×5, each with a bias | $(5\cdot5+1)\cdot6 = 156$ |
#
# Two ideas make the difference. Each output sees only **neighbours**, and all places **share** the
# same weights. What is learned about an edge in one corner holds in every corner; and if the
# picture moves by a pixel, so does the feature map.
#
# A colour picture has a *depth* of three channels, and so has its filter: the window takes in all
# channels at once, and the sum runs over them too. One filter still gives **one** map. $K$ filters
# give $K$ maps, which are the channels of the next layer's picture.
#
# ## Conventions: the layout flips here
#
# Up to unit 05 every example was a column. From here on the examples come first and the channels
# last, as Keras has it:
#
# | | in code | shape |
# |---|---|---|
# | pictures | `X` | $(N, H, W, C)$: examples, rows, columns, channels |
# | filters | `W` | $(f, f, C, K)$: rows, columns, channels in, channels out |
# | biases | `b` | $(K,)$, one for each filter |
# | result | `Y` | $(N, H', W', K)$ |
#
# **Convolution is not turned over.** In mathematics (and in `scipy.signal.convolve`) the filter is
# turned by 180° before it is laid over the picture. Neural networks leave that out; strictly
# speaking they compute the *cross-correlation* (互相关). It makes no difference to what a network
# can learn, since the filter is learned anyway. To your numbers it does. Graded is the networks'
# form, without turning:
#
# $$
# Y_{n,i,j,k} = b_k + \sum_{u=0}^{f-1}\sum_{v=0}^{f-1}\sum_{c=0}^{C-1}
#   X^{pad}_{n,\; i s+u,\; j s+v,\; c}\; W_{u,v,c,k}
# $$
#
# with the stride $s$ (步长) and a picture that has been framed with `pad` zeros on all four sides.
#
# **Words for padding (填充).** `pad` is a number in this unit. Keras has two words: `"valid"` is
# `pad = 0`; `"same"` puts so many zeros around that with stride 1 the size stays as it is, which is
# $(f-1)/2$ on every side for odd $f$. With a larger stride `"same"` is a trap: TensorFlow then puts
# the zeros only where the last window needs some. A picture of 8×8 with a 3×3 filter and stride 2
# gets zeros at the bottom and on the right, and none above and on the left, unlike `pad = 1`.

# %% [markdown]
# ## 1. How large is the result?
#
# A picture with $n$ pixels along an axis has $n+2p$ after padding. The first window begins at pixel
# 0; the last one that still fits begins at $n+2p-f$ or shortly before. Between the two lie steps of
# $s$, so
#
# $$n' = \left\lfloor\frac{n+2p-f}{s}\right\rfloor + 1 .$$
#
# Rounded **down**: a window that sticks out is left out, and pixels at the far edge may never be
# seen. And $+1$, because the window also stands where it starts. (Fence posts and gaps.)


# %%
def conv_out_size(n: int, f: int, pad: int, stride: int) -> int:
    """The number of places of a window along one axis.

    Args:
        n: pixels along the axis, 1 or more.
        f: size of the window, 1 or more.
        pad: zeros that are put in front, and as many behind; 0 or more.
        stride: how far the window moves from place to place, 1 or more.

    Returns:
        The number of places at which the whole window lies inside the padded picture: an int.

    Raises:
        ValueError: the window is larger than the padded picture.
    """
    ### BEGIN SOLUTION
    if f > n + 2 * pad:
        raise ValueError(f"A window of {f} does not fit into {n} + 2·{pad} pixels.")
    return (n + 2 * pad - f) // stride + 1
    ### END SOLUTION


# %% [markdown]
# ## 2. Convolution
#
# Now the formula above. Loops over the places $(i, j)$ are fine; what happens at one place is one
# window, all examples and all filters at once, and NumPy does that without a loop (look at
# `np.tensordot` and `np.einsum`). Python loops over everything are right as well, only slow.
#
# Three things to get right:
#
# - The window at place $(i, j)$ begins at row $i\,s$ and column $j\,s$ of the *padded* picture.
# - The sum runs over rows, columns **and channels** of the window. The bias is added once, to the
#   sum.
# - Rows and columns differ: no picture here is square just because it would be convenient.
#
# Keras and TensorFlow have this as a finished function; using it doesn't count here.


# %%
def conv2d(X: np.ndarray, W: np.ndarray, b: np.ndarray, stride: int, pad: int) -> np.ndarray:
    """Convolution as in neural networks: the filters are not turned over.

    Args:
        X: float64 (N, H, W, C): pictures, channels last.
        W: float64 (f, f, C, K): K filters.
        b: float64 (K,): the bias of each filter.
        stride: how far the window moves, in both directions, 1 or more.
        pad: rows and columns of zeros on each of the four sides, 0 or more.

    Returns:
        float64 (N, H', W', K), H' and W' as `conv_out_size` has them. The arguments stay as they
        were.

    Raises:
        ValueError: the filters are larger than the padded pictures.
    """
    ### BEGIN SOLUTION
    f = W.shape[0]
    rows = conv_out_size(X.shape[1], f, pad, stride)
    columns = conv_out_size(X.shape[2], f, pad, stride)
    padded = np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Y = np.empty((X.shape[0], rows, columns, W.shape[3]))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = padded[:, top : top + f, left : left + f, :]
            Y[:, i, j, :] = np.tensordot(window, W, axes=3) + b
    return Y
    ### END SOLUTION


# %% [markdown]
# ### Experiment: filters made by hand
#
# Nobody has to train a filter to see what one does. Four of them on a photograph; grey is 0, bright
# is positive, dark is negative. Before you run the cell: the first filter has a column of $+1$ and
# one of $-1$. Which lines of the temple will it show, those that stand or those that lie? And where
# the roof meets the sky, will the second be bright or dark?

# %% tags=["experiment"]
from sklearn.datasets import load_sample_image

photograph = load_sample_image("china.jpg")[40:360:2, 60:540:2].mean(axis=2) / 255
filters = {
    "columns of +1 and -1": np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]]) / 4,
    "rows of +1 and -1": np.array([[1, 2, 1], [0, 0, 0], [-1, -2, -1]]) / 4,
    "mean of 5 by 5": np.full((5, 5), 1 / 25),
    "8 in the middle, -1 around": np.array([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]) / 2,
}
fig, axes = plt.subplots(1, 5, figsize=(13, 2.4), layout="constrained")
axes[0].imshow(photograph, cmap="gray")
axes[0].set(title=f"picture {photograph.shape}")
for axis, (name, taps) in zip(axes[1:], filters.items(), strict=True):
    pixels = photograph[None, :, :, None]
    seen = conv2d(pixels, taps[:, :, None, None].astype(float), np.zeros(1), 1, 0)[0, :, :, 0]
    limit = 1 if name.startswith("mean") else 0.5
    axis.imshow(seen, cmap="gray", vmin=limit - 1 if limit == 1 else -limit, vmax=limit)
    axis.set(title=f"{name}\n{seen.shape}")
for axis in axes:
    axis.axis("off")
plt.show()

# %% [markdown]
# The first filter compares left with right, so it answers to what stands: pillars, edges of walls.
# The second compares above with below. Where the bright sky lies above the dark roof it is
# positive, hence bright. The fourth is 0 wherever all nine pixels are equal, since its entries add
# up to 0: it sees detail and nothing else.

# %% [markdown]
# ### Worked example: the way back (not graded)
#
# Keras differentiates for you from here on, but the backward pass is short, and it shows what
# *sharing* means. Given $dY = \partial J/\partial Y$, turn the formula of $Y$ round: each $Y_{n,i,j,k}$
# used one window and one filter, so its gradient goes back to exactly these.
#
# $$
# \begin{aligned}
# \frac{\partial J}{\partial b_k} &= \sum_{n,i,j} dY_{n,i,j,k} \\
# \frac{\partial J}{\partial W_{u,v,c,k}} &= \sum_{n,i,j} X^{pad}_{n,\,is+u,\,js+v,\,c}\; dY_{n,i,j,k} \\
# \frac{\partial J}{\partial X^{pad}_{n,p,q,c}} &= \sum_{i s+u=p,\; j s+v=q,\; k} dY_{n,i,j,k}\; W_{u,v,c,k}
# \end{aligned}
# $$
#
# A weight that is used at every place gets a sum over all places. And the last line is a
# convolution of $dY$ with the filter *turned over*: this is where the 180° went.
#
# The code below is the loop of `conv2d` once more, with `+=` in place of `=`. The test compares it
# with central differences of **your** `conv2d`, on a picture of 5×5.


# %% tags=["experiment"]
def conv2d_backward(dY, X, W, stride, pad):
    """The gradients `(dX, dW, db)` of `conv2d`, given the gradient `dY` of its result."""
    frame = ((0, 0), (pad, pad), (pad, pad), (0, 0))
    framed = np.pad(X, frame)
    d_framed, dW, size = np.zeros_like(framed), np.zeros_like(W), len(W)
    for i in range(dY.shape[1]):
        for j in range(dY.shape[2]):
            down, right = (slice(place * stride, place * stride + size) for place in (i, j))
            dW += np.einsum("nuvc,nk->uvck", framed[:, down, right], dY[:, i, j])
            d_framed[:, down, right] += np.einsum("nk,uvck->nuvc", dY[:, i, j], W)
    inside = [slice(pad, pad + pixels) for pixels in X.shape[1:3]]
    return d_framed[:, *inside], dW, dY.sum(axis=(0, 1, 2))


rng = np.random.default_rng(0)
given = {"X": (2, 5, 5, 2), "W": (3, 3, 2, 3), "b": (3,)}
given = {name: rng.normal(size=shape) for name, shape in given.items()}
stride, pad = 2, 1
dY = rng.normal(size=conv2d(**given, stride=stride, pad=pad).shape)
gradients = conv2d_backward(dY, given["X"], given["W"], stride, pad)
for name, gradient in zip(given, gradients, strict=True):
    slopes = np.zeros_like(gradient)
    for index in np.ndindex(gradient.shape):
        costs = []
        for step in (1e-5, -1e-5):
            moved = given | {name: given[name].copy()}
            moved[name][index] += step
            costs.append(np.sum(dY * conv2d(**moved, stride=stride, pad=pad)))
        slopes[index] = (costs[0] - costs[1]) / 2e-5
    gap = np.abs(gradient - slopes).max() / np.abs(slopes).max()
    print(f"d{name} {gradient.shape!s:13} largest distance from the measured slopes: {gap:.1e}")

# %% [markdown]
# ## 3. Pooling (池化)
#
# Pooling makes maps smaller. A window again, but without weights: it takes the **largest** number
# of the window, or the **average**, and does so for every channel by itself. A picture with 6
# channels has 6 channels afterwards.
#
# The usual window is 2×2 with stride 2: the map is half as high and half as wide, and each output
# stands for a patch of its own. Max pooling asks *whether* the feature is there, in the patch, and
# not where exactly, so the result changes less when the picture moves by a pixel.
#
# The window need not move by its own size. AlexNet uses 3×3 with stride 2: neighbouring patches
# **overlap** by a row. And where windows don't fill the map exactly, the rows and columns left over
# at the far edge are dropped, as in section 1. There is no padding here.


# %%
def pool2d(X: np.ndarray, f: int, stride: int, mode: str) -> np.ndarray:
    """Pooling, without padding.

    Args:
        X: float64 (N, H, W, C): pictures, channels last.
        f: rows and columns of the window.
        stride: how far the window moves, in both directions; it may differ from `f`.
        mode: "max" or "average".

    Returns:
        float64 (N, H', W', C), H' and W' as `conv_out_size` has them with `pad = 0`. The argument
        stays as it was.
    """
    ### BEGIN SOLUTION
    rows = conv_out_size(X.shape[1], f, 0, stride)
    columns = conv_out_size(X.shape[2], f, 0, stride)
    pooled = {"max": np.max, "average": np.mean}[mode]
    Y = np.empty((X.shape[0], rows, columns, X.shape[3]))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = X[:, top : top + f, left : left + f, :]
            Y[:, i, j, :] = pooled(window, axis=(1, 2))
    return Y
    ### END SOLUTION


# %% [markdown]
# ### Experiment: what pooling forgives
#
# A piece of the photograph, and the same piece one pixel further to the right, both seen through the
# first two filters of above. How much do the feature maps change through this small step, before and
# after pooling? 0 would be not at all, 1 as much as maps of quite another piece differ. Guess the
# order of the six bars first.

# %% tags=["experiment"]
edges = np.stack(list(filters.values())[:2], axis=-1)[:, :, None, :]
maps = np.maximum(conv2d(photograph[None, :, :, None], edges, np.zeros(2), 1, 0), 0)
piece, moved, other = (maps[:, :128, start : start + 192] for start in (0, 1, 46))
ways = {
    "as they are": lambda maps: maps,
    "max 2×2": lambda maps: pool2d(maps, 2, 2, "max"),
    "max 3×3, stride 2": lambda maps: pool2d(maps, 3, 2, "max"),
    "average 4×4": lambda maps: pool2d(maps, 4, 4, "average"),
    "max 4×4": lambda maps: pool2d(maps, 4, 4, "max"),
    "max 8×8": lambda maps: pool2d(maps, 8, 8, "max"),
}
change = {}
for name, way in ways.items():
    small_step, far_away = (np.abs(way(piece) - way(maps)).mean() for maps in (moved, other))
    change[name] = small_step / far_away

fig, axes = plt.subplots(1, 4, figsize=(13, 2.6), layout="constrained", width_ratios=(3, 3, 3, 4))
for axis, name in zip(axes, ("as they are", "max 2×2", "max 8×8"), strict=False):
    shown = ways[name](piece)[0, :, :, 1]
    axis.imshow(shown, cmap="gray_r", vmax=0.4)
    axis.set(title=f"{name}: {shown.shape[0]}×{shown.shape[1]}")
    axis.axis("off")
bars = axes[3].barh(
    list(change), list(change.values()), color=["0.6", "C0", "C0", "C1", "C0", "C0"]
)
axes[3].bar_label(bars, fmt="%.2f")
axes[3].set(title="change through a step of one pixel", xlim=(0, 1))
axes[3].invert_yaxis()
plt.show()

# %% [markdown]
# The larger the patch, the less is left of the step; and of the same patch the maximum forgives more
# than the average. But look at the maps, too: the larger the patch, the less is left of the temple.
# Networks therefore pool little at a time, and convolve in between.

# %% [markdown]
# ## 4. LeNet-5
#
# Convolution, pooling, convolution, pooling, and dense layers at the end: this order is LeNet's, and
# it read the cheques of American banks. Depth grows from layer to layer (1, 6, 16, 120) while height
# and width shrink (32, 28, 14, 10, 5, 1): from *where* to *what*.
#
# ![LeNet-5: maps of 28 by 28, 14 by 14, 10 by 10, 5 by 5, then 120, 84 and 10
# units](figures/lenet5.svg)
#
# | layer | result | parameters |
# |---|---|---|
# | input | 32×32×1 | |
# | convolution 5×5, stride 1, no padding | 28×28×6 | $(5\cdot5\cdot1+1)\cdot6 = 156$ |
# | pooling 2×2, stride 2 | 14×14×6 | |
# | convolution 5×5, stride 1, no padding | 10×10×16 | $(5\cdot5\cdot6+1)\cdot16 = 2416$ |
# | pooling 2×2, stride 2 | 5×5×16 | |
# | 120 units, each of which sees all of 5×5×16 | 120 | $(400+1)\cdot120 = 48120$ |
# | 84 units | 84 | $(120+1)\cdot84 = 10164$ |
# | 10 units, softmax | 10 | $(84+1)\cdot10 = 850$ |
# | | | **61706** |
#
# > **Erratum.** The notes date LeNet to 1986. That is the year of the back-propagation paper of
# > Rumelhart, Hinton and Williams. LeCun's first convolutional network, for postal codes, is from
# > 1989; LeNet-5, the one above, from 1998.
#
# **What is free.** The original squashes with tanh and averages; today one takes relu and the
# maximum. Both are legal here: relu **or** tanh after every convolution and every hidden dense
# layer, max **or** average pooling. The 120 units may be a convolution (5×5 on 5×5 leaves 1×1) or a
# dense layer after `Flatten`: they are the same layer, with the same number of weights. (The
# original also gave each pooled map a coefficient and a bias of its own, connected the second
# convolution to chosen maps only, and ended in distances instead of a softmax. Nobody does that any
# more; coefficients that start at 1 and biases that start at 0 are accepted.)
#
# `check` copies given weights into your model, the same ones whichever form you chose, and compares
# outputs and gradients. It also trains it, for 8 epochs on 1600 digits of 32×32 pixels (each at a
# place of its own), and asks for 90 % of 400 others; a right one typically gets 95 %, and up to three
# trainings are tried. Logistic regression on the pixels stays below 65 %, and a network of dense
# layers alone below 90 %.


# %%
def build_lenet5(input_shape: tuple[int, int, int] = (32, 32, 1), classes: int = 10) -> keras.Model:
    """LeNet-5; not compiled, not trained.

    Args:
        input_shape: (32, 32, channels).
        classes: number of classes.

    Returns:
        A Sequential or functional model from `keras.layers` that maps (N, 32, 32, channels) to
        probabilities (N, classes): `keras.Input(input_shape)`, then the layers of the table, in its
        order, each convolution and hidden dense layer with a bias and relu or tanh, softmax at the
        end.
    """
    ### BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Conv2D(6, 5, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(16, 5, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(120, activation="relu"),
            keras.layers.Dense(84, activation="relu"),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    ### END SOLUTION


# %% [markdown]
# `AveragePooling2D` wants its `pool_size` said (Keras 3 has no default for it, though
# `MaxPooling2D` has one).
#
# ### Experiment: what LeNet has learned to see
#
# The pictures come from `digit_pictures`, which draws as many as you like: a digit in one of several
# ways to write it, bent, sheared and scaled by chance, at a place of its own. No data set holds
# them, so nobody has seen them before.
#
# 1600 digits to learn from, 800 others to be judged by. Then we look inside: the six filters of the
# first layer, and the maps that they make of one digit. (About ten seconds.)

# %% tags=["experiment"]
from autograder import digit_pictures

drawing = np.random.default_rng(0)
drawn, labels = digit_pictures(
    drawing, 2400, (16, 16), height=(10, 12.5), clutter=0, noise=0.03, inverted=0
)
small = (drawn / 16).astype("float32")[..., None]  # 16×16 pixels, from 0 to 1
X = (small.repeat(2, axis=1).repeat(2, axis=2) - 0.15) / 0.15  # around 0, as tanh and relu like it
train, test = np.arange(1600), np.arange(1600, 2400)


def fitted(model, X, epochs, learning_rate=2e-3):
    """The history of a training: a list for each measure, one entry an epoch."""
    model.compile(
        keras.optimizers.Adam(learning_rate),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model.fit(
        X[train],
        labels[train],
        validation_data=(X[test], labels[test]),
        batch_size=32,
        epochs=epochs,
        verbose=0,
    ).history


keras.utils.set_random_seed(1)
lenet = build_lenet5()
history = fitted(lenet, X, epochs=6)
print(f"{lenet.count_params()} weights; {history['val_accuracy'][-1]:.1%} of new digits are right")

first = next(layer for layer in lenet.layers if isinstance(layer, keras.layers.Conv2D))
taps = keras.ops.convert_to_numpy(first.kernel)[:, :, 0, :]
seen = keras.ops.convert_to_numpy(first(X[test[:1]]))[0]
fig, axes = plt.subplots(2, 7, figsize=(11, 3.4), layout="constrained")
for index in range(6):
    axes[0, index].imshow(taps[:, :, index], cmap="RdBu", vmin=-0.6, vmax=0.6)
    axes[0, index].set(title=f"filter {index + 1}")
    axes[1, index].imshow(seen[:, :, index], cmap="gray_r")
axes[1, 6].imshow(X[test[0], :, :, 0], cmap="gray_r")
axes[1, 6].set(title="the digit")
for axis in axes.ravel():
    axis.axis("off")
plt.show()

# %% [markdown]
# Some filters have a blue side and a red one: edges of some direction, like those that we made by
# hand, and nobody told the network. Others have hardly left the noise that they started from, and
# still they serve: the next layer weighs six views of the digit, not the prettiest one.
#
# What is convolution worth? Logistic regression on the same pixels gets about 60 %, and the nearest
# of the 1600 pictures about 75 %: to them a digit that stands two pixels further to the right is
# another picture. A network of dense layers must learn each digit at each place; the filters look
# everywhere, and pooling forgives a small step.

# %% [markdown]
# ## 5. AlexNet
#
# Fourteen years later: the same idea on ImageNet's 1.2 million photographs of 1000 kinds of things.
# AlexNet nearly halved the errors of what came before. It is LeNet's plan, larger, with
#
# - **relu** instead of tanh: no saturation, several times faster to train;
# - **overlapping** max pooling, 3×3 with stride 2;
# - three convolutions in a row without pooling in between;
# - **dropout** (unit 04) on the two large dense layers, where nearly all its weights are;
# - pictures that were cropped, mirrored and tinted at random (augmentation, unit 04);
# - two graphics cards, for five or six days.
#
# ### Worked example: the full size, without building it
#
# Sizes and counts need arithmetic only, and **your** `conv_out_size`. So there is no need to ask the
# machine for 62 million weights just to count them.

# %% tags=["experiment"]
ALEXNET = [  # convolution: filters, size, stride, padding; pooling: size, stride; dense: units
    ("convolution", 96, 11, 4, 0),
    ("pooling", 3, 2),
    ("convolution", 256, 5, 1, 2),
    ("pooling", 3, 2),
    ("convolution", 384, 3, 1, 1),
    ("convolution", 384, 3, 1, 1),
    ("convolution", 256, 3, 1, 1),
    ("pooling", 3, 2),
    ("dense", 4096),
    ("dense", 4096),
    ("dense", 1000),
]


def layout(layers, size, channels):
    """For each layer its name, the shape of its result and its number of parameters."""
    rows, units = [], None
    for kind, *numbers in layers:
        parameters = 0
        if kind == "convolution":
            filters, f, stride, pad = numbers
            parameters = (f * f * channels + 1) * filters
            size, channels = conv_out_size(size, f, pad, stride), filters
        elif kind == "pooling":
            size = conv_out_size(size, numbers[0], 0, numbers[1])
        else:
            inputs = units or size * size * channels
            units = numbers[0]
            parameters = (inputs + 1) * units
        rows.append((kind, (units,) if units else (size, size, channels), parameters))
    return rows


for kind, shape, parameters in layout(ALEXNET, 227, 3):
    print(f"{kind:12} {' × '.join(map(str, shape)):14} {parameters:12,}")
alexnet_parameters = sum(parameters for *_, parameters in layout(ALEXNET, 227, 3))
print(f"{'altogether':27} {alexnet_parameters:12,}")
assert alexnet_parameters == 62_378_344

# %% [markdown]
# Three things to see. The first dense layer alone has 60 % of all weights: that is where dropout is
# needed. The convolutions have 6 %, but do nearly all of the arithmetic, since each weight is used
# at every place. And the input must be 227×227: the paper says 224, but then $(224-11)/4$ leaves a
# rest and the first maps would not be 55×55. (The paper counts 61 million because it split some
# layers between the two cards, which did not talk to each other there.)
#
# ### AlexNet-mini
#
# For 16×16 pixels and one processor core, the same plan with small numbers, and one hidden dense
# layer instead of two:
#
# | layers | |
# |---|---|
# | convolution 5×5, pooling | padding "same", so only pooling shrinks the maps |
# | convolution 5×5, pooling | |
# | convolution 3×3, convolution 3×3, convolution 3×3, pooling | |
# | dense, dropout | |
# | dense, softmax | one unit for each class |
#
# All convolutions have stride 1, every pooling takes the maximum of 3×3 with stride 2 (`"valid"`: no
# padding), and relu follows every convolution and the hidden dense layer. With 16×16 the maps are
# 16, 7, 3 and 1 pixels wide.
#
# Six relus in a row need He's start, a variance of $2/n$ for $n$ inputs (unit 02): say
# `kernel_initializer="he_normal"` (or `"he_uniform"`) for the layers with relu. With Keras' default
# the signal fades on its way.
#
# **Widths are yours**: how many filters and units, and how much dropout (above 0; around a half is
# usual). Some 24 to 64 filters and 100 units are enough.
#
# `check` copies weights into your model whatever its widths: the first two channels of each layer
# carry a signal, the others repeat them, and nobody listens to those. Then it trains the model, on
# 1600 digits of 16×16 pixels for 6 epochs, and asks for 90 % of 400 others; a right one
# typically gets 95 %.


# %%
def build_alexnet_mini(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """A small AlexNet; not compiled, not trained.

    Args:
        input_shape: (height, width, channels), height and width 15 or more.
        classes: number of classes.

    Returns:
        A Sequential or functional model from `keras.layers` that maps pictures with values from 0
        to 1, (N, height, width, channels), to probabilities (N, classes):
        `keras.Input(input_shape)`, then the layers of the table, in its order.
    """

    ### BEGIN SOLUTION
    def convolution(filters: int, size: int) -> keras.layers.Layer:
        return keras.layers.Conv2D(
            filters, size, padding="same", activation="relu", kernel_initializer="he_normal"
        )

    def pooling() -> keras.layers.Layer:
        return keras.layers.MaxPooling2D(pool_size=3, strides=2)

    return keras.Sequential(
        [
            keras.Input(input_shape),
            convolution(24, 5),
            pooling(),
            convolution(32, 5),
            pooling(),
            convolution(48, 3),
            convolution(48, 3),
            convolution(48, 3),
            pooling(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, activation="relu", kernel_initializer="he_normal"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(classes, activation="softmax"),
        ]
    )
    ### END SOLUTION


# %% [markdown]
# ### Experiment: pictures from 0 to 255
#
# Pixels come as whole numbers from 0 to 255. Networks want numbers around 1: their random start
# weights are made for such inputs (unit 02). Here is AlexNet-mini trained twice from the same start,
# on digits from 0 to 1 and on the same digits from 0 to 255. What do you expect of the *first*
# cost, before anything is learned? A guesser's is $\ln 10\approx2.3$.

# %% tags=["experiment"]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.2), layout="constrained")
for scale, colour in ((1, "#1f5fa8"), (255, "#b3401f")):
    keras.utils.set_random_seed(4)
    alexnet = build_alexnet_mini((16, 16, 1), 10)
    guess = keras.ops.convert_to_numpy(alexnet(scale * small[test]))
    first = -np.log(np.maximum(guess[np.arange(len(test)), labels[test]], 1e-7)).mean()
    history = fitted(alexnet, scale * small, epochs=5)
    name = f"0 to {scale}: {history['val_accuracy'][-1]:.1%} right"
    axes[0].semilogy(range(6), [first, *history["val_loss"]], ".-", color=colour, label=name)
    axes[1].plot(range(1, 6), history["val_accuracy"], ".-", color=colour)
axes[0].axhline(np.log(10), color="0.6", linestyle=":")
axes[0].set(xlabel="epoch", title="cost on new digits; 0: before training")
axes[0].legend()
axes[1].set(xlabel="epoch", xticks=range(1, 6), title="accuracy on new digits", ylim=(0, 1))
plt.show()
try:
    alexnet.compile("adam", "categorical_crossentropy")
    alexnet.train_on_batch(small[:32], labels[:32])
except ValueError as error:
    print("The loss for one-hot labels, given class numbers, says:")
    print(str(error).splitlines()[0])

# %% [markdown]
# With pixels up to 255 the untrained network is not undecided but *sure*, and mostly of the wrong
# class. Training has to undo that first, and is far behind after five epochs; with a larger learning
# rate it may never recover. (Even with pixels from 0 to 1 the first cost is a little above that of
# guessing: He's start keeps the signal strong to the last layer.) The line at the bottom is a different mistake that is made as often: class numbers want
# `sparse_categorical_crossentropy`, one-hot rows want `categorical_crossentropy`. Be glad when it is
# an error.

# %% [markdown]
# ## Break it
#
# Two mistakes, made with your own `conv2d`:
#
# - **A** turns the filter over, as in mathematics.
# - **B** uses the stride for the size of the result, but not for where the windows begin: the window
#   at place $(i, j)$ starts at $(i, j)$ whatever the stride.
#
# And four tests:
#
# 1. *Delta*: a filter that is 0 but for a single 1, at $(u, v)$. The result should be the picture,
#    moved by $(u, v)$.
# 2. *Constant*: a picture that is 1 everywhere. The result should be the sum of the filter.
# 3. *Stride*: with stride 2 every second row and column of what stride 1 gives.
# 4. *Shift*: move the picture by a pixel (stride 1), and the result should move by a pixel.
#
# **Predict first**, and write it down: which of the four fire for A, which for B?


# %% tags=["experiment"]
def turned(X, W, b, stride, pad):
    return conv2d(X, W[::-1, ::-1], b, stride, pad)


def lagging(X, W, b, stride, pad):
    rows, columns = (conv_out_size(size, W.shape[0], pad, stride) for size in X.shape[1:3])
    return conv2d(X, W, b, 1, pad)[:, :rows, :columns]


def fires(convolve):
    """Which of the four tests notice something."""
    rng = np.random.default_rng(5)
    X, W, b = rng.normal(size=(1, 9, 7, 1)), rng.normal(size=(3, 3, 1, 1)), np.zeros(1)
    delta = np.zeros_like(W)
    delta[0, 2] = 1
    by_one = convolve(X, W, b, 1, 0)
    ones = convolve(np.ones_like(X), W, b, 1, 0)
    tests = {
        "delta": (convolve(X, delta, b, 1, 0), X[:, :-2, 2:]),
        "constant": (ones, np.full_like(ones, W.sum())),
        "stride": (convolve(X, W, b, 2, 0), by_one[:, ::2, ::2]),
        "shift": (convolve(X[:, :, 1:], W, b, 1, 0), by_one[:, :, 1:]),
    }
    return {name: not np.allclose(*sides) for name, sides in tests.items()}


for name, convolve in {"right": conv2d, "A: turned": turned, "B: lagging": lagging}.items():
    told = ", ".join(
        f"{test} {'FIRES' if fired else 'content'}" for test, fired in fires(convolve).items()
    )
    print(f"{name:11} {told}")

# %% [markdown]
# Only *delta* sees A. A turned filter is a filter like any other: it still keeps constants, shifts
# and strides. That is also why networks can do without turning. Only *stride* sees B, and no test
# with stride 1 can. A law is a test of what the law is about, and of nothing else; that is why
# `check("conv2d")` has so many of them.
#
# ## Outlook
#
# The notes go on with GoogLeNet, VGG and ResNet; unit 07 builds them, from the layers of this unit
# and the batch normalisation of unit 05.
#
# > **Erratum.** Three of their lines need a correction, which unit 07 explains. Not every Inception
# > block of GoogLeNet has an output of its own: there are two auxiliary ones, and they are dropped
# > after training. ResNet is from December 2015, and its authors doubt that vanishing gradients were
# > what had stopped deeper networks. And a "conv block" need not shrink the maps: it changes their
# > size, their number, or both.
#
# In unit 08 you will use once more that LeNet's 120 units
# are a convolution and a dense layer at the same time: it makes a network slide over a picture of
# any size.
