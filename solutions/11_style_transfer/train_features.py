"""Makes data/features.npz, the trained filters of the notebook's experiments.

    python solutions/11_style_transfer/train_features.py

No network is downloaded: the filters learn from the two photographs that scikit-learn brings along
(`load_sample_images`), without labels.  Each photograph is cut into 4 x 6 places; the network sees
a part of one of them, shifted, mirrored and with other colours, and is to say which of the 48 it
comes from ("exemplar" training: Dosovitskiy and others, 2014).  What tells them apart are colours,
edges and textures, which is what style transfer needs.  The layers are those of `feature_model`.

Training makes much of rounding: another machine's filters differ in every number, but their
pictures hardly.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import sys
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_sample_images

UNIT = Path(__file__).parent
ROWS, COLUMNS, PART, STEPS, BATCH = 4, 6, 32, 1200, 48


def feature_model() -> keras.Model:
    """The notebook's function with seed 0, trainable: the cell of that name, executed."""
    text = (UNIT / "notebook.py").read_text(encoding="utf-8")
    cells = [cell for cell in text.split("# %%") if "def feature_model" in cell]
    names = {"keras": keras}
    exec(cells[0], names)
    model = names["feature_model"](0)
    model.trainable = True
    return model


def photographs() -> np.ndarray:
    """Both photographs at a quarter of their size, `(2, 106, 160, 3)` in [0, 1]."""
    pixels = np.stack(load_sample_images().images)[:, :424] / 255
    return pixels.reshape(2, 106, 4, 160, 4, 3).mean(axis=(2, 4)).astype("float32")


def batch(rng: np.random.Generator, photos: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parts of the photographs and the places that they come from."""
    labels = rng.integers(2 * ROWS * COLUMNS, size=BATCH)
    parts = np.empty((BATCH, PART, PART, 3), dtype="float32")
    height, width = photos.shape[1] - PART, photos.shape[2] - PART
    for part, label in zip(parts, labels, strict=True):
        photo, place = divmod(int(label), ROWS * COLUMNS)
        row, column = divmod(place, COLUMNS)
        top = int((row + rng.random()) * height / ROWS)
        left = int((column + rng.random()) * width / COLUMNS)
        part[:] = photos[photo, top : top + PART, left : left + PART]
        if rng.random() < 0.5:
            part[:] = part[:, ::-1].copy()
    colours = rng.uniform(0.7, 1.3, (BATCH, 1, 1, 3)) + rng.uniform(-0.1, 0.1, (BATCH, 1, 1, 1))
    return np.clip(parts * colours, 0, 1).astype("float32"), labels


def main() -> None:
    keras.utils.set_random_seed(0)
    rng, photos = np.random.default_rng(0), photographs()
    features = feature_model()
    pooled = [keras.layers.GlobalAveragePooling2D()(found) for found in features.outputs]
    scores = keras.layers.Dense(2 * ROWS * COLUMNS)(keras.layers.Concatenate()(pooled))
    model = keras.Model(features.inputs, scores)
    rate = keras.optimizers.schedules.CosineDecay(3e-3, STEPS)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    for step in range(1, STEPS + 1):
        found = model.train_on_batch(*batch(rng, photos))
        if step % 200 == 0:
            said = f"step {step:5}  loss {found[0]:.3f}  right {found[1]:.3f}\n"
            sys.stderr.write(said)
            model.reset_metrics()
    target = UNIT / "data" / "features.npz"
    target.parent.mkdir(exist_ok=True)
    weights = [array.astype("float16") for array in features.get_weights()]
    np.savez_compressed(target, **{f"{number}": array for number, array in enumerate(weights)})


if __name__ == "__main__":
    main()
