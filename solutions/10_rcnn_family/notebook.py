# %% [markdown]
# # 10 · R-CNN, Fast R-CNN, Faster R-CNN (候选框 / ROI pooling / 区域建议网络)
#
# A sliding window looks everywhere, at one size. Most places show nothing, and objects have all
# sizes. The R-CNN family turns the order round: first *propose* regions (Propose regions, 大致找出
# 物体所在位置), rough boxes that may hold something, then look closely at those only. Three papers in
# two years made the idea about two hundred times faster, each by computing something once that its
# predecessor computed again and again:
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `propose_regions` | where something may be: R-CNN's first step |
# | 2 | `crop_and_resize` | each region, scaled to one size: R-CNN's second |
# | 3 | `svm_loss` | what each region is: R-CNN's third |
# | 4 | `roi_max_pool` | regions of one shared feature map: Fast R-CNN |
# | 5 | `generate_anchors` | a fixed set of boxes for a network to judge: Faster R-CNN |
# | 6 | `encode_deltas`, `decode_deltas` | how to move a box, as four numbers |
# | 7 | `match_anchors` | which anchors are right, wrong, or neither |
# | 8 | `smooth_l1`, `rpn_loss` | what the region proposal network learns from |
# | 9 | `build_rpn` | the network that proposes: Faster R-CNN |
#
# About four hours; 33 points. After each function a cell runs `check("…")`: it says what is right
# so far, and where a result differs, why. Run it as often as you like. The experiments are for
# looking: they call your functions and are not graded.

# %%
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers, ops

from autograder import check

Tensor = Any  # a tensor of the backend that Keras runs on

# %% [markdown]
# ## The idea in a page
#
# ![Three pipelines](figures/family.svg)
#
# **R-CNN** (候选框 + 缩放 + CNN提取特征 + SVM): a classical algorithm proposes about 2000 regions; each
# is cut out, scaled to one size, and sent through the network *by itself*; a support vector machine
# for each class says what it is. Two thousand passes for one picture.
#
# **Fast R-CNN** (候选框 + ROI pooling + CNN): the picture goes through the convolutions once. Each
# region is cut out of the *feature map*, not of the picture, and pooled to one size. One pass.
#
# **Faster R-CNN** (整图进CNN + RPN + softmax): now the proposals are the slow part. So a small
# network on the very same feature map makes them: at each place it judges a few *anchors*, boxes of
# fixed shapes, and says how to move them.
#
# > **Erratum.** In the notes' section on these algorithms read *RPN* for "PRN" (region proposal
# > network), *anchor box* for "archorBox", *use* for "User convolution". And three things are
# > described too briefly there. R-CNN's regions come from *selective search*, its SVMs are one per
# > class, and a regressor corrects each box. Fast R-CNN is not a "convolution implementation of
# > sliding windows" (that was unit 08): it is one shared feature map, RoI pooling, and then a head
# > with a softmax *and* a box regressor. And Faster R-CNN's "softmax" stands for two different
# > things: in the RPN it only tells object from background, for each anchor, with four numbers beside
# > it for the box; the classes come from a Fast R-CNN head behind it, on what the RPN proposes.
#
# ## Conventions
#
# | symbol | in code | meaning |
# |---|---|---|
# | picture, map | `(H, W, C)` | row first: `image[y, x]`; no batch axis in this unit |
# | box | `[x1, y1, x2, y2]` | corners, floats; `x` to the right, `y` **down** |
# | boxes | `(N, 4)` | one a row; RoI = region of interest, a box to be looked at |
# | size | `3` or `(2, 5)` | one number if square, else (height, width) |
#
# Boxes are as in unit 08: a box from 2 to 5 is 3 wide, and holds the pixels 2, 3 and 4
# (`image[y1:y2, x1:x2]`: the ends are exclusive). No function changes its arguments. Boxes are
# handled in NumPy, in float64; what a network learns from, and the networks themselves, are written
# with Keras. You have written this one already, in unit 08; here it is given:


# %%
def iou_matrix(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The intersection over union of each box of `A` `(N, 4)` with each of `B` `(M, 4)`: `(N, M)`."""
    (ax1, ay1, ax2, ay2), (bx1, by1, bx2, by2) = A.T[..., None], B.T[:, None]
    width = np.minimum(ax2, bx2) - np.maximum(ax1, bx1)
    height = np.minimum(ay2, by2) - np.maximum(ay1, by1)
    common = np.maximum(width, 0) * np.maximum(height, 0)
    return common / ((ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - common)


# %% [markdown]
# ## 1. Propose regions (候选框)
#
# R-CNN took its proposals from *selective search*: cut the picture into patches of similar colour,
# merge neighbours that look alike step by step, and propose the box around every patch that comes
# up on the way. Its core is an old tool: **connected components**. We use it in its plainest form.
# A pixel belongs to the foreground if its brightest channel is above a threshold; foreground pixels
# that are neighbours belong together; each component proposes the box around it.
#
# To find a component, start at a pixel of it that has not been visited and spread: from each pixel
# to its neighbours in the foreground, until there is none left (`scipy.ndimage` has a function for
# this too; use it if you like). Whether diagonal neighbours count is your choice: in the graded
# pictures no two components touch at a corner only.


# %%
def propose_regions(image: np.ndarray, thr: float) -> np.ndarray:
    """A box around each connected bright region.

    Args:
        image: `(H, W, C)`, float64.
        thr: a pixel is foreground where its brightest channel is above this.

    Returns:
        `(R, 4)`, floats: for each connected component of the foreground the smallest box
        `[x1, y1, x2, y2]` that holds its pixels, ends exclusive; in any order. `(0, 4)` if there
        is none. `image` stays as it was.
    """
    ### BEGIN SOLUTION
    left = image.max(axis=2) > thr
    boxes = []
    for start in zip(*np.nonzero(left), strict=True):
        if not left[start]:
            continue  # it belongs to a component that has been found
        left[start] = False
        component = [start]
        for y, x in component:  # which grows meanwhile
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                inside = 0 <= near[0] < left.shape[0] and 0 <= near[1] < left.shape[1]
                if inside and left[near]:
                    left[near] = False
                    component.append(near)
        ys, xs = np.array(component).T
        boxes.append([xs.min(), ys.min(), xs.max() + 1, ys.max() + 1])
    return np.array(boxes, dtype=float).reshape(-1, 4)
    ### END SOLUTION


# %% [markdown]
# ## 2. Crop and resize (缩放)
#
# A network with dense layers wants one size. Each region is therefore cut out and scaled, whatever
# its shape was; a long region is squeezed. To scale, think of a pixel as a little square whose value
# sits at its *centre*: pixel $i$ at $i + \frac12$. The new grid divides the same length $n$ into $m$
# squares, so the centre of new pixel $i$ lies, in old pixels, at
#
# $$s_i = \left(i + \tfrac12\right)\frac{n}{m} - \tfrac12\,.$$
#
# Between the two old pixels next to $s_i$ the value is interpolated linearly, first along one axis,
# then along the other (**bilinear**, 双线性插值). Near the edge $s_i$ falls outside $0 … n-1$; there
# the outermost pixel *of the crop* is used: what lies beyond the region has no say. When shrinking,
# pixels may be skipped: no averaging is meant here.


# %%
def crop_and_resize(image: np.ndarray, rois: np.ndarray, size: int | tuple[int, int]) -> np.ndarray:
    """Cuts out each region and scales it to one size, bilinear.

    Args:
        image: `(H, W, C)`, float64.
        rois: `(R, 4)`, floats with integer values: `[x1, y1, x2, y2]`, ends exclusive, inside the
            picture.
        size: of the results, `(h, w)`, or one number if they are square.

    Returns:
        `(R, h, w, C)`, float64. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    h, w = (size, size) if np.ndim(size) == 0 else size

    def weights(n: int, m: int) -> np.ndarray:
        """`(m, n)`: how much of each of `n` old pixels is in each of `m` new ones."""
        s = np.clip((np.arange(m) + 0.5) * n / m - 0.5, 0, n - 1)
        return np.maximum(0, 1 - np.abs(s[:, None] - np.arange(n)))

    crops = np.empty((len(rois), h, w, image.shape[2]))
    for index, (x1, y1, x2, y2) in enumerate(rois.astype(int)):
        crop = image[y1:y2, x1:x2]
        crops[index] = np.einsum("iy,yxc,jx->ijc", weights(y2 - y1, h), crop, weights(x2 - x1, w))
    return crops
    ### END SOLUTION


# %% [markdown]
# ## 3. A linear support vector machine (SVM)
#
# What is in a crop? R-CNN sends each through a network that is trained already, and leaves the
# answer to one linear **support vector machine** for each class: is it this class, or anything
# else? With features $x_n$, labels $y_{nk} = 1$ if region $n$ is of class $k$ and $-1$ if not
# (background is $-1$ for every class), and scores $f_{nk} = x_n \cdot w_k + b_k$, all $K$ of them are
# learnt at once from
#
# $$L = \frac12 \sum_k \lVert w_k \rVert^2 \;+\; \frac{C}{N} \sum_{n=1}^{N} \sum_{k=1}^{K}
#   \max\!\left(0,\; 1 - y_{nk} f_{nk}\right)$$
#
# The second part is the **hinge loss**: nothing is to be paid for an example on its right side with
# a margin of at least 1, and the more the farther it is from that. Only examples that pay pull at
# the weights. The first part keeps weights small and the margin wide; biases are not in it. At a
# margin of exactly 1 there is a kink; no graded case has one there.
#
# `check` also learns: regions of unseen pictures are cropped by your `crop_and_resize`, their edges
# are found by fixed filters, and SVMs that your gradient has trained tell ellipses, boxes, triangles
# and background, bright ones and dark ones. The same on bare pixels gets hardly half of them right.


# %%
def svm_loss(
    W: np.ndarray, b: np.ndarray, X: np.ndarray, Y: np.ndarray, C: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """The loss of linear SVMs, one for each class, and its gradient.

    Args:
        W: `(D, K)`, float64: the weights, a column for each class.
        b: `(K,)`, float64: the biases.
        X: `(N, D)`, float64: features, an example in each row; `N` is at least 1.
        Y: `(N, K)`, float64: 1 where an example is of the class, else -1.
        C: how much the hinge loss counts, above 0.

    Returns:
        `(loss, dW, db)`: a number, and its gradient by `W`, `(D, K)`, and by `b`, `(K,)`. The
        arguments stay as they were.
    """
    ### BEGIN SOLUTION
    margins = Y * (X @ W + b)
    hinge = np.maximum(0, 1 - margins).sum() / len(X)
    slopes = -C * Y * (margins < 1) / len(X)
    loss = (W**2).sum() / 2 + C * hinge
    return loss, W + X.T @ slopes, slopes.sum(axis=0)
    ### END SOLUTION


# %% [markdown]
# ### A world to look at
#
# For the experiments we need pictures. The next cell draws them: ellipses, boxes and triangles of
# random colours on a noisy background, with thin crosses among them, which are bright but no
# objects. `light` adds daylight from one side. `features` is the network's first layer, ready made:
# eight filters, each of which answers to edges of one direction in whichever color shows them best
# (every convolutional network learns such filters by itself), relu, and max pooling. It counts how
# often it is called.

# %% tags=["experiment"]
KINDS = ("nothing", "ellipse", "box", "triangle")
COLORS = ("gray", "cyan", "orange", "magenta")
DARK = ("black", "navy", "saddlebrown", "purple")  # for pictures in daylight
SIDE = 64


def mask_of(kind, h, w):
    """Which pixels of a field of `(h, w)` a shape covers; kind 0 is a thin cross."""
    y, x = (np.arange(h)[:, None] + 0.5) / h, (np.arange(w) + 0.5) / w
    if kind == 0:
        return (np.abs(y - 0.5) < 1 / h) | (np.abs(x - 0.5) < 1 / w)
    if kind == 1:
        return (y - 0.5) ** 2 + (x - 0.5) ** 2 <= 0.25
    return np.broadcast_to(True, (h, w)) if kind == 2 else np.abs(x - 0.5) <= y / 2


def scene(rng, light=0.0):
    """A picture `(64, 64, 3)`, the boxes in it `(n, 4)`, and their kinds `(n,)`."""
    angle = rng.uniform(0, 2 * np.pi)
    ramp = np.cos(angle) * np.arange(SIDE)[:, None] + np.sin(angle) * np.arange(SIDE)
    ramp = (ramp - ramp.min()) / np.ptp(ramp)
    image = 0.15 + light * ramp[..., None] + 0.04 * rng.normal(size=(SIDE, SIDE, 3))
    taken = np.zeros((SIDE, SIDE), dtype=bool)
    boxes, kinds = [], []
    for kind in (*rng.integers(1, 4, rng.integers(2, 5)), 0, 0):
        for _ in range(50):  # places, until one is free
            h, w = rng.integers(9, 23, 2)
            y, x = rng.integers(1, SIDE - h - 1), rng.integers(1, SIDE - w - 1)
            if not taken[y - 1 : y + h + 1, x - 1 : x + w + 1].any():
                taken[y : y + h, x : x + w] = True
                color = rng.uniform(0.2, 0.9, 3)
                color[rng.integers(3)] = rng.uniform(0.85, 1)
                shape = mask_of(kind, h, w)
                image[y : y + h, x : x + w][shape] = color + 0.04 * rng.normal(
                    size=(shape.sum(), 3)
                )
                ys, xs = np.nonzero(shape)
                boxes.append([x + xs.min(), y + ys.min(), x + xs.max() + 1, y + ys.max() + 1])
                kinds.append(kind)
                break
    return np.clip(image, 0, 1), np.array(boxes, dtype=float), np.array(kinds)


def smoothed(image, taps, axis):
    """Convolution with five taps along one axis of a picture `(h + 4, w, 3)` or `(h, w + 4, 3)`."""
    length = image.shape[axis] - 4
    return sum(tap * image.take(range(k, k + length), axis) for k, tap in enumerate(taps))


calls = 0


def features(image, pool):
    """A picture or crop `(h, w, 3)` → `(h/pool, w/pool, 8)`: convolution, relu, max pooling."""
    global calls
    calls += 1
    image = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="edge")
    offset = np.arange(-2, 3)
    bell = np.exp(-(offset**2) / 2)
    right = smoothed(smoothed(image, bell, 0), offset * bell, 1)  # brighter to the right
    down = smoothed(smoothed(image, offset * bell, 0), bell, 1)  # brighter downwards
    angles = np.arange(8) * np.pi / 4
    slopes = [(np.cos(a) * right + np.sin(a) * down).max(axis=2) for a in angles]
    edges = np.maximum(np.stack(slopes, axis=-1), 0)
    h, w = edges.shape[0] // pool, edges.shape[1] // pool
    return edges.reshape(h, pool, w, pool, 8).max(axis=(1, 3))


def draw(axis, box, color, text="", style="-"):
    x1, y1, x2, y2 = box - 0.5  # imshow has the middle of pixel 0 at 0
    edge = {"fill": False, "edgecolor": color, "linewidth": 1.8, "linestyle": style}
    axis.add_patch(plt.Rectangle((x1, y1), x2 - x1, y2 - y1, **edge))
    if text:
        axis.text(x1, max(y1 - 0.5, 5), text, color=color, fontsize=8, weight="bold", va="bottom")


rng = np.random.default_rng(10)
train = [scene(rng) for _ in range(60)]
test = [scene(rng) for _ in range(40)]

fig, axes = plt.subplots(1, 4, figsize=(11, 3), layout="constrained")
for axis, (image, _, kinds) in zip(axes, test, strict=False):
    axis.imshow(image)
    axis.set(xticks=[], yticks=[], title=", ".join(KINDS[kind] for kind in kinds if kind))
plt.show()

# %% [markdown]
# ### Experiment: R-CNN
#
# The whole of R-CNN in forty lines. Your proposals in the training pictures get the class of the
# object that they cover (IoU at least a half, else "nothing"); each is cropped, scaled to
# $16\times16$, and sent through `features`; a linear **support vector machine for each class** learns
# to tell its class from everything else, by gradient descent on your `svm_loss`. In a new picture
# the surest SVM wins, and where none is sure, there is nothing.
#
# Before you run the cell: the SVMs see only edges, no colors and no sizes, and of each class a few
# dozen examples. Of about 200 regions, how many will they get wrong, and how often is `features`
# called?


# %% tags=["experiment"]
def class_of(rois, boxes, kinds):
    """The kind of the object that each region covers by half or more; 0 where there is none."""
    overlaps = iou_matrix(rois, boxes[kinds > 0])
    return np.where(overlaps.max(axis=1) >= 0.5, kinds[kinds > 0][overlaps.argmax(axis=1)], 0)


def learn_svms(X, y, steps=400):
    """Weights `(D, 3)` and biases `(3,)` of an SVM for each class."""
    Y = np.where(y[:, None] == (1, 2, 3), 1.0, -1.0)
    W, b = np.zeros((X.shape[1], 3)), np.zeros(3)
    for step in range(steps):
        _, dW, db = svm_loss(W, b, X, Y, 100.0)
        rate = 0.002 * (1 - step / steps)
        W, b = W - rate * dW, b - rate * db
    return W, b


def rcnn_features(image, rois):
    """Each region by itself: crop, scale, convolve."""
    return np.array([features(crop, 4).ravel() for crop in crop_and_resize(image, rois, 16)])


X, y = [], []
for image, boxes, kinds in train:
    rois = propose_regions(image, 0.5)
    X.append(rcnn_features(image, rois))
    y.append(class_of(rois, boxes, kinds))
X, y = np.concatenate(X), np.concatenate(y)
middle, spread = X.mean(axis=0), X.std()
W, b = learn_svms((X - middle) / spread, y)


def rcnn(image):
    """Regions, and what the SVMs make of them."""
    rois = propose_regions(image, 0.5)
    scores = (rcnn_features(image, rois) - middle) / spread @ W + b
    return rois, np.c_[np.zeros(len(rois)), scores].argmax(axis=1)


calls = 0
confusion = np.zeros((4, 4), dtype=int)
for image, boxes, kinds in test:
    rois, said = rcnn(image)
    np.add.at(confusion, (class_of(rois, boxes, kinds), said), 1)
rcnn_calls = calls
print(
    f"{np.trace(confusion)} of {confusion.sum()} regions named rightly, {calls} calls of `features`"
)
print("rows are the truth:", *(f"{name:>9}" for name in KINDS))
for name, row in zip(KINDS, confusion, strict=True):
    print(f"{name:>18} ", *(f"{count:9}" for count in row))

image = test[1][0]
rois, said = rcnn(image)
crops = crop_and_resize(image, rois, 16)
fig, axes = plt.subplots(1, 1 + len(rois), figsize=(11, 2.4), layout="constrained")
axes[0].imshow(image)
axes[0].set_title("proposals")
for axis, roi, crop, kind in zip(axes[1:], rois, crops, said, strict=True):
    draw(axes[0], roi, COLORS[kind])
    axis.imshow(crop)
    axis.set_title(KINDS[kind], color=COLORS[kind])
for axis in axes:
    axis.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ## 4. RoI max pooling (ROI pooling)
#
# Neighbouring regions share pixels, and R-CNN convolves them anew for each. Fast R-CNN convolves the
# picture once and cuts regions out of the *feature map*. Three things have to be done:
#
# 1. **Scale.** The map is smaller than the picture: with strides that multiply to 4, a box of the
#    picture has to be multiplied by `scale = 1/4`.
# 2. **Round.** The products are rounded to whole cells. (This shifts a region by up to half a cell,
#    two pixels here. For boxes that is tolerable; for masks of pixels it was not, and *RoI align*
#    was invented, which interpolates instead.)
# 3. **Pool to one size.** The $h\times w$ cells are divided into $o_h\times o_w$ bins, and of each
#    bin the maximum is taken, channel by channel. Bin $i$ reaches
#
# $$\text{from}\quad \left\lfloor \frac{i\,h}{o_h} \right\rfloor \quad\text{to}\quad
#   \left\lceil \frac{(i+1)\,h}{o_h} \right\rceil \quad\text{(exclusive)},$$
#
# and likewise along $w$. If $h$ is no multiple of $o_h$, neighbouring bins share a row; if $h$ is
# *smaller* than $o_h$, several bins show the same row. What never happens is an empty bin: that is
# why the start is rounded down and the end up.
#
# > Fast R-CNN does *not* give the same numbers as R-CNN with max pooling in its end. A crop's border
# > is padded when the crop is convolved by itself, while the shared map has seen what lies beyond the
# > region; and R-CNN scales the crop. Both are right; they are two different networks.


# %%
def roi_max_pool(
    feat: np.ndarray, rois: np.ndarray, out: int | tuple[int, int], scale: float
) -> np.ndarray:
    """The features of each region, pooled to one size.

    Args:
        feat: `(H, W, C)`, float64: one feature map; its values may be negative.
        rois: `(R, 4)`, float64: `[x1, y1, x2, y2]` in pixels of the *picture*.
        out: the number of bins, `(oh, ow)`, or one number if square.
        scale: cells of the map per pixel of the picture (1/stride). `rois * scale`, rounded, lies
            in the map, is at least one cell high and wide, and no product ends in exactly .5.

    Returns:
        `(R, oh, ow, C)`, float64. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    oh, ow = (out, out) if np.ndim(out) == 0 else out
    pooled = np.empty((len(rois), oh, ow, feat.shape[2]))
    for index, (x1, y1, x2, y2) in enumerate(np.round(rois * scale).astype(int)):
        region = feat[y1:y2, x1:x2]
        h, w, _ = region.shape
        for i in range(oh):
            rows = slice(i * h // oh, -(-(i + 1) * h // oh))  # -(-a // b) rounds up
            for j in range(ow):
                cols = slice(j * w // ow, -(-(j + 1) * w // ow))
                pooled[index, i, j] = region[rows, cols].max(axis=(0, 1))
    return pooled
    ### END SOLUTION


# %% [markdown]
# ### Experiment: Fast R-CNN
#
# The same proposals, but one feature map for each picture, and your RoI pooling. The head is a
# softmax (with a linear layer, trained by gradient descent as in unit 01). We count how often
# `features` is called on the test pictures: how many calls do you expect, and how many did R-CNN
# make? Note also *what* is different in the code: `features` has moved out of the loop over regions.

# %% tags=["experiment"]
STRIDE = 2


def fast_features(image, rois):
    """One map for the picture; each region is pooled from it, and its contrast divided out."""
    pooled = roi_max_pool(features(image, STRIDE), rois, 4, 1 / STRIDE).reshape(len(rois), -1)
    return 8 * pooled / np.linalg.norm(pooled, axis=1, keepdims=True)


def softmax(Z):
    E = np.exp(Z - Z.max(axis=1, keepdims=True))
    return E / E.sum(axis=1, keepdims=True)


def learn_head(X, y, steps=150, rate=1.0):
    """Weights `(D + 1, 4)` of a softmax layer; the last row is the bias."""
    X = np.c_[X, np.ones(len(X))]
    W, target = np.zeros((X.shape[1], 4)), np.eye(4)[y]
    for _ in range(steps):
        W -= rate * (X.T @ (softmax(X @ W) - target) / len(X) + 1e-4 * W)
    return W


def around(rng, boxes):
    """Two boxes near each object, and eight anywhere."""
    near = np.repeat(boxes, 2, axis=0)
    near = near + 0.15 * rng.uniform(-1, 1, near.shape) * np.tile(near[:, 2:] - near[:, :2], 2)
    corner, size = rng.uniform(0, SIDE - 24, (8, 2)), rng.uniform(9, 23, (8, 2))
    return np.clip(np.r_[boxes, near, np.c_[corner, corner + size]], 0, SIDE)


X, y = [], []
for image, boxes, kinds in train:
    rois = around(rng, boxes)
    X.append(fast_features(image, rois))
    y.append(class_of(rois, boxes, kinds))
head = learn_head(np.concatenate(X), np.concatenate(y))


def classified(image, rois):
    """Class probabilities of each region, `(R, 4)`."""
    F = fast_features(image, rois)
    return softmax(np.c_[F, np.ones(len(F))] @ head)


calls = right = total = 0
for image, boxes, kinds in test:
    rois = propose_regions(image, 0.5)
    right += (classified(image, rois).argmax(axis=1) == class_of(rois, boxes, kinds)).sum()
    total += len(rois)
print(f"{right} of {total} regions named rightly")
print(f"calls of `features`: {calls} for {len(test)} pictures; R-CNN made {rcnn_calls}")

image, boxes, _ = test[0]
shown = features(image, STRIDE)
pooled = roi_max_pool(shown, boxes[:1], 4, 1 / STRIDE)[0]
fig, axes = plt.subplots(1, 4, figsize=(11, 2.9), layout="constrained")
axes[0].imshow(image)
draw(axes[0], boxes[0], "white")
axes[0].set_title("a region of the picture, 64×64")
axes[1].imshow(shown[..., 0], cmap="magma")
draw(axes[1], np.round(boxes[0] / STRIDE), "white")
axes[1].set_title("… of channel 0 of the map, 32×32")
axes[2].imshow(pooled[..., 0], cmap="magma", vmax=pooled.max())
axes[2].set_title("pooled to 4×4")
axes[3].imshow(pooled[..., 4], cmap="magma", vmax=pooled.max())
axes[3].set_title("the same of channel 4")
for axis in axes:
    axis.set(xticks=[], yticks=[])
plt.show()

# %% [markdown]
# A vertical edge from dark to bright answers in channel 0, one from bright to dark in channel 4: the
# left and the right side of the object. Pooled to $4\times4$ that is still to be seen, whatever the
# object's size was. (In the real network the convolutions learn too: the gradient of a maximum goes
# to the cell that won, so it passes through RoI pooling as through any max pooling.)
#
# ## 5. Anchors (anchor box)
#
# What is left of the old world is `propose_regions`. It needs the picture to be dark between objects.
# Faster R-CNN lets a network propose, on the feature map that is there anyway. But how can a network
# with a fixed number of outputs propose boxes of any size, any number of them? By correcting boxes
# that are fixed: at *each* cell of the map there are $A$ **anchors**, one for each scale and ratio,
# and for each anchor the network gives one objectness and four numbers that move it.
#
# The anchors of the cell in row $i$, column $j$ are all centred at
#
# $$(c_x, c_y) = \left((j + \tfrac12)\cdot stride,\; (i + \tfrac12)\cdot stride\right),$$
#
# the middle of the pixels that the cell stands for. Scale $s$ and ratio $r$ give the sides: the area
# is $s^2$ **for every ratio**, and $r = h / w$. Two equations for $w$ and $h$: solve them. Anchors
# may stick out of the picture.


# %%
def generate_anchors(
    Hf: int, Wf: int, stride: int, scales: tuple[float, ...], ratios: tuple[float, ...]
) -> np.ndarray:
    """All anchors of a feature map.

    Args:
        Hf: rows of the map.
        Wf: its columns.
        stride: pixels per cell.
        scales: square roots of areas, in pixels.
        ratios: heights divided by widths.

    Returns:
        `(Hf*Wf*A, 4)`, float64, where `A = len(scales) * len(ratios)`: `[x1, y1, x2, y2]` in
        pixels. Cells follow each other row by row; of one cell, all ratios of the first scale come
        first, then all ratios of the second, and so on.
    """
    ### BEGIN SOLUTION
    s, r = np.meshgrid(scales, ratios, indexing="ij")
    half = np.stack([s / np.sqrt(r), s * np.sqrt(r)], axis=-1).reshape(-1, 2) / 2
    cy, cx = np.meshgrid(np.arange(Hf) + 0.5, np.arange(Wf) + 0.5, indexing="ij")
    centre = np.stack([cx, cy], axis=-1).reshape(-1, 1, 2) * stride
    return np.concatenate([centre - half, centre + half], axis=-1).reshape(-1, 4)
    ### END SOLUTION


# %% [markdown]
# Below, the anchors of one cell, and the centres of all. Which of the six does each object need?

# %% tags=["experiment"]
SCALES, RATIOS, CELL = (12, 18), (0.5, 1, 2), 4
anchors = generate_anchors(SIDE // CELL, SIDE // CELL, CELL, SCALES, RATIOS)
A = len(SCALES) * len(RATIOS)
image, boxes, kinds = test[0]
overlaps = iou_matrix(anchors, boxes)

fig, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
for axis in axes:
    axis.imshow(image)
    axis.set(xticks=[], yticks=[])
axes[0].plot(*(anchors[::A, :2] + anchors[::A, 2:]).T / 2 - 0.5, "w.", markersize=2)
axes[0].set_title(f"{len(anchors) // A} cells, {len(anchors)} anchors")
for k in range(A):
    draw(axes[1], anchors[8 * 16 * A + 8 * A + k], f"C{k}", style="-" if k < 3 else "--")
axes[1].set_title("the anchors of one cell")
for place in overlaps.argmax(axis=0):
    draw(axes[2], anchors[place], f"C{place % A}", f"{overlaps[place].max():.2f}")
axes[2].set_title("the best anchor of each thing, and its IoU")
plt.show()

# %% [markdown]
# ## 6. Deltas: how to move a box (边框回归)
#
# An anchor is seldom right, but near. The network says how to correct it. In pixels that would be a
# poor thing to learn: two pixels are little for a large box and much for a small one. So shifts are
# measured in sizes of the **anchor**, and sizes as logarithms of quotients, which treats twice as
# large and half as large alike and can never lead to a negative size. With centres $(x, y)$ and
# sizes $w, h$, index $a$ for the anchor:
#
# $$t_x = \frac{x - x_a}{w_a},\qquad t_y = \frac{y - y_a}{h_a},\qquad
#   t_w = \ln\frac{w}{w_a},\qquad t_h = \ln\frac{h}{h_a}\,.$$
#
# A box that equals its anchor has deltas of zero. (Many programs divide the deltas by "variances",
# 0.1 and 0.2, to make them as large as the objectness. Not here.)


# %%
def encode_deltas(anchors: np.ndarray, gt: np.ndarray) -> np.ndarray:
    """The deltas that move each anchor onto its box.

    Args:
        anchors: `(N, 4)`, float64: `[x1, y1, x2, y2]`, all with an area.
        gt: `(N, 4)`, float64: the true box of each.

    Returns:
        `(N, 4)`, float64: `[tx, ty, tw, th]`. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    size, gt_size = anchors[:, 2:] - anchors[:, :2], gt[:, 2:] - gt[:, :2]
    centre, gt_centre = anchors[:, :2] + size / 2, gt[:, :2] + gt_size / 2
    return np.concatenate([(gt_centre - centre) / size, np.log(gt_size / size)], axis=1)
    ### END SOLUTION


# %% [markdown]
# And back: solve the four equations for $x, y, w, h$. This is what runs when the network is used.


# %%
def decode_deltas(anchors: np.ndarray, d: np.ndarray) -> np.ndarray:
    """The boxes to which deltas move anchors; undoes `encode_deltas`.

    Args:
        anchors: `(N, 4)`, float64: `[x1, y1, x2, y2]`.
        d: `(N, 4)`, float64: `[tx, ty, tw, th]`.

    Returns:
        `(N, 4)`, float64: `[x1, y1, x2, y2]`. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    size = anchors[:, 2:] - anchors[:, :2]
    centre = anchors[:, :2] + size / 2 + d[:, :2] * size
    half = size * np.exp(d[:, 2:]) / 2
    return np.concatenate([centre - half, centre + half], axis=1)
    ### END SOLUTION


# %% [markdown]
# ## 7. Which anchors are right? (匹配)
#
# To train, each anchor needs a label. The paper's rules:
#
# 1. an anchor whose IoU with *some* true box is at least `pos` is **positive**, label 1;
# 2. one whose IoU with *every* true box is below `neg` is **negative**, label 0;
# 3. what lies between is neither, label -1: it is ignored, since neither answer would be fair;
# 4. but for each true box, the anchor that overlaps it most is positive, **however small that IoU
#    is**. Without this rule an object that fits no anchor would never be learnt.
#
# Rule 4 stands above the others. A positive anchor also needs to know which box it is to be moved
# to: the one that it overlaps most. (In the graded cases no two anchors overlap a box equally, and an
# anchor that rule 4 makes positive overlaps no other box more.)


# %%
def match_anchors(
    anchors: np.ndarray, gt: np.ndarray, pos: float = 0.7, neg: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    """A label and a true box for each anchor. You may call `iou_matrix`.

    Args:
        anchors: `(N, 4)`, float64.
        gt: `(M, 4)`, float64: the true boxes; `M` may be 0, then all anchors are negative.
        pos: the IoU from which an anchor is positive.
        neg: the IoU below which it is negative.

    Returns:
        `(labels, gt_index)`, both `(N,)`, integers: labels 1, 0 or -1; and for each positive
        anchor the place in `gt` of the box that it overlaps most, -1 for all others. The
        arguments stay as they were.
    """
    ### BEGIN SOLUTION
    labels = np.zeros(len(anchors), dtype=int)
    if len(gt) == 0:
        return labels, labels - 1
    overlaps = iou_matrix(anchors, gt)
    best = overlaps.max(axis=1)
    labels[best >= neg] = -1
    labels[best >= pos] = 1
    labels[overlaps.argmax(axis=0)] = 1
    return labels, np.where(labels == 1, overlaps.argmax(axis=1), -1)
    ### END SOLUTION


# %% [markdown]
# ## 8. What the network learns from
#
# Squared errors let a single bad box rule the gradient; absolute errors have a kink just where one
# wants to arrive. **Smooth L1** is quadratic near zero and linear beyond:
#
# $$\text{smooth}_{L1}(x) = \begin{cases} \dfrac{x^2}{2\beta} & |x| < \beta\\[2mm]
#   |x| - \dfrac{\beta}{2} & \text{else}\end{cases}$$
#
# Both pieces meet at $|x| = \beta$, in value and in slope.
#
# The network is trained by this loss, so gradients have to pass through it: write it with operators
# and functions of `keras.ops` (`ops.abs`, `ops.where` …), which take NumPy arrays and tensors alike.


# %%
def smooth_l1(x: Tensor, beta: float = 1.0) -> Tensor:
    """Smooth L1, element by element, through which gradients pass.

    Args:
        x: an array or a tensor, of any shape.
        beta: where the quadratic piece ends, above 0.

    Returns:
        As `x`, of its shape and type of numbers. `x` stays as it was.
    """
    ### BEGIN SOLUTION
    size = ops.abs(x)
    return ops.where(size < beta, size**2 / (2 * beta), size - beta / 2)
    ### END SOLUTION


# %% [markdown]
# The loss of the region proposal network has two parts. With labels $y_i$, logits $z_i$ (before the
# sigmoid; $p_i = \sigma(z_i)$ is the objectness of anchor $i$), true deltas $t_i$ and predicted ones
# $\hat t_i$:
#
# $$L = \frac{1}{\#\{y_i \ne -1\}} \sum_{y_i \ne -1} \left[-y_i \ln p_i - (1 - y_i)\ln(1 - p_i)\right]
#   \;+\; \frac{1}{\#\{y_i = 1\}} \sum_{y_i = 1} \sum_{k=1}^{4}
#   \text{smooth}_{L1}\!\left(\hat t_{i,k} - t_{i,k}\right)$$
#
# Ignored anchors appear nowhere. Boxes of negatives appear nowhere: there is nothing to which they
# could be moved. Without a positive anchor the second part is 0, not 0/0.
#
# Each part is a mean over the anchors that are in it. The paper (Ren et al. 2015, equation 1) divides
# the second part by the number of *places* of the map instead, about 2400, and multiplies it by
# $\lambda = 10$; its first part is divided by the 256 anchors that are drawn for a step. With some
# hundred positive anchors in a step both give the parts about equal weight, and the paper itself
# finds that $\lambda$ hardly matters.
#
# > **Erratum.** "anchor box + softmax" in the notes could be read as a softmax *over the anchors*,
# > as if exactly one of them were right. Each anchor is judged by itself: object or background. The
# > paper uses two logits and a softmax over *those two*; one logit and a sigmoid is the same.
#
# The logarithm of a sigmoid needs care: for $z = -800$ the sigmoid is 0 to the last digit, and its
# logarithm is not a number to add. But
# $-y\ln\sigma(z) - (1-y)\ln(1-\sigma(z)) = \ln(1 + e^{z}) - y z$, and
# `ops.softplus(z)` is $\ln(1 + e^z)$, computed with care.


# %%
def rpn_loss(
    labels: np.ndarray, deltas_true: np.ndarray, logits: Tensor, deltas_pred: Tensor
) -> Tensor:
    """The loss of a region proposal network; smooth L1 with `beta = 1`. Gradients pass through it.

    Both parts are divided by the number of anchors in them, the second one by that of the positive
    anchors (the paper divides it by the number of places and multiplies it by 10).

    Args:
        labels: `(N,)`, integers 1, 0 or -1; at least one is not -1.
        deltas_true: `(N, 4)`; those of anchors that aren't positive mean nothing.
        logits: `(N,)`, an array or a tensor: what goes into the sigmoid; may be large.
        deltas_pred: `(N, 4)`, likewise.

    Returns:
        The loss, a number: a scalar of the type of `logits`, by which it and `deltas_pred` have
        gradients if they are tensors. The arguments stay as they were.
    """
    ### BEGIN SOLUTION
    counted = ops.not_equal(labels, -1)
    positive = ops.equal(labels, 1)
    y = ops.cast(positive, logits.dtype)
    entropy = ops.where(counted, ops.softplus(logits) - y * logits, 0.0)
    boxes = ops.where(positive[:, None], smooth_l1(deltas_pred - deltas_true), 0.0)
    n_counted = ops.sum(ops.cast(counted, logits.dtype))
    n_positive = ops.maximum(ops.sum(y), 1.0)
    return ops.sum(entropy) / n_counted + ops.sum(boxes) / n_positive
    ### END SOLUTION


# %% [markdown]
# ## 9. The network that proposes (RPN)
#
# Now the network itself. It stands on a feature map that is there anyway, and is small: a
# convolution of $3\times3$ looks around each cell, and two convolutions of $1\times1$ say something
# of each of the cell's $A$ anchors: two numbers for background and object, of which a softmax makes
# probabilities that add up to 1 (**objectness**), and four deltas. A map of $H\times W$ cells has
# $N = HWA$ anchors, in the order of `generate_anchors`: cell by cell, and in a cell anchor by
# anchor. So the channels of a cell belong to its anchors one after the other: the first two (of the
# deltas the first four) to the first anchor.
#
# With the softmax's probabilities $p_0, p_1$, the logit that `rpn_loss` takes is
# $z = \ln p_1 - \ln p_0$.
#
# `features` is a model: pictures in, map out. The network goes on from its output *with the very
# layers* of `features`, not with copies of them, and training moves them, too. That is what lets
# the detector behind it share the map.
#
# `check` trains your network with your `match_anchors` and your `rpn_loss`, in steps of ten
# pictures and 128 anchors, on 250 pictures in daylight, of $24\times24$ pixels with one or two
# objects. On unseen pictures it may make three proposals each. Without deltas that move them, the
# anchors there overlap only half of the objects by ½ or more.


# %%
def build_rpn(features: keras.Model, n_anchors: int, filters: int) -> keras.Model:
    """A region proposal network on a shared feature map.

    Its layers are of `keras.layers`: a convolution of 3×3 with padding ("same") and a relu, and on
    its output two convolutions of 1×1 with biases, without an activation, for objectness and deltas.
    Nothing else has weights. The softmax is over the two numbers of each anchor.

    Args:
        features: maps pictures to `(B, H, W, C)`; `H` and `W` are known. Its layers are shared, and
            stay trainable.
        n_anchors: anchors of each cell, 1 or more.
        filters: of the convolution of 3×3.

    Returns:
        A model of pictures, the inputs of `features`, with a list of two outputs: objectness
        `(B, H*W*n_anchors, 2)`, probabilities of background and object, and deltas
        `(B, H*W*n_anchors, 4)`; anchors in the order of `generate_anchors`.
    """
    ### BEGIN SOLUTION
    x = layers.Conv2D(filters, 3, padding="same", activation="relu")(features.output)
    scores = layers.Conv2D(2 * n_anchors, 1)(x)
    deltas = layers.Conv2D(4 * n_anchors, 1)(x)
    objectness = layers.Softmax()(layers.Reshape((-1, 2))(scores))
    return keras.Model(features.input, [objectness, layers.Reshape((-1, 4))(deltas)])
    ### END SOLUTION


# %% [markdown]
# ### Experiment: a region proposal network, and Faster R-CNN
#
# Daylight from one side: now a threshold fails, for in the bright corner *everything* is above it. We
# train an RPN on such pictures in plain NumPy, to see all that happens in a step. It sees, for each
# cell of the map, the features of the $5\times5$ cells around it, has one hidden layer of 48 units, and gives one logit and four deltas for each
# anchor, thirty numbers a cell. Your anchors, matches, deltas and loss are all in it; the gradient is
# two short formulas:
#
# $$\frac{\partial L}{\partial z_i} = \frac{\sigma(z_i) - y_i}{\#\{y \ne -1\}},\qquad
#   \frac{\partial L}{\partial \hat t_{i,k}} = \frac{\min(\max(\hat t_{i,k} - t_{i,k}, -1), 1)}{\#\{y = 1\}}\,.$$
#
# Of 1536 anchors only a dozen are positive. As in the paper, surplus negatives are therefore drawn by
# lot and *ignored*: the label -1 again. Predict: with ten proposals for each picture, what share of
# the objects will the threshold find in daylight, and what share the network?

# %% tags=["experiment"]
LIGHT = 1.0
rng = np.random.default_rng(11)
day_train = [scene(rng, LIGHT) for _ in range(120)]
day_test = [scene(rng, LIGHT) for _ in range(40)]


def neighbourhoods(image):
    """`(256, 5*5*8)`: of each cell the features of the cells around it."""
    padded = np.pad(features(image, CELL), ((2, 2), (2, 2), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), (0, 1))
    return windows.reshape((SIDE // CELL) ** 2, -1).astype(np.float32)


def targets(boxes, kinds):
    """Labels and true deltas of all anchors."""
    objects = boxes[kinds > 0]
    labels, index = match_anchors(anchors, objects, 0.6, 0.3)
    deltas = np.zeros((len(anchors), 4))
    own = labels == 1
    deltas[own] = encode_deltas(anchors[own], objects[index[own]])
    return labels, deltas


def forward(X, p):
    """Hidden layer, logits `(cells * A,)`, deltas `(cells * A, 4)`."""
    hidden = np.maximum(X @ p["W1"] + p["b1"], 0)
    answer = (hidden @ p["W2"] + p["b2"]).reshape(-1, 5)
    return hidden, answer[:, 0], answer[:, 1:]


def gradients(X, labels, deltas, p):
    hidden, logits, predicted = forward(X, p)
    counted, positive = (labels >= 0)[:, None], (labels == 1)[:, None]
    dz = (1 / (1 + np.exp(-logits)) - labels)[:, None] * counted / counted.sum()
    dt = np.clip(predicted - deltas, -1, 1) * positive / max(positive.sum(), 1)
    d2 = np.c_[dz, dt].reshape(len(X), -1)
    d1 = (d2 @ p["W2"].T) * (hidden > 0)
    return {"W1": X.T @ d1, "b1": d1.sum(0), "W2": hidden.T @ d2, "b2": d2.sum(0)}


maps = [neighbourhoods(image) for image, _, _ in day_train]
goals = [targets(boxes, kinds) for _, boxes, kinds in day_train]
inputs, hidden = maps[0].shape[1], 48
p = {
    "W1": rng.normal(size=(inputs, hidden)) * np.sqrt(2 / inputs),
    "b1": np.zeros(hidden),
    "W2": rng.normal(size=(hidden, 5 * A)) * 0.01,
    "b2": np.zeros(5 * A),
}
p = {name: value.astype(np.float32) for name, value in p.items()}
momentum = {name: np.zeros_like(value) for name, value in p.items()}
square = {name: np.zeros_like(value) for name, value in p.items()}
losses, step = [], 0
for _ in range(10):
    seen = 0.0
    for batch in rng.permutation(len(maps)).reshape(-1, 4):
        X = np.concatenate([maps[i] for i in batch])
        labels = np.concatenate([goals[i][0] for i in batch])
        deltas = np.concatenate([goals[i][1] for i in batch])
        negatives = np.flatnonzero(labels == 0)
        surplus = len(negatives) - 4 * (labels == 1).sum()
        labels[rng.choice(negatives, surplus, replace=False)] = -1
        used = (labels.reshape(-1, A) >= 0).any(axis=1)  # cells that some label speaks of
        X, labels, deltas = X[used], labels.reshape(-1, A)[used].ravel(), deltas.reshape(-1, A, 4)
        deltas = deltas[used].reshape(-1, 4)
        said = [ops.convert_to_tensor(part, "float32") for part in (deltas, *forward(X, p)[1:])]
        seen += float(rpn_loss(ops.convert_to_tensor(labels), *said))
        step += 1
        for name, slope in gradients(X, labels, deltas, p).items():  # Adam, as in unit 03
            momentum[name] = 0.9 * momentum[name] + 0.1 * slope
            square[name] = 0.99 * square[name] + 0.01 * slope**2
            rate = 3e-3 * np.sqrt(1 - 0.99**step) / (1 - 0.9**step)
            p[name] = p[name] - rate * momentum[name] / (np.sqrt(square[name]) + 1e-8)
    losses.append(seen * 4 / len(maps))


def suppressed(boxes, scores, iou_thr, max_out):
    """Which boxes stay: non-max suppression, as in unit 08."""
    kept, overlaps = [], iou_matrix(boxes, boxes)
    for place in np.argsort(-scores):
        if len(kept) < max_out and not (overlaps[place, kept] > iou_thr).any():
            kept.append(place)
    return np.array(kept, dtype=int)


def rpn(image, count=10):
    """The surest proposals, inside the picture, none on top of another."""
    _, logits, deltas = forward(neighbourhoods(image), p)
    best = np.argsort(-logits)[:100]
    boxes = np.clip(decode_deltas(anchors[best], deltas[best]), 0, SIDE)
    whole = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) > 4
    boxes, sure = boxes[whole], logits[best][whole]
    kept = suppressed(boxes, sure, 0.5, count)
    return boxes[kept], sure[kept]


def recall(propose, scenes):
    """The share of objects that some proposal covers by half or more."""
    found = [
        iou_matrix(boxes[kinds > 0], propose(image)).max(axis=1, initial=0) >= 0.5
        for image, boxes, kinds in scenes
    ]
    return np.concatenate(found).mean()


fig, axes = plt.subplots(1, 2, figsize=(11, 2.8), layout="constrained")
axes[0].plot(losses, "o-", markersize=3)
axes[0].set(xlabel="epoch", ylabel="rpn_loss", title="training", ylim=(0, None))
thresholds = np.linspace(0.2, 0.95, 6)
for name, scenes, color in (("dark", test[:20], "C0"), ("daylight", day_test[:20], "C1")):
    rates = [recall(lambda image, thr=t: propose_regions(image, thr), scenes) for t in thresholds]
    axes[1].plot(thresholds, rates, "o-", color=color, label=f"propose_regions, {name}")
learnt = recall(lambda image: rpn(image)[0], day_test)
axes[1].axhline(learnt, color="C1", ls="--", label="RPN, daylight, 10 proposals")
axes[1].set(xlabel="threshold", title="share of objects found", ylim=(0, 1.05))
axes[1].legend(fontsize=8)
plt.show()
print(f"loss {losses[0]:.2f} → {losses[-1]:.2f}; the RPN finds {learnt:.0%} of the objects")

# %% [markdown]
# No threshold serves the daylight pictures. The network finds objects in them by their edges, as in
# dark ones. Now the whole of **Faster R-CNN**: the RPN proposes, your RoI pooling cuts its proposals
# out of a feature map, and the head names them. The head is the one from above, trained again on
# what the RPN proposes in daylight: its backgrounds are other ones.

# %% tags=["experiment"]
X, y = [], []
for image, boxes, kinds in day_train:
    rois = np.r_[around(rng, boxes), rpn(image, 20)[0]]
    X.append(fast_features(image, rois))
    y.append(class_of(rois, boxes, kinds))
head = learn_head(np.concatenate(X), np.concatenate(y))


def faster_rcnn(image):
    """What is found in a picture: boxes, kinds and probabilities.

    Our objects never lie on one another, so that all boxes may compete, whatever their class.
    """
    rois, logits = rpn(image)
    rois = rois[logits > 0]  # more likely an object than not
    probabilities = classified(image, rois)
    kinds, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    own = np.flatnonzero((kinds > 0) & (sure > 0.6))
    kept = own[suppressed(rois[own], sure[own], 0.2, 10)]
    return rois[kept], kinds[kept], sure[kept]


fig, axes = plt.subplots(2, 4, figsize=(11, 5.6), layout="constrained")
for (above, below), (image, _, _) in zip(axes.T, day_test, strict=False):
    for axis in (above, below):
        axis.imshow(image)
        axis.set(xticks=[], yticks=[])
    for roi in propose_regions(image, 0.5):
        draw(above, roi, "black", style=":")
    for roi, kind, score in zip(*faster_rcnn(image), strict=True):
        draw(below, roi, DARK[kind], f"{KINDS[kind]} {score:.2f}")
axes[0, 0].set_ylabel("propose_regions, 0.5")
axes[1, 0].set_ylabel("Faster R-CNN")
plt.show()

objects = named = wrong = 0
for image, boxes, kinds in day_test:
    rois, said, _ = faster_rcnn(image)
    hits = (iou_matrix(rois, boxes) >= 0.5) & (said[:, None] == kinds)
    objects += (kinds > 0).sum()
    named += hits.any(axis=0).sum()
    wrong += (~hits.any(axis=1)).sum()
print(f"of {objects} objects {named} are found and named rightly; {wrong} boxes are wrong")

# %% [markdown]
# Some boxes are off, a few are wrong, and some objects are missed: our network is tiny and has learnt
# for seconds. The real one moves each box a second time, by the deltas of its head. But this is the
# whole plan of it: one set of features, used twice (here the RPN sees a coarser pooling of it).
#
# ## Break it
#
# Two mistakes that many programs have been published with:
#
# 1. **Anchors whose ratio is applied to one side only**: $w = s$, $h = s\,r$.
# 2. **A match without rule 4**: an anchor is positive only from `pos` on.
#
# Predict before you run the cell, and write it down:
#
# - With scale 16 and ratios ½, 1, 2: what areas do the anchors of the first mistake have? Which of
#   the checks of `generate_anchors` fire: squares, centres, sides?
# - For how many of the objects in daylight is there *no* positive anchor, according to the second?
#   Which of the checks of `match_anchors` fires?

# %% tags=["experiment"]
print("ratio     w × h (right)         w × h (mistake)")
for r in (0.5, 1.0, 2.0):
    x1, y1, x2, y2 = generate_anchors(1, 1, 4, (16.0,), (r,))[0]
    w, h = x2 - x1, y2 - y1
    print(
        f"{r:5} {w:6.1f} × {h:4.1f} = {w * h:5.1f}   {16:6.1f} × {16 * r:4.1f} = {16 * 16 * r:5.1f}"
    )


def match_without_rule_4(anchors, gt, pos, neg):
    best = iou_matrix(anchors, gt).max(axis=1)
    return np.where(best >= pos, 1, np.where(best < neg, 0, -1))


lost, kept, best_iou = 0, 0, []
for _, boxes, kinds in day_train:
    objects = boxes[kinds > 0]
    overlaps = iou_matrix(anchors, objects)
    for rule, labels in (
        ("with", match_anchors(anchors, objects)[0]),
        ("without", match_without_rule_4(anchors, objects, 0.7, 0.3)),
    ):
        reached = (overlaps.argmax(axis=0)[None] == np.flatnonzero(labels == 1)[:, None]).any(0)
        reached |= (overlaps[labels == 1] >= 0.7).any(axis=0)
        if rule == "with":
            kept += (~reached).sum()
        else:
            lost += (~reached).sum()
    best_iou.extend(overlaps.max(axis=0))
print(f"of {len(best_iou)} objects have no positive anchor: {kept} with rule 4, {lost} without")

plt.figure(figsize=(7, 2.4), layout="constrained")
plt.hist(best_iou, np.linspace(0.3, 1, 36))
plt.axvline(0.7, color="black", ls="--")
plt.xlabel("IoU of each object with its best anchor")
plt.ylabel("objects")
plt.show()

# %% [markdown]
# The areas are 128, 256 and 512 instead of 256 each: flat anchors come out too small and tall ones
# too large. The squares are right ($r = 1$ hides it), the centres are right, the sides are not. And
# the two mistakes would hide each other: with wrong anchors more objects fit none, and without
# rule 4 nobody learns them. No error is raised, the loss goes down, and the detector is merely bad.
# That is why each piece has a check of its own.
