# %% [markdown]
# # 07 · VGG, GoogLeNet, ResNet: networks made of blocks (经典的CNN)
#
# LeNet and AlexNet were drawn layer by layer. Two years later nobody did that any more: a network
# became a *stack of blocks*, and a paper was about the block. Three of them are still in use, each
# an answer to one question:
#
# | | | question | answer |
# |---|---|---|---|
# | VGG | 2014 | how large should a filter be? | 3 by 3, and more of them |
# | GoogLeNet | 2014 | 1 by 1, 3 by 3 or 5 by 5? | all of them side by side |
# | ResNet | 2015 | why does a deeper network do worse? | let each block add to what is there |
#
# You will write the blocks, and from each a small network for 10 by 10 digits:
#
# | | function | points |
# |---|---|---|
# | 1 | `vgg_block`, `build_vgg_mini` | 3 + 4 |
# | 2 | `inception_block`, `build_googlenet_mini` | 4 + 5 |
# | 3 | `identity_block`, `projection_block`, `build_resnet_mini` | 4 + 3 + 4 |
#
# About three hours; 27 points. After each function a cell runs `check("…")`: it says what is right
# so far, and where a result differs, why. The experiments are for looking and are not graded. At
# the end stand the three networks in full size, counted weight by weight.

# %%
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from autograder import check

Tensor = Any  # what layers take and give: a KerasTensor while a network is put together

# %% [markdown]
# ## The idea in a page
#
# ![The three blocks: a VGG block, an inception block, a residual block](figures/blocks.svg)
#
# Pictures are `(N, H, W, C)`, channels last. A block is a function from one stack of feature maps
# to the next: it takes a `KerasTensor`, calls layers on it and returns what comes out. Nothing is
# computed yet; a graph of layers grows (the *functional* way of Keras):
#
# ```python
# x = keras.Input((10, 10, 1))
# y = layers.Conv2D(16, 3, padding="same", activation="relu")(x)
# model = keras.Model(x, y)
# ```
#
# Two numbers say what a layer costs. A convolution with $C$ channels in, $K$ filters of $f\times f$
# and a bias has
#
# $$f^2\,C\,K + K \quad\text{parameters, and}\quad f^2\,C\,K\,H\,W\ \text{multiplications}$$
#
# on an output of $H\times W$. And two say what it sees: the *receptive field* (感受野), the part
# of the picture on which one output depends; and the channels that it mixes.
#
# How can anybody check a network without knowing its weights? Not by what it puts out once, with
# some seed. By what must be so for *any* weights: shapes and parameter counts; on which pixels and
# channels an output depends; what is left when a part is set to zero. And where the layers are
# pinned: put in known weights, and compare what comes out, and the gradient. `check` does all of
# that, and you can too.

# %% [markdown]
# ## 1. VGG (2014)
#
# Simonyan and Zisserman threw out every filter larger than 3 by 3. Two 3 by 3 convolutions in a row
# see 5 by 5 pixels, three see 7 by 7: $n$ of them see $2n+1$. With $C$ channels throughout, biases
# aside, that costs
#
# $$n\cdot 9\,C^2 \quad\text{instead of}\quad (2n+1)^2\,C^2,$$
#
# for $n=3$ that is $27\,C^2$ instead of $49\,C^2$, and there are three non-linearities instead of
# one. A VGG block is `n_conv` such convolutions, then max pooling that halves height and width.
# From block to block the filters are doubled: half as many rows and columns, twice as many
# channels. Hence the notes' "very deep, and enormous to compute, though simple in structure"
# (更深的卷积、池化、全连接层).


# %%
def vgg_block(x: Tensor, n_conv: int, filters: int) -> Tensor:
    """Convolutions of 3 by 3, then max pooling.

    Args:
        x: `(N, H, W, C)`, a KerasTensor; H and W are even.
        n_conv: number of convolutions, at least 1.
        filters: of each of them.

    Returns:
        `(N, H/2, W/2, filters)`, a KerasTensor: `n_conv` convolutions of 3 by 3 with bias and zero
        padding ("same"), a relu after each; then max pooling, 2 by 2 with stride 2.  No batch
        normalisation.
    """
    ### BEGIN SOLUTION
    for _ in range(n_conv):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    return layers.MaxPooling2D(2)(x)
    ### END SOLUTION


# %% [markdown]
# ### Experiment: what one output sees
#
# The receptive field can be *measured*: take one place of the output, and see at which pixels its
# gradient with respect to the picture is not zero. Here the weights of the convolutions are all
# 0.1 and the picture is positive, so no relu is shut and nothing cancels. (Max pooling hands
# the gradient to the largest of its four places only, so the field shown is that of one
# convolution.) Guess the sizes before you run the cell.


# %% tags=["experiment"]
import tensorflow as tf  # for gradients; everything else is Keras


def support(block, size=15, channels=1):
    """How often each pixel reaches the middle of a block's output, by the gradient."""
    picture = keras.Input((size, size, channels))
    model = keras.Model(picture, block(picture))
    model.set_weights([np.full(w.shape, 0.1) for w in model.get_weights()])
    x = tf.convert_to_tensor(np.random.default_rng(0).uniform(1, 2, (1, size, size, channels)))
    x = tf.cast(x, "float32")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = model(x)
        middle = y[0, y.shape[1] // 2, y.shape[2] // 2, 0]
    return np.asarray(tape.gradient(middle, x))[0].sum(axis=-1)


fields = {f"vgg_block, {n} conv": support(lambda x, n=n: vgg_block(x, n, 2)) for n in (1, 2, 3)}
fields["one 5 by 5"] = support(lambda x: layers.Conv2D(2, 5, padding="same")(x))
fig, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained")
for axis, (name, field) in zip(axes, fields.items(), strict=True):
    rows = np.flatnonzero(field.any(axis=1))
    axis.imshow(np.where(field > 0, field / field.max(), np.nan), cmap="viridis", vmin=0)
    axis.set(title=f"{name}: {len(rows)} by {len(rows)}", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# Two convolutions see as far as one 5 by 5. But look at the colours: through several layers the
# middle is reached on many ways, the corners on one. A deep network looks at the middle of its
# field more than at the rim; the *effective* receptive field is smaller than the one that
# arithmetic promises.
#
# ### A small VGG
#
# VGG-16 has five blocks and three dense layers. Ours has two blocks, for pictures that are two
# or three handfuls of pixels wide. Call `vgg_block`: that is what blocks are for. `check` puts a
# stand-in in its place, so that a slip in your block costs no points here.
#
# `check` also trains it, with your own block (with a stand-in for one that can't be used yet): 10
# epochs on 640 drawn digits, by Adam with a rate that falls from 0.004, without dropout. It asks
# for 85 % of 400 others; a right one typically gets 91 %, and up to three trainings are tried.
# (Logistic regression on the 100 pixels stays below 80 %.)


# %%
def build_vgg_mini(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """A small VGG; not compiled, not trained.

    Use layers of `keras.layers` and functions of `keras.ops`, no layer class of your own.

    Args:
        input_shape: `(H, W, C)`; H and W are divisible by 4.
        classes: number of classes.

    Returns:
        A model, built with `vgg_block`: a block of 2 convolutions with 16 filters; one of 2 with
        twice as many; flattened; a dense layer of 64 units with relu; a dense layer of `classes`
        units with softmax.
    """
    ### BEGIN SOLUTION
    inputs = keras.Input(input_shape)
    x = vgg_block(inputs, 2, 16)
    x = vgg_block(x, 2, 32)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inputs, outputs)
    ### END SOLUTION


# %% [markdown]
# ### Experiment: feature maps
#
# The pictures come from `digit_pictures`, which draws as many as you like: a digit in one of several
# ways to write it, bent, sheared and scaled by chance, at a place of its own, and a scratch that
# means nothing. No data set holds them, so nobody has seen them before.
#
# 640 digits to learn from, 600 others to be judged by; then the *feature maps* (特征图) of one
# digit: what the last filters of each block make of it, before the pooling. A filter is a question,
# a bright place a yes.

# %% tags=["experiment"]
from autograder import digit_pictures

drawing = np.random.default_rng(0)
drawn, labels = digit_pictures(
    drawing, 1240, (10, 10), height=(7, 8.5), clutter=1, noise=0.03, inverted=0
)
pictures = (drawn / 16).astype("float32")[..., None]
train, test = np.arange(640), np.arange(640, 1240)


def fit(model, epochs, rate):
    """Trains on the digits; the accuracy on new ones after each epoch.

    What `model.fit` would do, written out: for so few steps that is quicker.
    """
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)

    @tf.function(autograph=False)
    def step(x, y):
        with tf.GradientTape() as tape:
            outputs = model(x, training=True)
            loss = ops.mean(keras.losses.sparse_categorical_crossentropy(y, outputs))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    reached = []
    for _ in range(epochs):
        for batch in np.random.permutation(train).reshape(-1, 32):
            step(tf.constant(pictures[batch]), tf.constant(labels[batch]))
        found = np.argmax(model(pictures[test]), axis=-1)
        reached.append(np.mean(found == labels[test]))
    return reached


keras.utils.set_random_seed(1)
vgg = build_vgg_mini((10, 10, 1), 10)
print(f"accuracy on new digits: {fit(vgg, 8, 3e-3)[-1]:.1%}; {vgg.count_params()} parameters")

sample = pictures[test][:1]
stages = [layer.input for layer in vgg.layers if isinstance(layer, layers.MaxPooling2D)]
maps = keras.Model(vgg.input, stages)(sample)
fig = plt.figure(figsize=(11, 3.4), layout="constrained")
left, middle, right = fig.subfigures(1, 3, width_ratios=(1, 2, 2))
axis = left.subplots()
axis.imshow(sample[0, ..., 0], cmap="gray_r")
axis.set(title=f"a {labels[test][0]}", xticks=[], yticks=[])
for part, stage in zip((middle, right), maps, strict=True):
    stage = np.asarray(stage)[0]
    part.suptitle(f"{stage.shape[0]} by {stage.shape[1]}, 16 of {stage.shape[2]} channels")
    for k, axis in enumerate(part.subplots(4, 4).flat):
        axis.imshow(stage[..., k], cmap="magma", vmin=0, vmax=stage.max())
        axis.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# In the first block you still recognise the digit: one filter answers its vertical strokes, another
# the horizontal ones, or the empty paper beside them. The second one has five by five places left
# and says *what* is there rather than where. Some filters are dark throughout: they wait for other
# digits, or for none (a relu that never opens).

# %% [markdown]
# ## 2. GoogLeNet (2014)
#
# Which filter size is right depends on the picture: the same dog may fill it or stand far off.
# Szegedy and others let the network choose: four branches look at the same maps, and what they find
# is put side by side, channel by channel (多个卷积结果concat):
#
# | branch | channels |
# |---|---|
# | 1 by 1 | `f1` |
# | 1 by 1 to `f3r` channels, then 3 by 3 | `f3` |
# | 1 by 1 to `f5r` channels, then 5 by 5 | `f5` |
# | 3 by 3 max pooling with stride 1, then 1 by 1 | `fpool` |
#
# The 1 by 1 convolution (1×1 CONV) mixes channels, at each place for itself. Before the larger
# filters it *reduces*: a 5 by 5 on 192 channels with 32 filters has $25\cdot192\cdot32=153\,600$
# weights; with 16 channels in between it has $192\cdot16+25\cdot16\cdot32=15\,872$, a tenth.
#
# > **Erratum.** The notes name convolutions only. The module has a fourth branch, the pooling one;
# > with stride 1 and zero padding like all the others, else the four results would not fit
# > together.


# %%
def inception_block(x: Tensor, f1: int, f3r: int, f3: int, f5r: int, f5: int, fpool: int) -> Tensor:
    """Four branches side by side.

    Args:
        x: `(N, H, W, C)`, a KerasTensor.
        f1: filters of the 1 by 1 branch.
        f3r: filters of the 1 by 1 convolution before the 3 by 3 one.
        f3: filters of the 3 by 3 convolution.
        f5r: filters of the 1 by 1 convolution before the 5 by 5 one.
        f5: filters of the 5 by 5 convolution.
        fpool: filters of the 1 by 1 convolution after the pooling.

    Returns:
        `(N, H, W, f1 + f3 + f5 + fpool)`, a KerasTensor, the branches in any order.  Every
        convolution has stride 1, zero padding ("same"), a bias, and a relu after it; the pooling
        takes the maximum of 3 by 3 places with stride 1, padded too.  No batch normalisation.
    """
    ### BEGIN SOLUTION

    def conv(x, filters, size):
        return layers.Conv2D(filters, size, padding="same", activation="relu")(x)

    pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    branches = [
        conv(x, f1, 1),
        conv(conv(x, f3r, 1), f3, 3),
        conv(conv(x, f5r, 1), f5, 5),
        conv(pooled, fpool, 1),
    ]
    return layers.Concatenate()(branches)
    ### END SOLUTION


# %% [markdown]
# ### Experiment: which branch sees what
#
# Silence three of the four branches (weights and bias zero), and measure what the fourth one sees.
# Which size will the pooling branch have?

# %% tags=["experiment"]
fig, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained")
picture = keras.Input((9, 9, 1))
model = keras.Model(picture, inception_block(picture, 2, 3, 4, 5, 6, 7))
# In your block layers may come in another order; these find them by what is unlike in each.
kernels = [(1, 1, 1, 2), (1, 1, 1, 3), (3, 3, 3, 4), (1, 1, 1, 5), (5, 5, 5, 6), (1, 1, 1, 7)]
own = {"1 by 1": [0], "3 by 3": [1, 2], "5 by 5": [3, 4], "pooling": [5]}
bumps = np.random.default_rng(0).uniform(1, 2, (1, 9, 9, 1)).astype("float32")
for axis, (name, numbers) in zip(axes, own.items(), strict=True):
    for layer in model.layers:
        if isinstance(layer, layers.Conv2D):
            alive = kernels.index(tuple(layer.kernel.shape)) in numbers
            layer.set_weights([np.full(w.shape, 0.1 * alive) for w in layer.get_weights()])
    x = tf.convert_to_tensor(bumps)
    with tf.GradientTape() as tape:
        tape.watch(x)
        middle = tf.reduce_sum(model(x)[0, 4, 4])
    field = np.asarray(tape.gradient(middle, x))[0, ..., 0]
    axis.imshow(np.where(field > 0, field / field.max(), np.nan), cmap="viridis", vmin=0)
    seen = int((field > 0).sum())
    axis.set(title=f"{name}: {seen} pixel{'s' * (seen > 1)}", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# The pooling branch depends on 3 by 3 pixels, but its gradient goes to one: the largest. (That is
# why a field is better measured by several pictures, or by pushing pixels, where pooling is
# involved.)
#
# ### A small GoogLeNet
#
# GoogLeNet has nine modules, and two **auxiliary heads**: small classifiers on half-way maps that
# bring gradient to the lower layers while the network is trained. Their losses are weighed with
# 0.3:
#
# $$J = J_{\text{main}} + 0.3\,J_{\text{aux1}} + 0.3\,J_{\text{aux2}}.$$
#
# To predict, they are thrown away.
#
# > **Erratum.** The notes say that an output stands after *every* block (每个块后面都有输出). There
# > are two, after modules 4a and 4d of nine, with weight 0.3, and only for training.
#
# Ours has four modules, named after those that they stand for, and a head after 4a and 4d besides
# the main one.
#
# `check` trains it, too, by the loss that your model is compiled with: 8 epochs on 640 drawn digits
# in batches of 16, by Adam with a rate that grows to 0.006 and falls again, without dropout. It asks
# for 86 % of 400 others from the main output; a right one typically gets 93 %.


# %%
def build_googlenet_mini(
    input_shape: tuple[int, int, int], classes: int, aux: bool = True
) -> keras.Model:
    """A small GoogLeNet; not trained.

    Use layers of `keras.layers` and functions of `keras.ops`, no layer class of your own.

    The way through it, built with `inception_block`; `(f1, f3r, f3, f5r, f5, fpool)` in brackets:

        3 by 3 convolution, 16 filters, zero padding ("same"), bias, relu
        module 3a  (8, 8, 12, 4, 6, 6)
        max pooling, 3 by 3, stride 2, zero padding ("same")
        module 4a  (12, 8, 16, 4, 8, 8)       aux1 reads what comes out here
        module 4d  (14, 10, 20, 4, 10, 10)    aux2 reads what comes out here
        module 5a  (16, 12, 24, 6, 12, 12)    main reads what comes out here

    Each head: global average pooling, then a dense layer of `classes` units with softmax.

    Args:
        input_shape: `(H, W, C)`.
        classes: number of classes.
        aux: whether the auxiliary heads are there.

    Returns:
        With `aux` a model with the outputs `[main, aux1, aux2]`, compiled with sparse categorical
        cross-entropy for each of them, and weights such that the loss is main + 0.3 aux1 + 0.3
        aux2 (any optimiser).  Without it, for predictions, a model with the main output alone.
    """
    ### BEGIN SOLUTION

    def head(x):
        return layers.Dense(classes, activation="softmax")(layers.GlobalAveragePooling2D()(x))

    inputs = keras.Input(input_shape)
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    x = inception_block(x, 8, 8, 12, 4, 6, 6)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    after_4a = inception_block(x, 12, 8, 16, 4, 8, 8)
    after_4d = inception_block(after_4a, 14, 10, 20, 4, 10, 10)
    main = head(inception_block(after_4d, 16, 12, 24, 6, 12, 12))
    if not aux:
        return keras.Model(inputs, main)
    model = keras.Model(inputs, [main, head(after_4a), head(after_4d)])
    losses = ["sparse_categorical_crossentropy"] * 3
    model.compile(optimizer="adam", loss=losses, loss_weights=[1.0, 0.3, 0.3])
    return model
    ### END SOLUTION


# %% [markdown]
# ### Experiment: what the heads bring
#
# The network as it is made, 64 digits, and the gradient of the loss by the weights of each
# convolution: once of the main loss alone, once with the heads' losses. Where should they differ,
# and where not at all?

# %% tags=["experiment"]
keras.utils.set_random_seed(3)
googlenet = build_googlenet_mini((10, 10, 1), 10)
x, y = pictures[train][:64], labels[train][:64]
convs = [layer for layer in googlenet.layers if isinstance(layer, layers.Conv2D)]
fig, axis = plt.subplots(figsize=(9, 3.2), layout="constrained")
for place, weight in enumerate((0.0, 0.3)):
    with tf.GradientTape() as tape:
        main, *heads = (
            ops.mean(keras.losses.sparse_categorical_crossentropy(y, output))
            for output in googlenet(x)
        )
        loss = main + weight * sum(heads)
    gradients = tape.gradient(loss, [layer.kernel.value for layer in convs])
    sizes = [float(tf.norm(gradient)) for gradient in gradients]
    where = np.arange(len(convs)) + 0.4 * place - 0.2
    axis.bar(where, sizes, 0.4, label=f"weight of the heads {weight}")
axis.set(xlabel="convolution, from the picture to the main head", ylabel="size of the gradient")
axis.legend()
plt.show()
alone = build_googlenet_mini((10, 10, 1), 10, aux=False)
print(f"{googlenet.count_params()} parameters to train, {alone.count_params()} to predict")

# %% [markdown]
# Below the heads most gradients are larger, that of the first convolution by more than half;
# in the last module, above them, they are what they were. A network of this depth can be trained
# without help, and later work found the heads to act as a regulariser more than as a source of
# gradient; batch normalisation (2015) made them unnecessary. Their story is worth knowing for the
# idea: a loss may sit anywhere in a network.

# %% [markdown]
# ## 3. ResNet (2015)
#
# Stack plain convolutions, 20 layers or 56: the deeper network has the larger error, *on the
# training data*. So it is not overfitting. And it is odd: the deeper network could do what the
# shallow one does, if only its additional layers did nothing, $y=x$. Gradient descent does not find
# that. So He and others made "nothing" the easy thing to do: a block computes what to *add*,
#
# $$y = \mathrm{relu}\bigl(x + F(x)\bigr),$$
#
# and with the weights of $F$ at zero it hands on $x$ (Res block更容易学习为Identity function). The
# gradient of $y$ by $x$ is $1+F'$ where the relu is open: whatever $F'$ does, the 1 remains.
#
# > **Erratum.** The notes date ResNet 2016, the year of the conference (CVPR); the paper is of
# > December 2015. And they say that it suffers less from vanishing or exploding gradients. The
# > paper itself says that the degradation is "unlikely to be caused by vanishing gradients": its
# > plain networks had batch normalisation, and healthy gradients.
#
# The block in this unit is the *basic* one of ResNet-18 and 34, for feature maps whose shape stays:
#
# ```text
# x ─► conv 3×3 ─► BN ─► relu ─► conv 3×3 ─► BN ─► (+) ─► relu ─► y
# └──────────────────── x ─────────────────────────┘
# ```
#
# Mind the end: *add first, then relu*. With the relu before the addition, $F$ could only ever add,
# never take away.


# %%
def identity_block(x: Tensor, filters: int) -> Tensor:
    """A residual block that keeps the shape.

    Args:
        x: `(N, H, W, filters)`, a KerasTensor.
        filters: of both convolutions; x has as many channels.

    Returns:
        `(N, H, W, filters)`, a KerasTensor: conv 3 by 3, batch normalisation, relu, conv 3 by 3,
        batch normalisation; x is added to it; relu.  The convolutions have stride 1 and zero
        padding, with or without bias; batch normalisation has its own γ and β.
    """
    ### BEGIN SOLUTION
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    return layers.ReLU()(layers.Add()([x, y]))
    ### END SOLUTION


# %% [markdown]
# What is $x$ to be added to when a block changes the number of channels, or halves height and
# width? The shapes no longer fit. Then the way around gets a 1 by 1 convolution with the same
# stride, the *projection*:
#
# ```text
# x ─► conv 3×3, stride s ─► BN ─► relu ─► conv 3×3 ─► BN ─► (+) ─► relu ─► y
# └─► conv 1×1, stride s ─► BN ──────────────────────────────┘
# ```
#
# > **Erratum.** The notes' "Conv block" is the one that makes height and width smaller
# > (高宽变小). It is the one that *changes the shape*: channels, size or both. In ResNet-50 the
# > first one has stride 1 and changes the channels only.


# %%
def projection_block(x: Tensor, filters: int, stride: int) -> Tensor:
    """A residual block that changes the shape.

    Args:
        x: `(N, H, W, C)`, a KerasTensor.
        filters: of all three convolutions.
        stride: of the first 3 by 3 convolution and of the projection.

    Returns:
        `(N, ⌈H/stride⌉, ⌈W/stride⌉, filters)`, a KerasTensor: conv 3 by 3 with `stride`, batch
        normalisation, relu, conv 3 by 3, batch normalisation; to it is added conv 1 by 1 of x with
        `stride`, batch normalisation; relu.  Zero padding, with or without bias.
    """
    ### BEGIN SOLUTION
    y = layers.Conv2D(filters, 3, strides=stride, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization()(y)
    y = layers.ReLU()(y)
    y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(y)
    y = layers.BatchNormalization()(y)
    skip = layers.Conv2D(filters, 1, strides=stride, use_bias=False)(x)
    skip = layers.BatchNormalization()(skip)
    return layers.ReLU()(layers.Add()([skip, y]))
    ### END SOLUTION


# %% [markdown]
# ### A small ResNet
#
# `check` also trains it, with your own blocks (with stand-ins for those that can't be used yet):
# 6 epochs on 640 digits, with a batch normalisation that forgets fast (momentum 0.8: there are few
# steps). It asks for 95 % of 400 others; a right one typically gets 98 %, and up to three trainings
# are tried. (Logistic regression on the 100 pixels stays below 80 %.)


# %%
def build_resnet_mini(input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """A small ResNet; not compiled, not trained.

    Use layers of `keras.layers` and functions of `keras.ops`, no layer class of your own.

    The way through it, built with `identity_block` and `projection_block`:

        3 by 3 convolution, 16 filters, zero padding, with or without bias
        batch normalisation, relu
        identity_block with 16 filters
        projection_block with 32 filters and stride 2
        identity_block with 32 filters
        global average pooling
        dense layer of `classes` units with softmax

    Args:
        input_shape: `(H, W, C)`.
        classes: number of classes.

    Returns:
        The model.
    """
    ### BEGIN SOLUTION
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(16, 3, padding="same", use_bias=False)(inputs)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = identity_block(x, 16)
    x = projection_block(x, 32, 2)
    x = identity_block(x, 32)
    x = layers.GlobalAveragePooling2D()(x)
    outputs = layers.Dense(classes, activation="softmax")(x)
    return keras.Model(inputs, outputs)
    ### END SOLUTION


# %% [markdown]
# ## Break it
#
# Three versions of the identity block:
#
# - **right**: yours.
# - **A**: relu *before* the addition, none after it.
# - **B**: the way around begins after the first convolution instead of before it.
#
# Beside them a **plain** block, the same without the addition. **Predict first**, and write it down:
#
# 1. All γ of the batch normalisations are 0, and all β. What should a block put out? Which of A, B
#    and plain fail that test?
# 2. The same with all β at $-1$. What should it put out now? Who fails?
# 3. A stack of A, a stack of yours: which one will be ahead after four epochs on the digits?


# %% tags=["experiment"]
def conv_bn(x, filters):
    return layers.BatchNormalization()(layers.Conv2D(filters, 3, padding="same")(x))


def relu_before(x, filters):
    y = conv_bn(layers.ReLU()(conv_bn(x, filters)), filters)
    return layers.Add()([x, layers.ReLU()(y)])


def late_skip(x, filters):
    late = layers.ReLU()(conv_bn(x, filters))
    return layers.ReLU()(layers.Add()([late, conv_bn(late, filters)]))


def plain(x, filters):
    return layers.ReLU()(conv_bn(layers.ReLU()(conv_bn(x, filters)), filters))


def zeroed(block, beta):
    """How far a block is from relu(x + beta) when all γ are 0."""
    x = keras.Input((5, 5, 4))
    model = keras.Model(x, block(x, 4))
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.gamma.assign(np.zeros(4))
            layer.beta.assign(np.full(4, beta))
    values = np.random.default_rng(0).normal(size=(2, 5, 5, 4)).astype("float32")
    return float(np.abs(np.asarray(model(values)) - np.maximum(values + beta, 0)).max())


blocks = {"right": identity_block, "A": relu_before, "B": late_skip, "plain": plain}
print("distance from relu(x + β)     β = 0    β = -1")
for name, block in blocks.items():
    print(f"{name:25}{zeroed(block, 0.0):10.3g}{zeroed(block, -1.0):10.3g}")


# %% tags=["experiment"]
def stack(block, depth=3):
    """A classifier with a stack of blocks, 8 channels wide."""
    inputs = keras.Input((10, 10, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    for _ in range(depth):
        x = block(x, 8)
    averages = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(averages))


fig, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for name in ("right", "A"):
    keras.utils.set_random_seed(4)
    model = stack(blocks[name])
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.8  # there are few steps
    curve = fit(model, 4, 5e-3)
    axis.plot(range(1, 5), curve, ".-", label=f"{name}: {curve[-1]:.1%}")
axis.set(xlabel="epoch", ylabel="accuracy on new digits", xticks=range(1, 5), ylim=(0, 1))
axis.legend()
plt.show()

# %% [markdown]
# <details><summary><b>What happened</b> (open it after you have compared)</summary>
#
# - **Right**: relu(x + β), to the last bit. The convolutions' part of the sum is β, whatever they
#   compute.
# - **A** fails both: what was negative in x stays so, as no relu comes after the addition; and with
#   β = -1 the relu before it swallows what should have been taken away.
# - **B** fails both: its way around hands on what the first convolution has made of x. With all γ at
#   0 that is β, the same for every picture: x is lost.
# - **Plain** puts out relu(β): it has forgotten x, too.
# - **Accuracy tells A from the right one by chance at best.** Both learn the digits; which is ahead
#   hangs on the seed. Try others.
#
# So a skip connection is tested by silencing what it leads around. The checks of this unit do the
# same.
#
# </details>

# %% [markdown]
# ## Full size
#
# The real ones: 224 by 224 pixels, 3 colours, 1000 classes. There is no need to make 138 million
# weights in order to count them. `Layout` follows the shape through the network and adds up what
# each layer would have. Read the three functions as what they are: the table in each paper,
# executable.


# %%
class Layout:
    """Follows a shape through a network and counts parameters and multiplications.

    No weight is made.  `shape` is `(H, W, C)`, after dense layers `(units,)`; `stages` holds for
    each stage its name, the shape after it, its parameters and its multiplications.

    Args:
        shape: of the picture.
        bias: whether convolutions have one.
        norm: parameters that batch normalisation has for each channel: 0 where there is none, 2
            (γ and β) that are trained, 4 with the moving averages.
    """

    def __init__(self, shape: tuple[int, ...], bias: bool = True, norm: int = 0) -> None:
        self.shape = shape
        self.bias, self.norm = bias, norm
        self.parameters = self.multiplications = 0
        self.stages: list[tuple[str, tuple[int, ...], int, int]] = []

    def conv(self, filters: int, size: int, stride: int = 1) -> None:
        """Zero padding such that the size is divided by the stride, rounded up."""
        H, W, C = self.shape
        self.shape = (-(-H // stride), -(-W // stride), filters)
        weights = size * size * C * filters
        self.parameters += weights + (self.bias + self.norm) * filters
        self.multiplications += weights * self.shape[0] * self.shape[1]

    def pool(self, stride: int) -> None:
        H, W, C = self.shape
        self.shape = (-(-H // stride), -(-W // stride), C)

    def average(self) -> None:
        """One number for each channel."""
        self.shape = self.shape[-1:]

    def dense(self, units: int) -> None:
        inputs = int(np.prod(self.shape))
        self.shape = (units,)
        self.parameters += (inputs + 1) * units
        self.multiplications += inputs * units

    def stage(self, name: str) -> None:
        """Ends a stage: what was counted since the last one is its own."""
        parameters = self.parameters - sum(stage[2] for stage in self.stages)
        multiplications = self.multiplications - sum(stage[3] for stage in self.stages)
        self.stages.append((name, self.shape, parameters, multiplications))


def vgg16_layout() -> Layout:
    """Simonyan and Zisserman 2014, configuration D."""
    net = Layout((224, 224, 3))
    for number, (convs, filters) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)]):
        for _ in range(convs):
            net.conv(filters, 3)
        net.pool(2)
        net.stage(f"block {number + 1}: {convs} conv")
    for units in (4096, 4096, 1000):
        net.dense(units)
        net.stage(f"dense {units}")
    return net


# Szegedy and others 2014, table 1: the module's name, then f1, f3r, f3, f5r, f5, fpool.
INCEPTION = [
    ("3a", 64, 96, 128, 16, 32, 32),
    ("3b", 128, 128, 192, 32, 96, 64),
    ("4a", 192, 96, 208, 16, 48, 64),
    ("4b", 160, 112, 224, 24, 64, 64),
    ("4c", 128, 128, 256, 24, 64, 64),
    ("4d", 112, 144, 288, 32, 64, 64),
    ("4e", 256, 160, 320, 32, 128, 128),
    ("5a", 256, 160, 320, 32, 128, 128),
    ("5b", 384, 192, 384, 48, 128, 128),
]


def googlenet_layout(aux: bool = False, largest: int = 5, bias: bool = True, norm: int = 0):
    """GoogLeNet; `largest` is the size of the largest filter in a module.

    An auxiliary head: average pooling 5 by 5 with stride 3 and without padding, 1 by 1 convolution
    to 128, dense 1024, dense 1000.
    """
    net = Layout((224, 224, 3), bias, norm)
    net.conv(64, 7, 2)
    net.pool(2)
    net.conv(64, 1)
    net.conv(192, 3)
    net.pool(2)
    net.stage("three conv")
    for name, f1, f3r, f3, f5r, f5, fpool in INCEPTION:
        if name in ("4a", "5a"):
            net.pool(2)
        H, W, _ = shape = net.shape
        for branch in ([(f1, 1)], [(f3r, 1), (f3, 3)], [(f5r, 1), (f5, largest)], [(fpool, 1)]):
            net.shape = shape
            for filters, size in branch:
                net.conv(filters, size)
        net.shape = (H, W, f1 + f3 + f5 + fpool)
        net.stage(f"module {name}")
        if aux and name in ("4a", "4d"):
            main = net.shape
            net.shape = ((H - 5) // 3 + 1, (W - 5) // 3 + 1, main[-1])
            net.conv(128, 1)
            net.dense(1024)
            net.dense(1000)
            net.stage(f"head after {name}")
            net.shape = main
    net.average()
    net.dense(1000)
    net.stage("average, dense 1000")
    return net


def resnet50_layout(bias: bool = False, norm: int = 2) -> Layout:
    """He and others 2015, table 1, 50 layers: bottleneck blocks of 1 by 1, 3 by 3, 1 by 1.

    The first block of each stage is a projection block; that of the first stage has stride 1.
    """
    net = Layout((224, 224, 3), bias, norm)
    net.conv(64, 7, 2)
    net.pool(2)
    net.stage("conv 7 by 7, pooling")
    for number, (blocks, filters) in enumerate([(3, 64), (4, 128), (6, 256), (3, 512)]):
        for block in range(blocks):
            stride = 2 if block == 0 and number > 0 else 1
            shape = net.shape
            if block == 0:
                net.conv(4 * filters, 1, stride)  # the projection
                net.shape = shape
            net.conv(filters, 1, stride)
            net.conv(filters, 3)
            net.conv(4 * filters, 1)
        net.stage(f"stage {number + 2}: {blocks} blocks")
    net.average()
    net.dense(1000)
    net.stage("average, dense 1000")
    return net


# %% tags=["experiment"]
nets = {"VGG-16": vgg16_layout(), "GoogLeNet": googlenet_layout(), "ResNet-50": resnet50_layout()}
for name, net in nets.items():
    print(
        f"\n{name}: {net.parameters / 1e6:.2f} million parameters, "
        f"{net.multiplications / 1e9:.2f} thousand million multiplications for one picture"
    )
    for stage, shape, parameters, multiplications in net.stages:
        size = " x ".join(map(str, shape))
        print(f"  {stage:22}{size:16}{parameters:>12,}{multiplications / 1e6:>10,.0f} M")

fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for axis, (name, net) in zip(axes, nets.items(), strict=True):
    where = np.arange(len(net.stages))
    weights = np.array([stage[2] for stage in net.stages]) / net.parameters
    work = np.array([stage[3] for stage in net.stages]) / net.multiplications
    axis.barh(where - 0.2, weights, 0.4, label="parameters")
    axis.barh(where + 0.2, work, 0.4, label="multiplications")
    axis.set_yticks(where, [stage[0] for stage in net.stages], fontsize=8)
    axis.invert_yaxis()
    axis.set(title=name, xlabel="share of the whole")
axes[0].legend(fontsize=8)
plt.show()

# %% [markdown]
# Three lessons sit in these bars.
#
# - **VGG keeps its parameters in the dense layers, and its work in the convolutions.** The first
#   dense layer alone has 103 of 138 million. GoogLeNet and ResNet average each channel instead and
#   need one small dense layer; so did you.
# - **GoogLeNet has a twentieth of VGG's parameters** and a tenth of its work: the 1 by 1
#   reductions. Multiply them out for module 5b without them, and see.
# - **ResNet-50 spreads its work evenly**: when height and width are halved, the channels double, and
#   each stage costs about as much as the last one. Its bottleneck blocks (1 by 1 down to a
#   quarter, 3 by 3, 1 by 1 up again) are GoogLeNet's idea on VGG's plan, around a sum.
#
# ## What you can explain now
#
# - Why do three 3 by 3 convolutions replace one of 7 by 7, and what is gained besides parameters?
# - Where in an inception block stand the 1 by 1 convolutions, and what would it cost without them?
# - What are the auxiliary heads for, and why are they no part of a prediction?
# - A residual block whose weights are all zero: what does it put out, and what is its gradient?
# - When does a residual block need a projection?
