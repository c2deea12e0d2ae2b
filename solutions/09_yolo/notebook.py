# %% [markdown]
# # 09 · YOLO: You Only Look Once (目标探测)
#
# Unit 08 slid a window over the picture, and every box had the window's size. YOLO asks the net
# for the boxes themselves. The picture is cut into a grid of $3\times3$ cells
# (将图片分成3×3的块), and for *each cell* one pass of one net says: is there an object whose
# centre lies here, where exactly, how large, and what is it? Nine answers at once
# (不是分别进行预测，而是同时预测), trained like any regression.
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `encode_yolo` | from boxes to what the net should say |
# | 2 | `decode_yolo` | and back |
# | 3 | `yolo_loss` | how wrong an answer is |
# | 4 | `build_yolo` | a net from a picture to $3\times3\times8$ numbers |
# | 5 | `detect` | picture in, boxes out |
#
# About three hours; 20 points. After each function a cell runs `check("…")`: it says what is right
# so far, and where a result differs, why. Run it as often as you like. The experiments are for
# looking: they call your functions and are not graded.
#
# > **Erratum.** The notes' heading says "Your Only Look Once". It is *You* Only Look Once.

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
# ![Two boxes, nine cells, and the eight numbers of one cell](figures/grid.svg)
#
# For each cell the net gives
#
# $$y = [p_c,\; b_x,\; b_y,\; b_h,\; b_w,\; c_1,\; c_2,\; c_3]$$
#
# | symbol | meaning |
# |---|---|
# | $p_c$ | 1 if the *centre* of an object lies in this cell, else 0 |
# | $b_x$, $b_y$ | where in the cell the centre lies, from its upper left corner, in cells: 0 to 1 |
# | $b_h$, $b_w$ | height, then width of the box in cells; above 1 if it is larger than a cell |
# | $c_1, c_2, c_3$ | 1 for the object's class, 0 for the others |
#
# An object belongs to exactly one cell, the one that holds its centre, however many it covers. All
# nine cells together make the target of one picture, of shape $(3, 3, 8)$, row first.
#
# > **Erratum.** The notes do not say in which frame $b_x, b_y, b_h, b_w$ are measured. There are
# > two usual answers. The course that the notes follow measures both centre and size in cells,
# > from the cell's corner: that is what is graded here. The YOLO paper measures the centre like
# > that, but the size as a part of the whole *picture* (and has $7\times7$ cells with two boxes
# > each, and for $p_c$ the probability times the IoU). And mind the order: **height before
# > width**, as the notes write it.
#
# ## Conventions
#
# Pictures are `(H, W, 3)`, boxes in pixels are `[x1, y1, x2, y2]` as in unit 08: $x$ to the right,
# $y$ down. `img` is the size of the picture, one number if it is square, else `(H, W)`. Classes are
# integers from 0. Never do two objects have their centres in one cell. No function changes its
# arguments.

# %% [markdown]
# ## Pictures to learn from
#
# No data set is needed: the cell below draws scenes. On a dim ground there are one to three shapes,
# discs (ellipses), rectangles and triangles, of any colour, wide or tall, each with its centre in a
# cell of its own. The same seed gives the same scenes. You need not read the code, but look at the
# pictures.


# %%
SIZE, CELLS = 36, 3
SHAPES = ("ellipse", "rectangle", "triangle")


def scene(
    rng: np.random.Generator, noise: float = 0.04
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A picture `(36, 36, 3)` in [0, 1], its boxes `(n, 4)` in pixels, and their classes `(n,)`."""
    image = np.tile(rng.uniform(0.0, 0.25, 3), (SIZE, SIZE, 1))
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    cell = SIZE / CELLS
    boxes, classes = [], []
    for place in rng.permutation(CELLS * CELLS)[: rng.integers(1, 4)]:
        row, col = divmod(int(place), CELLS)
        long, short = rng.uniform(11, 15), rng.uniform(6.5, 8.5)
        h, w = (short, long) if rng.random() < 0.5 else (long, short)
        centre_y = np.clip((row + rng.uniform(0.1, 0.9)) * cell, h / 2, SIZE - h / 2)
        centre_x = np.clip((col + rng.uniform(0.1, 0.9)) * cell, w / 2, SIZE - w / 2)
        u, v = (x - centre_x) / (w / 2), (y - centre_y) / (h / 2)  # from -1 to 1 in the box
        label = int(rng.integers(len(SHAPES)))
        inside = (
            u**2 + v**2 <= 1,
            np.maximum(np.abs(u), np.abs(v)) <= 1,
            (np.abs(v) <= 1) & (np.abs(u) <= (v + 1) / 2),
        )[label]
        image[inside] = rng.uniform(0.45, 1.0, 3)
        boxes.append([centre_x - w / 2, centre_y - h / 2, centre_x + w / 2, centre_y + h / 2])
        classes.append(label)
    image += noise * rng.normal(size=image.shape)
    return np.clip(image, 0, 1), np.array(boxes), np.array(classes)


# %% tags=["experiment"]
COLOURS = ("gold", "cyan", "magenta")


def show(axis, image, boxes, classes, texts=None):
    """A picture with its grid and its boxes."""
    axis.imshow(image, extent=(0, image.shape[1], image.shape[0], 0))
    for k in range(1, CELLS):
        axis.axhline(k * image.shape[0] / CELLS, color="white", linewidth=0.4, alpha=0.6)
        axis.axvline(k * image.shape[1] / CELLS, color="white", linewidth=0.4, alpha=0.6)
    for number, ((x1, y1, x2, y2), label) in enumerate(zip(boxes, classes, strict=True)):
        edge = {"fill": False, "edgecolor": COLOURS[label], "linewidth": 1.6}
        axis.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, **edge))
        text = SHAPES[label] if texts is None else texts[number]
        axis.text(x1, y1 - 0.5, text, color=COLOURS[label], fontsize=7)
    axis.set(xticks=[], yticks=[])


rng = np.random.default_rng(1)
fig, axes = plt.subplots(1, 6, figsize=(12, 2.2), layout="constrained")
for axis in axes:
    show(axis, *scene(rng))
plt.show()

# %% [markdown]
# ## 1. From boxes to the target
#
# For each box: where is its centre, in cells? The whole part of that says which cell, the rest says
# where in the cell. Height and width are measured in cells as well. A picture of $H\times W$ pixels
# has cells of $\frac{H}{3}\times\frac{W}{3}$ pixels, which need not be square.
#
# A centre exactly on the border of two cells belongs to the right one or the lower one; on the
# picture's own right or lower edge there is no next cell, and the last one takes it.


# %%
def encode_yolo(
    boxes_xyxy: np.ndarray,
    classes: np.ndarray,
    img: int | tuple[int, int],
    grid: int = 3,
    n_classes: int = 3,
) -> np.ndarray:
    """What the net should say of a picture.

    Args:
        boxes_xyxy: `(n, 4)`, float64, in pixels: `[x1, y1, x2, y2]`; `n` may be 0.
        classes: `(n,)`, integers from 0: the class of each box.
        img: the size of the picture in pixels, `(H, W)`, or one number if it is square.
        grid: the number of cells in each direction.
        n_classes: the number of classes.

    Returns:
        `(grid, grid, 5 + n_classes)`, float64, row first: `[p_c, b_x, b_y, b_h, b_w, c_1, …]` in
        the cells that hold the centre of a box, zeros in all others.
    """
    ### BEGIN SOLUTION
    height, width = (img, img) if np.ndim(img) == 0 else img
    y = np.zeros((grid, grid, 5 + n_classes))
    for (x1, y1, x2, y2), label in zip(boxes_xyxy, classes, strict=True):
        centre_x = (x1 + x2) / 2 / width * grid
        centre_y = (y1 + y2) / 2 / height * grid
        row, col = min(int(centre_y), grid - 1), min(int(centre_x), grid - 1)
        b_h, b_w = (y2 - y1) / height * grid, (x2 - x1) / width * grid
        y[row, col, :5] = 1, centre_x - col, centre_y - row, b_h, b_w
        y[row, col, 5 + label] = 1
    return y
    ### END SOLUTION


# %% [markdown]
# ## 2. And back
#
# Every cell whose $p_c$ is above 0 gives one box. Its **score** is $p_c \cdot \max_k c_k$, the
# probability that there is an object *and* that it is of its class; its class is the $k$ of that
# maximum. $b_x, b_y$ lead from the cell's corner to the centre, and half of the size from the
# centre to the corners of the box. The numbers are used as they are: no sigmoid, no softmax.


# %%
def decode_yolo(
    y: np.ndarray, img: int | tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The boxes that an answer of the net stands for.

    Args:
        y: `(grid, grid, 5 + n_classes)`: a target, or what the net says of a picture.
        img: the size of the picture in pixels, `(H, W)`, or one number if it is square.

    Returns:
        `(boxes, scores, classes)`: `(n, 4)` in pixels, `[x1, y1, x2, y2]`; `(n,)`; and `(n,)`
        integers: one for each cell with `p_c > 0`, row by row.
    """
    ### BEGIN SOLUTION
    height, width = (img, img) if np.ndim(img) == 0 else img
    grid = y.shape[0]
    rows, cols = np.nonzero(y[..., 0] > 0)
    p_c, b_x, b_y, b_h, b_w = y[rows, cols, :5].T
    probabilities = y[rows, cols, 5:]
    x, half_w = (cols + b_x) * width / grid, b_w * width / grid / 2
    y, half_h = (rows + b_y) * height / grid, b_h * height / grid / 2
    boxes = np.stack([x - half_w, y - half_h, x + half_w, y + half_h], axis=-1)
    return boxes, p_c * probabilities.max(axis=-1), probabilities.argmax(axis=-1)
    ### END SOLUTION


# %% [markdown]
# ## 3. The loss
#
# If the true $p_c$ of a cell is 1, all eight numbers matter. If it is 0 there is no box, so there
# is no right answer for $b$ and $c$ either: only $p_c$ counts, and the other seven numbers may be
# *anything*. Per cell
#
# $$
# L = (\hat p_c - p_c)^2 + p_c \sum_{k} (\hat y_k - y_k)^2,
# \qquad k = b_x, b_y, b_h, b_w, c_1, c_2, c_3 ,
# $$
#
# and the loss of a picture is the sum over its nine cells. (The paper weighs the terms and takes
# roots of the sizes; here all weights are 1 and there are no roots.) Gradients must flow through
# it: write it with `keras.ops`.


# %%
def yolo_loss(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """How wrong an answer is, picture by picture.

    Args:
        y_true: `(N, grid, grid, 5 + n_classes)`: the targets.
        y_pred: the same shape: what the net says.

    Returns:
        `(N,)`: the loss of each picture.
    """
    ### BEGIN SOLUTION
    squares = ops.square(y_pred - y_true)
    cells = squares[..., 0] + y_true[..., 0] * ops.sum(squares[..., 1:], axis=-1)
    return ops.sum(cells, axis=(1, 2))
    ### END SOLUTION


# %% [markdown]
# ## 4. The net
#
# Convolutions and poolings bring the picture down to $3\times3$ places, and a last $1\times1$
# convolution makes 8 numbers of each. It is a convolution and not a dense layer on the flattened
# map, for two reasons: the same weights serve all nine cells, since a disc is a disc wherever it
# lies; and a dense layer would need hundreds of thousands of weights. No activation at the end: a
# size can be 1.2 cells, which neither a sigmoid nor a softmax can say.
#
# Each of the nine places must *see* enough of the picture: a box reaches into the cells around. For
# 36 pixels, three poolings by 2, 2 and 3 lead to $3\times3$; a $3\times3$ convolution after them
# sees the neighbouring cells. Check trains your net for a few epochs on scenes like those above, so
# keep it small: 16, 32 and 64 filters are enough.


# %%
def build_yolo(input_shape: tuple[int, int, int]) -> keras.Model:
    """An untrained net from a picture to what YOLO says of it.

    Args:
        input_shape: `(H, W, 3)`; `H` and `W` are multiples of 12.

    Returns:
        A model of fewer than 300,000 weights that maps `(N, H, W, 3)` to `(N, 3, 3, 8)` for 36×36
        pixels. Its last layer is a 1×1 convolution without an activation; each convolution before
        it is followed by one (any that is not linear). Poolings bring 36 pixels down to 3, and
        there is no dense layer. Batch normalisation is up to you. It is not compiled.
    """
    ### BEGIN SOLUTION
    layers = keras.layers
    model = keras.Sequential([keras.Input(input_shape)])
    for filters, pool in ((16, 2), (32, 2), (64, 3)):
        model.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        model.add(layers.MaxPooling2D(pool))
    model.add(layers.Conv2D(96, 3, padding="same", activation="relu"))
    model.add(layers.Conv2D(8, 1))
    return model
    ### END SOLUTION


# %% [markdown]
# ## 5. A detector
#
# All together: the whole picture goes through the net **once**, the answer is decoded, boxes with a
# low score go, and suppression within each class removes the rest (two neighbouring cells may both
# claim one object). For the suppression take what you wrote in unit 08, or
# `tf.image.non_max_suppression(boxes, scores, max_output_size, iou_threshold)` for each class; both
# are legal here.


# %%
def detect(
    model: keras.Model, image: np.ndarray, score_thr: float, iou_thr: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The objects in a picture.

    Args:
        model: maps `(N, H, W, 3)` to `(N, grid, grid, 5 + n_classes)`.
        image: `(H, W, 3)`: one picture.
        score_thr: boxes with a lower score are thrown away.
        iou_thr: boxes that overlap a better one of their class by more than this are dropped.

    Returns:
        `(boxes, scores, classes)`: `(n, 4)` in pixels, `(n,)`, `(n,)` integers; the best score
        first, over all classes.
    """
    ### BEGIN SOLUTION
    import tensorflow as tf

    y = ops.convert_to_numpy(model(image[None]))[0]
    boxes, scores, classes = decode_yolo(y, image.shape[:2])
    kept = []
    for label in np.unique(classes):
        own = np.flatnonzero((classes == label) & (scores >= score_thr))
        if own.size:
            stay = tf.image.non_max_suppression(boxes[own], scores[own], own.size, iou_thr)
            kept.extend(own[stay.numpy()])
    best = np.array(sorted(kept, key=lambda place: -scores[place]), dtype=int)
    return boxes[best], scores[best], classes[best]
    ### END SOLUTION


# %% [markdown]
# ## Experiment: train it
#
# Six hundred scenes, ten epochs, and then pictures that it has not seen. Before you run the cell:
# which of position, size and class will be learnt last?

# %% tags=["experiment"]
rng = np.random.default_rng(9)
keras.utils.set_random_seed(9)
scenes = [scene(rng) for _ in range(660)]
images = np.array([image for image, _, _ in scenes], dtype="float32")
targets = np.array([encode_yolo(boxes, classes, SIZE) for _, boxes, classes in scenes])

yolo = build_yolo((SIZE, SIZE, 3))
yolo.compile(optimizer=keras.optimizers.Adam(2e-3), loss=yolo_loss, jit_compile=False)
history = yolo.fit(images[:600], targets[:600], batch_size=16, epochs=10, verbose=0)

fig, axes = plt.subplots(1, 7, figsize=(13, 2.2), layout="constrained")
axes[0].semilogy(history.history["loss"])
axes[0].set(xlabel="epoch", title="loss")
for axis, image in zip(axes[1:], images[600:], strict=False):
    boxes, scores, classes = detect(yolo, image, 0.4, 0.4)
    show(
        axis,
        image,
        boxes,
        classes,
        [f"{SHAPES[k]} {s:.2f}" for k, s in zip(classes, scores, strict=True)],
    )
plt.show()

# %% [markdown]
# A score may exceed 1: nothing squeezes what the net says, and $p_c$ and $c$ are only close to 1.
#
# How good is that? A found object is a box of the right class with an IoU above a half. **Recall**
# is the share of all objects that are found, **precision** the share of all boxes that are right.


# %% tags=["experiment"]
def overlap(a, b):
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    common = np.maximum(sides, 0).prod()
    return common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common)


objects = answers = right = 0
for image, true_boxes, true_classes in scenes[600:]:
    boxes, _, classes = detect(yolo, image.astype("float32"), 0.4, 0.4)
    objects, answers = objects + len(true_boxes), answers + len(boxes)
    right += sum(
        any(k == label and overlap(box, truth) > 0.5 for box, k in zip(boxes, classes, strict=True))
        for truth, label in zip(true_boxes, true_classes, strict=True)
    )
print(f"{objects} objects: recall {right / objects:.2f}, precision {right / answers:.2f}")

# %% [markdown]
# ## Break it
#
# Two mistakes, made on purpose:
#
# 1. **Height and width exchanged** in the target, while decoding is right.
# 2. **The loss counts all eight numbers of every cell**, also where there is no object.
#
# Predict before you run the cell. With the first: what does the IoU of a decoded box with the
# true one become, for a wide box, and for a square one? Which inputs would a check need to
# notice? With the second: does the loss of a *perfect* answer change? What happens to the loss if
# the empty cells say nonsense about boxes that don't exist?

# %% tags=["experiment"]
wide = np.array([[6.0, 14.0, 26.0, 22.0]])
square = np.array([[10.0, 12.0, 22.0, 24.0]])
for name, box in (("wide", wide), ("square", square)):
    y = encode_yolo(box, np.array([0]), SIZE)
    exchanged = y[..., [0, 1, 2, 4, 3, 5, 6, 7]]
    print(f"{name:7} IoU after h and w were exchanged:", end=" ")
    print(round(float(overlap(decode_yolo(exchanged, SIZE)[0][0], box[0])), 2))


def loss_of_everything(y_true, y_pred):
    return ops.sum(ops.square(y_pred - y_true), axis=(1, 2, 3))


true = encode_yolo(wide, np.array([0]), SIZE)[None]
nonsense = true + 10.0 * (true[..., :1] == 0) * (np.arange(8) > 0)
for name, loss in (("right", yolo_loss), ("of everything", loss_of_everything)):
    values = [float(ops.convert_to_numpy(loss(true, y))[0]) for y in (true, nonsense)]
    print(f"loss, {name:13}: perfect answer {values[0]:g}, nonsense in empty cells {values[1]:g}")

# %% [markdown]
# A square box hides the first mistake completely: all cases of the check are wide or tall. The
# second leaves a perfect answer at 0, so that "the loss is 0 where it should be" proves nothing;
# the check moves the seven numbers of empty cells by a thousand and looks whether anything
# happens. Training with it still works, by the way, but the net then spends its strength on
# saying 0 for boxes that do not exist.
