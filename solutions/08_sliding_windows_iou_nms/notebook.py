# %% [markdown]
# # 08 · Sliding windows, IoU, non-max suppression (滑动窗口 / 交并比 / 非极大值抑制)
#
# A classifier says *what* is in a picture. A detector (目标探测, object detection) also says
# *where*, and how often. The oldest recipe needs nothing new: slide a window over the picture and
# ask the classifier about each crop. Two things are wrong with it. It is slow, since neighbouring
# crops share most of their pixels; and it answers too often, since every window that overlaps an
# object says "here". This unit mends both:
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `dense_to_conv` | a dense layer, written as a convolution |
# | 2 | `convolutionalise` | a whole classifier that takes pictures of any size |
# | 3 | `sliding_window` | the slow way, to compare with |
# | 4 | `iou`, `iou_matrix` | how much two boxes are the same box |
# | 5 | `nms` | one box for each object |
# | 6 | `multiclass_nms` | … if there are several kinds of objects |
#
# About two and a half hours; 21 points. After each function a cell runs `check("…")`: it says what
# is right so far, and where a result differs, why. Run it as often as you like. The experiments are
# for looking: they call your functions and are not graded.

# %%
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# ![The same net on 14 by 14 and on 16 by 16 pixels](figures/fc_to_conv.svg)
#
# The upper row is a small classifier: a convolution, a pooling, then dense layers. Its convolution
# and its pooling don't care how large the picture is. Only the dense layers do, since their weights
# are counted out for $5\times5\times16$ numbers. But a dense unit that looks at *all* of a
# $5\times5\times16$ block is nothing else than a $5\times5\times16$ filter that has one place to
# go (将FC层转换成卷积层，这个转换实际上是等效的): both multiply the same numbers by the same weights
# and add them up. Written as a filter, it can go to other places as well. That is the lower row:
# two more pixels, and the very same weights give $2\times2$ answers, one for each of the four
# $14\times14$ windows, in one pass. What the windows share is computed once.
#
# That yields many boxes. To compare boxes there is one number, the **IoU**, the share of their
# common area; and with it **non-max suppression** keeps the best box of each heap.
#
# ## Conventions
#
# | symbol | in code | meaning |
# |---|---|---|
# | picture | `(H, W, C)`, in a batch `(N, H, W, C)` | row first: `image[y, x]` |
# | box | `[x1, y1, x2, y2]` | corners, floats; `x` to the right, `y` **down**; `x1 ≤ x2`, `y1 ≤ y2` |
# | $A$, $B$ | `(N, 4)`, `(M, 4)` | many boxes, one a row |
# | $P_c$ | `scores`, `(N,)` | how sure the detector is of each box |
#
# Mind the two orders: arrays are indexed row ($y$) first, boxes name $x$ first. No function
# changes its arguments.

# %% [markdown]
# ## 1. A dense layer is a convolution
#
# `Flatten` lays a block $x$ of shape $(h, w, c)$ out row by row, channels last: the value of row
# $r$, column $s$, channel $q$ goes to place $(r\,w + s)\,c + q$. Unit $j$ of the dense layer then
# computes
#
# $$z_j = b_j + \sum_{r,s,q} W_{(r w + s) c + q,\; j}\; x_{r,s,q}\,,$$
#
# and a convolution with kernel $K$ of shape $(h, w, c, k)$, at the one place where it fits,
#
# $$z_j = b_j + \sum_{r,s,q} K_{r,s,q,j}\; x_{r,s,q}\,.$$
#
# (What deep learning calls a convolution does not flip the kernel.) Compare the two sums: they tell
# where each weight has to go. In the notes' figure $5\times5\times16$ inputs and 400 units become
# 400 filters (400个filters就是400个值) with exactly as many weights as before.


# %%
def dense_to_conv(
    W: np.ndarray, b: np.ndarray, in_shape: tuple[int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The kernel and bias of the convolution that does what a dense layer does.

    Args:
        W: `(h*w*c, k)`: the weights of a dense layer behind a `Flatten`.
        b: `(k,)`: its biases.
        in_shape: `(h, w, c)`: the shape that `Flatten` gets, without the batch.

    Returns:
        `(kernel, b)`: `(h, w, c, k)`, as `keras.layers.Conv2D` keeps its kernel, and `(k,)`.
    """
    ### BEGIN SOLUTION
    return W.reshape(*in_shape, -1), b
    ### END SOLUTION


# %% [markdown]
# ## 2. A classifier for pictures of any size
#
# Go through the layers of the classifier. Convolutions, poolings and activations serve any size as
# they are. `Flatten` goes. The first dense layer becomes a convolution as large as the block that
# `Flatten` got; every dense layer after it sees a $1\times1$ block, and becomes a $1\times1$
# convolution. Activations stay: relu is applied number by number, and Keras' softmax to the last
# axis, which are the classes of *one* window.
#
# Keras helps: `model.input_shape` is `(None, H, W, C)`; a layer of a built model knows its
# `layer.input.shape`; `get_weights()` and `set_weights([...])` move arrays; and
# `keras.Input((None, None, channels))` is a picture whose size is open.
#
# > **Erratum.** The notes say that the picture goes through the net and *four* blocks come out at
# > once (这样可以同时对四个块进行计算). Four is the figure's example, not a rule: a net for 14×14
# > pixels whose strides multiply to 2, given 16×16. A picture of 28×28 gives 8×8 = 64 blocks. And
# > you can't choose the step from window to window: it is the product of all strides in the net
# > (with one 2×2 pooling: 2 pixels), as OverFeat found, which did this first.
#
# > Only layers without padding (`"valid"`) can be converted exactly: padding would put zeros
# > around *each* window in the slow way, but only around the whole picture in the fast one.


# %%
def convolutionalise(model: keras.Model) -> keras.Model:
    """The same classifier, for pictures of any size from the training size on.

    Args:
        model: a built `keras.Sequential` of convolutions and poolings without padding, one
            `Flatten`, and then dense layers. It maps `(N, h, w, c)` to `(N, k)`.

    Returns:
        A model with equal weights, without a dense layer, that maps `(N, H, W, c)` to
        `(N, H', W', k)`, also at the training size, where `H' = W' = 1`. `model` itself stays
        as it was.
    """
    ### BEGIN SOLUTION
    inputs = x = keras.Input((None, None, model.input_shape[-1]))
    for layer in model.layers:
        if isinstance(layer, keras.layers.Flatten):
            in_shape = tuple(layer.input.shape[1:])
        elif isinstance(layer, keras.layers.Dense):
            kernel, bias = dense_to_conv(*layer.get_weights(), in_shape)
            conv = keras.layers.Conv2D(layer.units, in_shape[:2], activation=layer.activation)
            x = conv(x)
            conv.set_weights([kernel, bias])
            in_shape = (1, 1, layer.units)
        else:
            x = layer(x)
    return keras.Model(inputs, x)
    ### END SOLUTION


# %% [markdown]
# ## 3. The slow way
#
# Cut out each window, classify it, note the answer in its place. You know at once what this should
# give, which makes it the judge of the fast way. Windows start at row and column $0$, stride,
# $2\cdot$stride, …, as long as they lie *wholly* in the picture; what is left over at the right and
# at the bottom is ignored.


# %%
def sliding_window(
    model: keras.Model, image: np.ndarray, win: int | tuple[int, int], stride: int
) -> np.ndarray:
    """What the classifier says of each window.

    Args:
        model: maps pictures `(N, h, w, C)` to `(N, k)`.
        image: `(H, W, C)`: one picture.
        win: the window's size in pixels, `(h, w)`, or one number if it is square.
        stride: the step from window to window in pixels, in both directions.

    Returns:
        `(rows, cols, k)`: at `[i, j]` the answer to the window whose top left pixel is
        `image[i * stride, j * stride]`. `image` stays as it was.
    """
    ### BEGIN SOLUTION
    h, w = (win, win) if np.ndim(win) == 0 else win
    rows = range(0, image.shape[0] - h + 1, stride)
    cols = range(0, image.shape[1] - w + 1, stride)
    crops = [image[y : y + h, x : x + w] for y in rows for x in cols]
    answers = ops.convert_to_numpy(model(np.stack(crops)))
    return answers.reshape(len(rows), len(cols), -1)
    ### END SOLUTION


# %% [markdown]
# ### Experiment: one pass against 64
#
# The notes' own net, with random weights, on a $28\times28$ picture: your map from one pass, beside
# your map from 64 crops. Before you run the cell: how many multiplications does the first layer
# make for one pass, and how many for 64 crops?

# %% tags=["experiment"]
from keras import layers

keras.utils.set_random_seed(8)
notes_net = keras.Sequential(
    [
        keras.Input((14, 14, 3)),
        layers.Conv2D(16, 5, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(400, activation="relu"),
        layers.Dense(400, activation="relu"),
        layers.Dense(4, activation="softmax"),
    ]
)
anywhere = convolutionalise(notes_net)
picture = np.random.default_rng(8).uniform(size=(28, 28, 3)).astype("float32")

slow = sliding_window(notes_net, picture, 14, 2)
fast = ops.convert_to_numpy(anywhere(picture[None]))[0]
print("maps:", slow.shape, fast.shape, " largest difference:", np.abs(slow - fast).max())
print("weights:", notes_net.count_params(), anywhere.count_params())
for size in (14, 16, 28):
    print(f"{size}×{size} pixels → {anywhere(np.zeros((1, size, size, 3))).shape[1:]}")
first = 5 * 5 * 3 * 16  # products for each place of the first layer's output
rest = 5 * 5 * 16 * 400 + 400 * 400 + 400 * 4  # for each window, in the dense layers
print(
    f"products in the first layer: {24 * 24 * first:,} in one pass, {64 * 10 * 10 * first:,} for crops"
)
print(f"products in the dense layers: {64 * rest:,} in both")

# %% [markdown]
# The maps agree to float32's last digits, and there are as many weights as before. The convolution
# is eleven times cheaper: a pixel lies in up to 49 windows here, and the slow way looks at it anew
# for each of them. What comes after the windows' common part is *not* shared: this net from the
# lecture has only one convolution and two large dense layers, which are computed for each window
# either way. The deeper the convolutions and the smaller the head, the more is saved; that is how
# nets for detection are built.

# %% [markdown]
# ## 4. Intersection over union (交并比)
#
# Is a box right? No predicted box equals the true one to the last digit, so we need a measure:
#
# $$IoU = \frac{\text{area}(A \cap B)}{\text{area}(A \cup B)}$$
#
# It is 1 for equal boxes, 0 for boxes without common area, and has no unit: the same in pixels and
# in metres. The union needs no geometry: it is the sum of both areas less what was counted twice.
# The intersection of two boxes is a box, unless it is empty. Its left edge is the *right-most* of
# the two left edges; think the other three through in the same way. And if it is empty, one of its
# sides comes out negative, or both.
#
# > **Erratum.** The notes write $\frac{A\cap B}{A\cup B}$: read *areas*. Two things they leave
# > open. Boxes that don't meet, or only touch, have IoU 0 (beware: the product of two negative sides
# > is positive). And coordinates are real numbers, so that a box from 2 to 5 is 3 wide. Code from
# > the age of whole pixels says `x2 - x1 + 1`; that is not meant here, and for small boxes it is
# > grossly wrong.
#
# A box without area (a line, a point) has IoU 0 with everything, itself included: 0, not 0/0.


# %%
def iou(a: np.ndarray, b: np.ndarray) -> float:
    """The intersection over union of two boxes.

    Args:
        a: `(4,)`, float64: `[x1, y1, x2, y2]`.
        b: `(4,)`, float64: another one.

    Returns:
        A number from 0 to 1; 0 if the boxes have no area in common.
    """
    ### BEGIN SOLUTION
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    both = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(common / (both - common))
    ### END SOLUTION


# %% [markdown]
# How large is an IoU of a half? Guess the three numbers before you run the cell. Most people guess
# too high: a box that is a tenth too far in both directions has lost a third.

# %% tags=["experiment"]
from sklearn.datasets import load_sample_image

flower = load_sample_image("flower.jpg")  # 427 rows, 640 columns
truth = np.array([168.0, 84.0, 446.0, 358.0])
guesses = {
    "a tenth too far": truth + 28,
    "twice the area": truth + np.array([-57, -57, 57, 57]),
    "the middle only": truth + np.array([69, 69, -69, -69]),
}


def draw(axis, box, color, text="", style="-"):
    x1, y1, x2, y2 = box
    edge = {"fill": False, "edgecolor": color, "linewidth": 1.8, "linestyle": style}
    axis.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, **edge))
    if text:
        axis.text(x1 + 1, y1 - 2, text, color=color, fontsize=8, weight="bold", va="bottom")


fig, axes = plt.subplots(1, 3, figsize=(11, 2.9), layout="constrained")
for axis, (name, guess) in zip(axes, guesses.items(), strict=True):
    axis.imshow(flower)
    draw(axis, truth, "white")
    draw(axis, guess, "cyan", style="--")
    axis.set(title=f"{name}: IoU {iou(truth, guess):.2f}", xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ### All pairs at once
#
# A detector compares hundreds of boxes with hundreds. Calling `iou` for each pair is right and
# slow; with broadcasting (`A[:, None]` against `B[None, :]`) NumPy does all pairs in a few
# operations. Either is accepted. Mind what is 0/0, and mind that there may be no box at all.


# %%
def iou_matrix(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The intersection over union of each box in `A` with each box in `B`.

    Args:
        A: `(N, 4)`, float64: boxes `[x1, y1, x2, y2]`; `N` may be 0.
        B: `(M, 4)`, float64: others; `M` may be 0.

    Returns:
        `(N, M)`, float64: at `[i, j]` the IoU of `A[i]` and `B[j]`. The arguments stay as they
        were.
    """
    ### BEGIN SOLUTION
    top_left = np.maximum(A[:, None, :2], B[None, :, :2])
    bottom_right = np.minimum(A[:, None, 2:], B[None, :, 2:])
    common = np.clip(bottom_right - top_left, 0, None).prod(axis=2)
    area_A = (A[:, 2:] - A[:, :2]).prod(axis=1)
    area_B = (B[:, 2:] - B[:, :2]).prod(axis=1)
    union = area_A[:, None] + area_B[None, :] - common
    return np.divide(common, union, out=np.zeros_like(common), where=common > 0)
    ### END SOLUTION


# %% [markdown]
# ## 5. Non-max suppression (非极大值抑制)
#
# Around each object there is a heap of boxes, all of them somewhat right. The notes' rule, applied
# to what is left after hopeless boxes have been thrown away:
#
# > 选取剩下框中，概率最高的，代表这个框有物体，然后去掉跟这个框重合度高的 …… 这个步骤循环进行
# >
# > Take the most probable of the boxes that are left: it stands for an object. Drop those that
# > overlap it much. Repeat.
#
# Two words carry the weight. *Left*: a box that has been dropped is gone, and drops no other. And
# *repeat*: one round finds one object.
#
# > **Erratum.** The notes do not say what "much" is. Here it is an argument: boxes whose IoU with
# > the box just taken is **above** `iou_thr` are dropped (0.5 is usual). Nothing is tested exactly
# > at the threshold, so that `>` and `>=` are both right. No two scores are equal either.


# %%
def nms(boxes: np.ndarray, scores: np.ndarray, iou_thr: float, max_out: int | None) -> np.ndarray:
    """Which boxes stay.

    Args:
        boxes: `(N, 4)`, float64: `[x1, y1, x2, y2]`; `N` may be 0.
        scores: `(N,)`, float64: the larger, the surer.
        iou_thr: boxes that overlap a better one that stays by more than this are dropped.
        max_out: at most so many boxes stay, the best ones; None for no limit.

    Returns:
        Integers: the places in `boxes` of those that stay, the best score first. The arguments
        stay as they were.
    """
    ### BEGIN SOLUTION
    kept: list[int] = []
    left = np.argsort(scores)[::-1]
    while left.size and len(kept) != max_out:
        best, left = left[0], left[1:]
        kept.append(best)
        overlaps = iou_matrix(boxes[best][None], boxes[left])[0]
        left = left[overlaps <= iou_thr]
    return np.array(kept, dtype=int)
    ### END SOLUTION


# %% [markdown]
# ## 6. Several kinds of objects
#
# A rider sits *on* a motorcycle: their boxes overlap by more than half, and both are right. So boxes
# compete only within their class.
#
# > **Erratum.** The notes' rule knows no classes; followed to the letter it would drop the rider.
# > Suppress **per class**. Nor do the notes give thresholds (the lecture they follow uses 0.6 for
# > $P_c$ and 0.5 for IoU): here both are arguments, and a box with `score >= score_thr` may stay.


# %%
def multiclass_nms(
    boxes: np.ndarray,
    scores: np.ndarray,
    classes: np.ndarray,
    score_thr: float,
    iou_thr: float,
) -> np.ndarray:
    """Which boxes stay, if boxes compete within their class only.

    Args:
        boxes: `(N, 4)`, float64: `[x1, y1, x2, y2]`; `N` may be 0.
        scores: `(N,)`, float64.
        classes: `(N,)`, integers: the class of each box.
        score_thr: boxes with a lower score are thrown away.
        iou_thr: as in `nms`.

    Returns:
        Integers: the places in `boxes` of those that stay, the best score first, over all
        classes. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    kept: list[int] = []
    for label in np.unique(classes):
        own = np.flatnonzero((classes == label) & (scores >= score_thr))
        kept.extend(own[nms(boxes[own], scores[own], iou_thr, None)])
    return np.array(sorted(kept, key=lambda place: -scores[place]), dtype=int)
    ### END SOLUTION


# %% [markdown]
# ## Experiment: digits in a photograph
#
# Now all of it together. We train a small classifier on $16\times16$ windows: handwritten digits
# on pieces of a dim photograph, and, as an eleventh class, windows that show the photograph only or
# a digit far off centre. Then it is made convolutional and looks at whole pictures that it has not
# seen, in one pass. Training takes a few seconds.

# %% tags=["experiment"]
from keras import layers
from sklearn.datasets import load_digits, load_sample_image

WIN, STRIDE, NOTHING = 16, 2, 10
rng = np.random.default_rng(0)
keras.utils.set_random_seed(0)

china = load_sample_image("china.jpg")[:426, :639].mean(axis=2) / 255
photo = 0.4 * china.reshape(142, 3, 213, 3).mean(axis=(1, 3))


def enlarged(digit):
    """8×8 → 16×16, smoothed a little in both directions."""
    big = np.pad(np.kron(digit / 16, np.ones((2, 2))), 1)
    big = (big[:-2] + 2 * big[1:-1] + big[2:]) / 4
    return (big[:, :-2] + 2 * big[:, 1:-1] + big[:, 2:]) / 4


data = load_digits()
digits = np.array([enlarged(image) for image in data.images])
shuffled = rng.permutation(len(digits))
seen, unseen = shuffled[:1400], shuffled[1400:]


def piece(size):
    """A piece of the photograph, somewhere."""
    y = rng.integers(0, photo.shape[0] - size + 1)
    x = rng.integers(0, photo.shape[1] - size + 1)
    return photo[y : y + size, x : x + size].copy()


def paste(canvas, digit, y, x):
    """Writes a digit into the picture, which changes."""
    place = canvas[y : y + WIN, x : x + WIN]
    np.maximum(place, digit, out=place)


def window(digit, off):
    """A window on a digit in the photograph, `off` pixels too far down and to the right."""
    canvas = piece(3 * WIN)
    paste(canvas, digit, WIN, WIN)
    y, x = WIN + off
    return canvas[y : y + WIN, x : x + WIN]


def far_off():
    while True:
        off = rng.integers(-14, 15, 2)
        if np.abs(off).max() >= 5:
            return off


windows, labels = [], []
for index in np.tile(seen, 2):
    windows.append(window(digits[index], rng.integers(-1, 2, 2)))
    labels.append(data.target[index])
    windows.append(window(digits[index], far_off()) if rng.random() < 0.6 else piece(WIN))
    labels.append(NOTHING)

classifier = keras.Sequential(
    [
        keras.Input((WIN, WIN, 1)),
        layers.Conv2D(12, 5, activation="relu"),
        layers.MaxPooling2D(STRIDE),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(11, activation="softmax"),
    ]
)
classifier.compile(
    optimizer=keras.optimizers.Adam(3e-3),
    loss="sparse_categorical_crossentropy",
    jit_compile=False,
)
X = np.array(windows, dtype="float32")[..., None]
history = classifier.fit(X, np.array(labels), batch_size=64, epochs=8, verbose=0)
print(f"loss: {history.history['loss'][0]:.2f} → {history.history['loss'][-1]:.3f}")

detector = convolutionalise(classifier)


def answers(picture):
    """The map of class probabilities, `(rows, cols, 11)`, in one pass."""
    batch = picture[None, ..., None].astype("float32")
    return ops.convert_to_numpy(detector(batch))[0]


def box_at(row, col):
    """The window behind one place of the map."""
    x, y = STRIDE * col, STRIDE * row
    return np.array([x, y, x + WIN, y + WIN], dtype=float)


found = named = 0
for index in rng.choice(unseen, 50, replace=False):
    canvas = piece(64)
    y, x = rng.integers(0, 64 - WIN + 1, 2)
    paste(canvas, digits[index], y, x)
    probabilities = answers(canvas)[..., :NOTHING]
    row, col, label = np.unravel_index(probabilities.argmax(), probabilities.shape)
    here = iou(box_at(row, col), np.array([x, y, x + WIN, y + WIN], dtype=float)) > 0.5
    found += here
    named += here and label == data.target[index]
print(f"one digit in each of 50 pictures: {found} found, {named} of them named rightly")

# %% [markdown]
# One picture with nine digits, and the map of your convolutional window: at each place the
# probability that the window there shows *some* digit. Each bright spot of it is a heap of boxes.
# Suppression per class leaves the dotted ones. Digits, unlike riders and motorcycles, never lie on
# one another, so here the survivors may compete once more, whatever their class: `nms` does that.

# %% tags=["experiment"]
scene = photo[:108, :160].copy()
corners = [(6, 8), (8, 60), (4, 112), (42, 30), (46, 84), (40, 136), (80, 10), (84, 62), (82, 116)]
for (y, x), index in zip(corners, unseen, strict=False):
    paste(scene, digits[index], y, x)

scene_map = answers(scene)
something = 1 - scene_map[..., NOTHING]
rows, cols = np.nonzero(scene_map.argmax(axis=-1) != NOTHING)
boxes = np.array([box_at(row, col) for row, col in zip(rows, cols, strict=True)])
classes = scene_map[rows, cols].argmax(axis=-1)
scores = scene_map[rows, cols, classes].astype(float)
per_class = multiclass_nms(boxes, scores, classes, 0.6, 0.2)
kept = per_class[nms(boxes[per_class], scores[per_class], 0.2, None)]

fig, axes = plt.subplots(2, 2, figsize=(11, 7.6), layout="constrained")
for axis in axes.flat:
    axis.set(xticks=[], yticks=[])
for axis in (axes[0, 0], axes[1, 0], axes[1, 1]):
    axis.imshow(scene, cmap="gray", vmin=0, vmax=1)
axes[0, 0].set_title(f"the picture, {scene.shape[0]}×{scene.shape[1]}")
shown = axes[0, 1].imshow(something, cmap="magma", vmin=0, vmax=1)
axes[0, 1].set_title(f"P(some digit) in each of {something.size} windows, one pass")
fig.colorbar(shown, ax=axes[0, 1], shrink=0.8)
for box in boxes:
    draw(axes[1, 0], box, "orange")
axes[1, 0].set_title(f"before: {len(boxes)} windows say “digit”")
for place in per_class:
    draw(axes[1, 1], boxes[place], "orange", style=":")
for place in kept:
    draw(axes[1, 1], boxes[place], "cyan", f"{classes[place]}: {scores[place]:.2f}")
axes[1, 1].set_title(f"after: {len(per_class)} boxes per class (dotted), {len(kept)} over all")
plt.show()

# %% [markdown]
# Suppression finds one box for each object and class. What remains wrong is the classifier's, not
# the suppression's: windows a little off centre are called by other names, and a 5 that is cut off
# looks like a 3. And all boxes have the window's size and lie on a grid of 2 pixels. Unit 09 lets
# the net itself say where a box ends.
#
# ## Break it
#
# Two mistakes that many published programs have made:
#
# 1. **An IoU without a floor at 0**: width times height of the intersection, negative or not.
# 2. **A suppression in which the dropped go on dropping**: a box goes if *any* box with a higher
#    score overlaps it.
#
# Below, two boxes that lie far apart; and three boxes A, B, C in a row, of which only neighbours
# overlap by more than a half. Predict before you run the cell, and write it down:
#
# - What is the IoU of the two boxes far apart, according to the first mistake?
# - Which of A, B, C stay, right and wrong? Which of the checks of `nms` fires: the one on heaps of
#   boxes, the one on chains, the one on laws?

# %% tags=["experiment"]
far_apart = np.array([[0.0, 0, 10, 10], [20, 20, 30, 30]])
chain = np.array([[0.0, 0, 10, 10], [2.5, 0, 12.5, 10], [5, 0, 15, 10]])
sure = np.array([0.9, 0.8, 0.7])


def iou_without_floor(a, b):
    common = (min(a[2], b[2]) - max(a[0], b[0])) * (min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(x2 - x1) * (y2 - y1) for x1, y1, x2, y2 in (a, b)]
    return common / (sum(areas) - common)


def nms_of_all(boxes, scores, iou_thr):
    overlaps = iou_matrix(boxes, boxes) > iou_thr
    better = scores[None, :] > scores[:, None]
    return np.flatnonzero(~(overlaps & better).any(axis=1))


print("far apart:  right", iou(*far_apart), " without a floor", iou_without_floor(*far_apart))
print(
    "neighbours", round(iou(chain[0], chain[1]), 2), " A and C", round(iou(chain[0], chain[2]), 2)
)
print("of A, B, C stay:  right", *("ABC"[i] for i in nms(chain, sure, 0.5, None)), end="")
print("  wrong", *("ABC"[i] for i in nms_of_all(chain, sure, 0.5)))

fig, axes = plt.subplots(1, 3, figsize=(11, 2.2), layout="constrained")
panels = {
    "all": range(3),
    "right": nms(chain, sure, 0.5, None),
    "the dropped drop others": nms_of_all(chain, sure, 0.5),
}
for axis, (name, places) in zip(axes, panels.items(), strict=True):
    for place in places:
        draw(axis, chain[place] + 0.3 * place, f"C{place}", "ABC"[place])
    axis.set(xlim=(-1, 17), ylim=(12, -3), title=name, xticks=[], yticks=[], aspect="equal")
plt.show()

# %% [markdown]
# The two boxes far apart are 10 too short in *both* directions: $(-10)(-10) = 100$, and the IoU is
# exactly 1, "the same box". With such an IoU, suppression drops boxes on the other side of the
# picture. It goes unnoticed wherever test boxes overlap, or lie beside each other.
#
# In the chain A drops B. C overlaps B, but B is gone and A is too far away, so C is a second object
# and stays. With the second mistake C is dropped by a box that is itself dropped. Only the check on
# chains fires: in a *heap* all boxes overlap the best one, so that both rules agree, and the check
# on laws looks at heaps only. (One of its laws does forbid it: each box that goes must overlap a
# better one that *stays*. But a law is only as good as the cases on which it is tried.)
