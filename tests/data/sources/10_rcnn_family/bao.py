# Everything right in another style: scipy, broadcasting, masks; magics, `!ls`, an await.

# %% setup
%matplotlib inline
import asyncio
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops
from scipy import ndimage

from autograder import check

Tensor = Any

!ls
await asyncio.sleep(0)

# %% propose_regions
def propose_regions(image, thr):
    components, _ = ndimage.label(image.max(axis=-1) > thr)
    found = [(x.start, y.start, x.stop, y.stop) for y, x in ndimage.find_objects(components)]
    return np.array(found, dtype=np.float64).reshape(-1, 4)

# %% crop_and_resize
def crop_and_resize(image, rois, size):
    h, w = np.broadcast_to(size, 2)
    out = []
    for x1, y1, x2, y2 in rois.astype(int):
        crop = image[y1:y2, x1:x2]
        grid = np.meshgrid(
            (np.arange(h) + 0.5) * (y2 - y1) / h - 0.5,
            (np.arange(w) + 0.5) * (x2 - x1) / w - 0.5,
            indexing="ij",
        )
        channels = [
            ndimage.map_coordinates(crop[..., c], grid, order=1, mode="nearest")
            for c in range(image.shape[-1])
        ]
        out.append(np.stack(channels, axis=-1))
    return np.array(out)

# %% svm_loss
def svm_loss(W, b, X, Y, C):
    missing = np.clip(1 - Y * (np.einsum("nd,dk->nk", X, W) + b), 0, None)
    pull = C * Y * np.sign(missing) / len(Y)
    return np.linalg.norm(W) ** 2 / 2 + C * missing.sum(1).mean(), W - X.T @ pull, -pull.sum(0)

# %% roi_max_pool
def roi_max_pool(feat, rois, out, scale):
    oh, ow = np.broadcast_to(out, 2)

    def edges(n, m):
        k = np.arange(m)
        return zip(np.floor(k * n / m).astype(int), np.ceil((k + 1) * n / m).astype(int))

    return np.array(
        [
            [
                [region[a:b, c:d].max((0, 1)) for c, d in edges(region.shape[1], ow)]
                for a, b in edges(region.shape[0], oh)
            ]
            for x1, y1, x2, y2 in np.round(rois * scale).astype(int)
            for region in [feat[y1:y2, x1:x2]]
        ]
    )

# %% generate_anchors
def generate_anchors(Hf, Wf, stride, scales, ratios):
    scales, ratios = np.array(scales, float), np.array(ratios, float)
    w = (scales[:, None] / ratios ** 0.5).reshape(-1)
    h = (scales[:, None] * ratios ** 0.5).reshape(-1)
    x = (np.arange(Wf) + 0.5) * stride
    y = (np.arange(Hf) + 0.5) * stride
    x, y = x[None, :, None], y[:, None, None]
    full = np.broadcast_arrays(x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    return np.stack(full, axis=-1).reshape(-1, 4)

# %% encode_deltas
def encode_deltas(anchors, gt):
    lo, hi = anchors[:, :2], anchors[:, 2:]
    LO, HI = gt[:, :2], gt[:, 2:]
    return np.hstack([((LO + HI) - (lo + hi)) / 2 / (hi - lo), np.log((HI - LO) / (hi - lo))])

# %% decode_deltas
def decode_deltas(anchors, d):
    lo, hi = anchors[:, :2], anchors[:, 2:]
    centre = (lo + hi) / 2 + d[:, :2] * (hi - lo)
    half = (hi - lo) / 2 * np.exp(d[:, 2:])
    return np.hstack([centre - half, centre + half])

# %% match_anchors
def match_anchors(anchors, gt, pos=0.7, neg=0.3):
    if not gt.size:
        return np.zeros(len(anchors), int), np.full(len(anchors), -1)
    O = iou_matrix(anchors, gt)
    best = O.max(axis=1)
    favourite = np.isin(np.arange(len(anchors)), O.argmax(axis=0))
    positive = favourite | (best > pos)
    labels = np.where(positive, 1, np.where(best < neg, 0, -1))
    return labels, np.where(positive, O.argmax(axis=1), -1)

# %% smooth_l1
def smooth_l1(x, beta=1.0):
    a = ops.abs(x)
    inside = ops.minimum(a, beta)
    return inside * (a - inside / 2) / beta + (a - inside) * (1 - inside / beta)

# %% rpn_loss
def rpn_loss(labels, deltas_true, logits, deltas_pred):
    sign = np.where(labels == 1, -1.0, 1.0)
    entropy = ops.mean(ops.softplus(sign * logits)[labels >= 0])
    boxes = ops.sum(smooth_l1(deltas_pred - deltas_true), axis=1)[labels == 1]
    return entropy + (ops.mean(boxes) if (labels == 1).any() else 0.0)

# %% build_rpn
def build_rpn(features, n_anchors, filters):
    rows, columns, _ = features.output_shape[1:]
    x = keras.layers.Conv2D(filters, (3, 3), padding="same")(features.outputs[0])
    x = ops.relu(x)
    pairs = ops.reshape(keras.layers.Dense(n_anchors * 2)(x), (-1, rows * columns * n_anchors, 2))
    moves = ops.reshape(keras.layers.Dense(n_anchors * 4)(x), (-1, rows * columns * n_anchors, 4))
    return keras.Model(features.inputs, [ops.softmax(pairs), moves])
