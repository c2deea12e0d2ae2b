# Everything right, in another style: copies, broadcasting, masks; magics, a listing, an `await`.
#: executed = true

# %% setup
%matplotlib inline
from typing import Any

import asyncio
import keras
import numpy as np
import matplotlib.pyplot as plt
from keras import ops

from autograder import check

# %% after setup
!ls

# %% after setup
async def ready():
    await asyncio.sleep(0)
    return "ready"

print(await ready())

# %% dense_to_conv
def dense_to_conv(W, b, in_shape):
    kernels = [unit.reshape(in_shape) for unit in np.transpose(W)]
    return np.moveaxis(np.stack(kernels), 0, 3), b.copy()

# %% convolutionalise
def convolutionalise(model):
    copy = keras.Sequential(name="anywhere")
    copy.add(keras.Input((None, None, model.input_shape[-1])))
    block, weights = None, []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Flatten):
            block = tuple(layer.input.shape)[1:]
        elif isinstance(layer, keras.layers.Dense):
            W, b = layer.get_weights()
            weights.extend(dense_to_conv(W, b, block))
            copy.add(keras.layers.Conv2D(b.size, block[:2], activation=layer.activation))
            block = (1, 1, b.size)
        else:
            weights.extend(layer.get_weights())
            copy.add(layer.__class__.from_config(layer.get_config()))
    copy.set_weights(weights)
    copy.summary()
    return copy

# %% sliding_window
def sliding_window(model, image, win, stride):
    h, w = np.broadcast_to(win, 2)
    views = np.lib.stride_tricks.sliding_window_view(image, (h, w), (0, 1))[::stride, ::stride]
    crops = np.moveaxis(views, 2, -1)
    rows, cols = crops.shape[:2]
    flat = crops.reshape((rows * cols,) + crops.shape[2:])
    return np.reshape(model.predict(flat, verbose=0), (rows, cols, -1))

# %% iou
def iou(a, b):
    a, b = np.reshape(a, (2, 2)), np.reshape(b, (2, 2))
    sides = np.clip(np.minimum(a[1], b[1]) - np.maximum(a[0], b[0]), 0, None)
    common = sides.prod()
    union = np.subtract(*a[::-1]).prod() + np.subtract(*b[::-1]).prod() - common
    return common / union if union else 0.0

# %% iou_matrix
def iou_matrix(A, B):
    a, b = A[:, np.newaxis], B[np.newaxis]
    w = np.minimum(a[..., 2], b[..., 2]) - np.maximum(a[..., 0], b[..., 0])
    h = np.minimum(a[..., 3], b[..., 3]) - np.maximum(a[..., 1], b[..., 1])
    common = np.maximum(w, 0) * np.maximum(h, 0)
    area = lambda x: (x[..., 2] - x[..., 0]) * (x[..., 3] - x[..., 1])
    union = area(a) + area(b) - common
    return common / np.where(union == 0, 1, union)

# %% nms
def nms(boxes, scores, iou_thr, max_out):
    table = iou_matrix(boxes, boxes)
    alive = np.ones(len(scores), bool)
    stay = []
    for place in np.argsort(scores)[::-1]:
        if alive[place] and (max_out is None or len(stay) < max_out):
            stay.append(place)
            alive &= table[place] < iou_thr
    print(len(boxes), "->", len(stay))
    return np.array(stay, dtype=np.int64)

# %% after check_nms
plt.bar(range(3), [3, 1, 2])
plt.show()

# %% multiclass_nms
def multiclass_nms(boxes, scores, classes, score_thr, iou_thr):
    good = np.flatnonzero(scores >= score_thr)
    if not good.size:
        return good
    apart = (boxes.max() - boxes.min() + 1) * classes[good]
    stay = nms(boxes[good] + apart[:, None], scores[good], iou_thr, None)
    return good[stay]
