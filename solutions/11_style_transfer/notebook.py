# %% [markdown]
# # 11 · Neural style transfer (图像风格迁移)
#
# Two photographs: a palace, and a flower. Can one be painted with the other's colours and strokes?
# The answer of Gatys, Ecker and Bethge (2015) is an odd kind of training. There is a convolutional
# network, but its weights stand still. What gradient descent changes is the **picture**: pixel by
# pixel, until the network finds the palace in it and cannot tell its texture from the flower's.
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `content_cost` | does the picture show the same things? |
# | 2 | `gram_matrix` | which features occur together, wherever they are |
# | 3 | `style_layer_cost` | does the picture have the same texture, on one layer? |
# | 4 | `style_cost` | the same on several layers |
# | 5 | `total_cost` | both wishes in one number |
# | 6 | `style_step` | one step of gradient descent on the picture |
#
# About two hours; 18 points. You need unit 06 (convolutions). After each function a cell runs
# `check("…")`: it says what is right so far, and where a result differs, why. The experiments are
# for looking: they call your code and are not graded.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import ops

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# Three pictures: the **content** C, the **style** S, and the **generated** one, G. All three go
# through the same network. On layer $l$ its activations are a block of $n_H\times n_W$ places with
# $n_C$ channels, each channel the answer of one filter: an edge here, a red spot there.
#
# - **Content** is what is *where*. C and G show the same things if their activations agree place by
#   place.
# - **Style** is what occurs *together*, wherever it is. If red comes with vertical edges all over S,
#   it shall do so in G. Add up the products of every two channels over all places, and the places are
#   gone: what is left is the **Gram matrix**.
#
# $$
# J(G)=\alpha\,J_{content}(C,G)+\beta\,J_{style}(S,G)
# $$
#
# and gradient descent lowers $J(G)$. The notes' advice: content from *one* layer (使用某一层来做),
# style from *several* (使用多层去做).
#
# > **Erratum.** The notes write $J(C,G)$ and $J(S,G)$ in their last sentence. Meant are
# > $J_{content}(C,G)$ and $J_{style}(S,G)$: two different functions, not one of two arguments.
#
# **Conventions.** One picture at a time: what your costs get are activations `(H, W, C)`, channels
# last and *without* an axis for examples. Code is written in `keras.ops`, since a gradient must come
# back through it to the picture: no `.numpy()`, no `float(...)`, no NumPy functions on the way. Costs
# are tensors with a single number, of shape `()`.
#
# ## The network
#
# Gatys used VGG, trained on a million photographs. A small network with *random* filters does
# surprisingly well (He, Wang and Hopcroft 2016), since a random filter answers to *some* pattern, and
# a picture with the same answers has the same patterns. This one has three convolutions; between
# them the picture is halved.


# %%
def feature_model(seed: int) -> keras.Model:
    """A frozen network with random filters: pictures `(N, H, W, 3)` to three activation maps.

    Equal seeds give equal networks. The maps are `(N, H, W, 16)`, `(N, H/2, W/2, 32)` and
    `(N, H/4, W/4, 48)`.
    """
    picture = keras.Input((None, None, 3))
    x = keras.layers.Rescaling(2.0, offset=-1.0)(picture)
    maps = []
    for number, filters in enumerate((16, 32, 48)):
        if maps:
            x = keras.layers.AveragePooling2D(2)(x)
        start = keras.initializers.HeNormal(seed=10 * seed + number)
        x = keras.layers.Conv2D(
            filters, 3, padding="same", activation="relu", kernel_initializer=start
        )(x)
        maps.append(x)
    model = keras.Model(picture, maps)
    model.trainable = False
    return model


# %% [markdown]
# ### Experiment: what the network sees
#
# The two photographs that scikit-learn brings along, made smaller, and some channels of each layer.
# Beside the random network there is one of the same form whose weights come from `data/features.npz`.
# They were *trained* on the same two photographs, to tell 48 places of them apart
# (`train_features.py` in the course's sources, about a minute on one core). Where do the two differ?

# %% tags=["experiment"]
from sklearn.datasets import load_sample_image


def photograph(name, size=96):
    """The middle of one of scikit-learn's photographs, `(size, size, 3)` in [0, 1]."""
    pixels = load_sample_image(name)[: size * 4, 64 : 64 + size * 4] / 255
    return pixels.reshape(size, 4, size, 4, 3).mean(axis=(1, 3)).astype("float32")


content_picture, style_picture = photograph("china.jpg"), photograph("flower.jpg")
networks = {"random": feature_model(0), "trained": feature_model(0)}
with np.load("data/features.npz") as weights:
    networks["trained"].set_weights([weights[name].astype("float32") for name in weights.files])

figure, axes = plt.subplots(2, 8, figsize=(11, 3.2), layout="constrained")
for row, (name, network) in zip(axes, networks.items(), strict=True):
    row[0].imshow(content_picture)
    row[0].set_ylabel(name)
    maps = [ops.convert_to_numpy(found)[0] for found in network(content_picture[None])]
    shown = [(0, 1), (0, 5), (1, 3), (1, 8), (1, 20), (2, 4), (2, 30)]
    for axis, (layer, channel) in zip(row[1:], shown, strict=True):
        axis.imshow(maps[layer][:, :, channel], cmap="viridis")
        axis.set_title(f"layer {layer + 1}, {channel}", fontsize=8)
    for axis in row:
        axis.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# Random filters answer to whatever is bright: in all three layers the sky is brighter than the
# palace, though there is nothing to see in it, and the border shows, where the convolution pads with
# zeros. With the trained ones the sky gets darker from layer to layer. The third answers to what tells
# one place from another: eaves, and red walls.
#
# ## 1. The content cost
#
# $$
# J_{content}(C,G)=\frac{1}{4\,n_H\,n_W\,n_C}\sum_{\text{all entries}}\left(a^{(C)}-a^{(G)}\right)^2
# $$
#
# > **Erratum.** Gatys' paper has $\tfrac12\sum$ instead. The constant is a convention, which $\alpha$
# > makes up for; asked for is the notes' one.
#
# $a^{(C)}$ is a *target*. It is known before the first step and stands still; nothing is to be learnt
# from how it could be moved. Say so with `ops.stop_gradient`.


# %%
def content_cost(aC: tf.Tensor, aG: tf.Tensor) -> tf.Tensor:
    """How far the activations of the generated picture are from those of the content.

    Args:
        aC: floats, `(H, W, C)`: the content's. A constant: no gradient goes back to it.
        aG: floats, `(H, W, C)`: the generated picture's.

    Returns:
        The cost, of shape `()`.
    """
    ### BEGIN SOLUTION
    H, W, C = aG.shape
    difference = ops.stop_gradient(aC) - aG
    return ops.sum(ops.square(difference)) / (4 * H * W * C)
    ### END SOLUTION


# %% [markdown]
# ## 2. The Gram matrix
#
# Let $v_i$ be channel $i$, all its $n_H n_W$ numbers in one row. Then
#
# $$
# G_{ij}=v_i^T v_j,\qquad G \text{ is } n_C\times n_C .
# $$
#
# > **Erratum.** The notes call it the *correlation* of the filters (每个filter之间相关程度). It isn't
# > quite: the means are not taken away, and nothing is divided by the spreads. It holds plain inner
# > products. On the diagonal stands how much a channel answers at all.
#
# Mind the layout. In `(H, W, C)` the numbers of one *place* lie next to each other in memory, not
# those of one channel. `reshape` doesn't move anything, it only counts anew, so a reshape to
# `(C, H*W)` gives rows that are no channels, and no error message. The test: shuffle the places of
# the block, and the Gram matrix must stay the same.


# %%
def gram_matrix(a: tf.Tensor) -> tf.Tensor:
    """The inner products of every two channels.

    Args:
        a: floats, `(H, W, C)`: the activations of one layer.

    Returns:
        `(C, C)`; nothing is divided by anything.
    """
    ### BEGIN SOLUTION
    channels = a.shape[-1]
    places = ops.reshape(a, (-1, channels))
    return ops.matmul(ops.transpose(places), places)
    ### END SOLUTION


# %% [markdown]
# ## 3. The style cost of a layer
#
# $$
# J^{[l]}_{style}(S,G)=\frac{1}{4\,n_C^2\,(n_H n_W)^2}\sum_{i=1}^{n_C}\sum_{j=1}^{n_C}
# \left(G^{(S)}_{ij}-G^{(G)}_{ij}\right)^2
# $$
#
# The Gram matrix grows with the number of places, its difference squared with the square of it.
# Dividing by $(n_H n_W)^2$ makes up for that: a wall of four tiles has the style of one.


# %%
def style_layer_cost(aS: tf.Tensor, aG: tf.Tensor) -> tf.Tensor:
    """How far the Gram matrices of two blocks of activations are from each other.

    Args:
        aS: floats, `(H, W, C)`: the style's.
        aG: floats, `(H, W, C)`: the generated picture's.

    Returns:
        The cost, of shape `()`.
    """
    ### BEGIN SOLUTION
    H, W, C = aG.shape
    difference = gram_matrix(aS) - gram_matrix(aG)
    return ops.sum(ops.square(difference)) / (4 * C**2 * (H * W) ** 2)
    ### END SOLUTION


# %% [markdown]
# ## 4. The style cost
#
# $$J_{style}(S,G)=\sum_l\lambda^{[l]}\,J^{[l]}_{style}(S,G)$$
#
# The first layers see small things, the later ones larger. It is a weighted *sum*: the λ need not add
# up to 1, and nothing is divided by the number of layers.


# %%
def style_cost(maps_S: list[tf.Tensor], maps_G: list[tf.Tensor], lambdas: list[float]) -> tf.Tensor:
    """The weighted sum of the layers' style costs.

    Args:
        maps_S: the style's activations, one `(H, W, C)` a layer, of different sizes.
        maps_G: the generated picture's, in the same order.
        lambdas: the weight of each layer.

    Returns:
        The cost, of shape `()`.
    """
    ### BEGIN SOLUTION
    layers = zip(lambdas, maps_S, maps_G, strict=True)
    return sum(weight * style_layer_cost(aS, aG) for weight, aS, aG in layers)
    ### END SOLUTION


# %% [markdown]
# ## 5. The total cost
#
# $$J(G)=\alpha\,J_{content}(C,G)+\beta\,J_{style}(S,G)$$
#
# Only the quotient $\beta/\alpha$ decides which picture is the best one; both weights are used as they
# are.


# %%
def total_cost(J_content: tf.Tensor, J_style: tf.Tensor, alpha: float, beta: float) -> tf.Tensor:
    """Both wishes in one number.

    Args:
        J_content: how far the content is, shape `()`.
        J_style: how far the style is, shape `()`.
        alpha: the weight of the content.
        beta: the weight of the style.

    Returns:
        The cost, of shape `()`.
    """
    ### BEGIN SOLUTION
    return alpha * J_content + beta * J_style
    ### END SOLUTION


# %% [markdown]
# ## 6. A step on the picture
#
# All comes together here. The picture is a `keras.Variable`, the network a function that is not
# touched. `tf.GradientTape` watches variables by itself:
#
# ```python
# with tf.GradientTape() as tape:
#     cost = ...               # computed from the variable, in ops
# gradient = tape.gradient(cost, variable.value)
# ```
#
# `optimizer.apply([gradient], [variable])` then moves the variable. Pixels live in [0, 1], and the step
# doesn't know that: afterwards, `variable.assign(...)` the picture with all that left the range
# brought back to its border (`ops.clip`). Afterwards, not inside of the tape: behind its border a
# clipped pixel has slope 0 and never comes back.


# %%
def style_step(
    image: keras.Variable,
    features: keras.Model,
    targets: tuple,
    optimizer: keras.optimizers.Optimizer,
) -> float:
    """One step of the optimizer on the picture, in place.

    Args:
        image: `(1, H, W, 3)` in [0, 1]; changed.
        features: gives, for such a picture, a list of activation maps `(1, h, w, c)`; its weights stay.
        targets: `(content_map, style_maps, lambdas, alpha, beta)`. `content_map` are the content's
            activations on the *last* layer, `style_maps` the style's on every layer, all without the
            axis for examples: `(h, w, c)`.
        optimizer: takes the step. It remembers earlier ones.

    Returns:
        The total cost before the step, a float.
    """
    ### BEGIN SOLUTION
    content_map, style_maps, lambdas, alpha, beta = targets
    with tf.GradientTape() as record:
        maps = [found[0] for found in features(image)]
        J_content = content_cost(content_map, maps[-1])
        J_style = style_cost(style_maps, maps, lambdas)
        cost = total_cost(J_content, J_style, alpha, beta)
    gradient = record.gradient(cost, image.value)
    optimizer.apply([gradient], [image])
    image.assign(ops.clip(image, 0.0, 1.0))
    return float(cost)
    ### END SOLUTION


# %% [markdown]
# ### Experiment: the palace, painted like the flower
#
# A hundred steps each for the random and the trained network, from the content. (The trained one's
# activations are larger, so its β is smaller.) Guess first: by which factor will the cost fall, and
# what will each network take from the flower?

# %% tags=["experiment"]


def transfer(features, content, style, alpha, beta, lambdas=(1, 1, 1), steps=100):
    """The generated picture and the cost before each step."""
    content_map = features(content[None])[-1][0]
    style_maps = [found[0] for found in features(style[None])]
    targets = (content_map, style_maps, lambdas, alpha, beta)
    image = keras.Variable(content[None])
    optimizer = keras.optimizers.Adam(0.02)
    costs = [style_step(image, features, targets, optimizer) for _ in range(steps)]
    return ops.convert_to_numpy(image)[0], costs


figure, axes = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained")
axes[0].imshow(content_picture)
axes[0].set_title("content")
axes[1].imshow(style_picture)
axes[1].set_title("style")
for axis, name, beta in zip(axes[2:4], ("random", "trained"), (100, 1), strict=True):
    painted, costs = transfer(networks[name], content_picture, style_picture, alpha=1, beta=beta)
    axis.imshow(painted)
    axis.set_title(f"{name} filters")
    axes[4].semilogy(np.array(costs) / costs[0], label=name)
    print(f"{name}: the cost falls to {costs[-1] / costs[0]:.3f} of what it was")
for axis in axes[:4]:
    axis.set(xticks=[], yticks=[])
axes[4].set(xlabel="step", title="cost, share of the first")
axes[4].legend()
plt.show()

# %% [markdown]
# The random network takes the flower's colours, dark green and orange, and leaves every line of the
# palace where it was. The trained one takes its surfaces too: broad patches of orange and of dark
# leaves, over which lines get lost.
#
# ### Experiment: how much of each
#
# The trained network, 50 steps a picture: two weights of the style; the style of one layer only; all
# three layers with λ that make their costs equal at the start; and the other way round: the flower,
# painted like the palace. First the layers' costs are printed. Guess: which layer alone will look
# like all three with λ = 1?

# %% tags=["experiment"]
trained = networks["trained"]
maps_of = {"content": trained(content_picture[None]), "style": trained(style_picture[None])}
start = [
    float(style_layer_cost(aS[0], aG[0]))
    for aS, aG in zip(maps_of["style"], maps_of["content"], strict=True)
]
print("style cost of each layer before the first step:", np.round(start, 2))
even = [start[-1] / cost for cost in start]
forward, backward = (content_picture, style_picture), (style_picture, content_picture)
trials = {
    "β = 0.03": (forward, 0.03, (1, 1, 1)),
    "β = 1": (forward, 1, (1, 1, 1)),
    "last layer only": (forward, 1, (0, 0, 1)),
    "first layer only": (forward, 0.3, (even[0], 0, 0)),
    "evened out": (forward, 0.3, even),
    "the other way round": (backward, 0.3, (1, 1, 1)),
}
figure, axes = plt.subplots(1, 6, figsize=(11, 2.4), layout="constrained")
for axis, (name, (pictures, beta, lambdas)) in zip(axes, trials.items(), strict=True):
    axis.imshow(transfer(trained, *pictures, 1, beta, lambdas, steps=50)[0])
    axis.set(xticks=[], yticks=[])
    axis.set_title(name, fontsize=9)
plt.show()

# %% [markdown]
# The last layer's cost is by far the largest, so with λ = 1 it decides alone: the second and the third
# picture hardly differ. The first layer sees 3 × 3 pixels and cares about colours at edges; the palace
# stays a palace. The last one sees 18 × 18 and moves whole patches. Evened out, both have their say.
#
# ## Break it
#
# Two wrong versions of the Gram matrix, and one of the normalisation:
#
# 1. `reshape` to `(C, H*W)` **without a transpose**: rows that are no channels.
# 2. The Gram matrix **of the places**: `(H*W, H*W)`, which place answers like which.
# 3. A style cost that is divided by $n_H n_W$ instead of its square.
#
# Predict: which of them survive if the places are shuffled? Which give another cost when the picture is
# laid out twice, side by side? Which check of this notebook fires first?

# %% tags=["experiment"]
rng = np.random.default_rng(11)
blocks = [10 * rng.random((4, 6, 3)) for _ in range(2)]


def without_transpose(a):
    rows = a.reshape(a.shape[-1], -1)
    return rows @ rows.T


def of_places(a):
    rows = a.reshape(-1, a.shape[-1])
    return rows @ rows.T


def right(a):
    rows = a.reshape(-1, a.shape[-1])
    return rows.T @ rows


def cost(gram, power, aS, aG):
    height, width, channels = aG.shape
    return np.sum((gram(aS) - gram(aG)) ** 2) / (4 * channels**2 * (height * width) ** power)


shuffled = [rng.permutation(a.reshape(-1, 3)).reshape(a.shape) for a in blocks]
twice = [np.concatenate([a, a], axis=1) for a in blocks]
print(f"{'':24} {'cost':>9} {'shuffled':>9} {'laid twice':>11}")
for name, gram, power in (
    ("right", right, 2),
    ("without a transpose", without_transpose, 2),
    ("of the places", of_places, 2),
    ("divided by HW once", right, 1),
):
    values = [cost(gram, power, *pair) for pair in (blocks, shuffled, twice)]
    print(f"{name:24} {values[0]:9.4f} {values[1]:9.4f} {values[2]:11.4f}")

# %% [markdown]
# Only the right one has both properties. In the checks, values give the first and the third away, and
# its shape the second, even with a single place. But where nobody knows the values, shuffling tells
# the first two, and laying the picture out twice the third: a *law* is the cheapest test of a formula.
