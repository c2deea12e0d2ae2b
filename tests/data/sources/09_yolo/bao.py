# Everything right, in another style: arrays, a mask in the loss, a functional net; magics, `!ls`.
#: executed = true

# %% setup
%matplotlib inline
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from autograder import check

Tensor = Any

# %% after setup
!ls
print(keras.backend.backend())

# %% encode_yolo
def encode_yolo(boxes_xyxy, classes, img, grid=3, n_classes=3):
    target = np.zeros((grid, grid, 5 + n_classes))
    if len(boxes_xyxy) == 0:
        return target
    cell = np.broadcast_to(img, 2)[::-1] / grid
    corners = boxes_xyxy.reshape(-1, 2, 2) / cell
    centres = corners.mean(axis=1)
    hw = np.diff(corners, axis=1)[:, 0, ::-1]
    place = np.minimum(centres.astype(int), grid - 1)
    one_hot = np.identity(n_classes)[classes]
    ones = np.ones((len(classes), 1))
    target[place[:, 1], place[:, 0]] = np.hstack([ones, centres - place, hw, one_hot])
    return target

# %% decode_yolo
def decode_yolo(y, img):
    height, width = np.broadcast_to(img, 2)
    n = y.shape[0]
    row, col = np.where(y[:, :, 0] > 0)
    found = y[row, col]
    centre = np.column_stack([col + found[:, 1], row + found[:, 2]]) * [width / n, height / n]
    half = found[:, [4, 3]] * [width / n, height / n] / 2
    best = found[:, 5:].argmax(axis=1)
    return np.hstack([centre - half, centre + half]), found[:, 0] * found[:, 5:].max(axis=1), best

# %% yolo_loss
def yolo_loss(y_true, y_pred):
    there = y_true[..., :1]
    weights = ops.concatenate([ops.ones_like(there)] + [there] * (y_true.shape[-1] - 1), axis=-1)
    return ops.sum(weights * ops.square(y_true - y_pred), axis=(1, 2, 3))

# %% build_yolo
def build_yolo(input_shape):
    inputs = keras.Input(shape=input_shape)
    x = inputs
    for filters, pool in [(16, 2), (32, 2), (64, 3)]:
        x = keras.layers.Conv2D(filters, (3, 3), padding="same")(x)
        x = keras.layers.Activation("relu")(x)
        x = keras.layers.MaxPooling2D((pool, pool))(x)
    x = keras.layers.Conv2D(64, (3, 3), padding="same", activation="relu")(x)
    outputs = keras.layers.Conv2D(8, (1, 1))(x)
    return keras.Model(inputs, outputs)

# %% detect
def detect(model, image, score_thr, iou_thr):
    import tensorflow as tf

    answer = ops.convert_to_numpy(model(image[np.newaxis, ...]))[0]
    boxes, scores, classes = decode_yolo(answer, image.shape[:2])
    good = scores >= score_thr
    boxes, scores, classes = boxes[good], scores[good], classes[good]
    if not len(scores):
        return boxes, scores, classes
    apart = boxes + 1000.0 * classes[:, None]
    kept = tf.image.non_max_suppression(apart, scores, len(scores), iou_thr).numpy()
    return boxes[kept], scores[kept], classes[kept]
