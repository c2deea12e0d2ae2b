"""What several exercises of unit 06 use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import Case, digit_pictures, probes

Array = np.ndarray[Any, Any]


def windows(
    rng: np.random.Generator, pads: tuple[int, ...], strides: tuple[int, ...], rest: bool = False
) -> dict[str, Any]:
    """Eight lines of pixels, (n, f, pad, stride); windows fill each exactly, or leave some over."""
    asked = []
    for _ in range(8):
        f, pad, stride = int(rng.integers(1, 8)), int(rng.choice(pads)), int(rng.choice(strides))
        steps = int(rng.integers(1, 40))
        left_over = int(rng.integers(1, stride)) if rest else 0
        asked.append([f + steps * stride + left_over - 2 * pad, f, pad, stride])
    # A picture has a pixel at least, and more than its frame.
    return {"asked": [[max(n, f + 1), f, pad, stride] for n, f, pad, stride in asked]}


CORNER = "top, left = i * stride, j * stride"


def activation_of(layer):
    """The name of the function that a layer applies at its end; "" where there is none."""
    function = getattr(layer, "activation", None)
    if function is None:
        kind = type(layer).__name__
        own = ("ReLU", "Softmax", "LeakyReLU", "PReLU", "ELU")
        return kind.lower() if kind in own else ""
    name = getattr(function, "__name__", type(function).__name__.lower())
    return "" if name == "linear" else name


def known(model):
    """The model, if it knows its input."""
    if not getattr(model, "built", True):
        raise ValueError("The model does not know its input: begin with keras.Input(input_shape).")
    return model


def weighted_layers(model):
    """The convolutions and dense layers, each with the functions that follow it."""
    found = []
    for layer in probes.leaf_layers(known(model)):
        name = activation_of(layer)
        if isinstance(layer, (keras.layers.Conv2D, keras.layers.Dense)):
            found.append((layer, [name] if name else []))
        elif name and found:
            found[-1][1].append(name)
    return found


def copied(layer, kernel, bias, number):
    """Copies weights into a layer: the same numbers in the layer's own shape."""
    if layer.bias is None:
        raise ValueError(f"Layer {number} with weights has no bias.")
    for weight, values in ((layer.kernel, kernel), (layer.bias, bias)):
        if np.size(values) != np.prod(weight.shape):
            shape = tuple(int(n) for n in weight.shape)
            raise ValueError(
                f"Layer {number} with weights has some of shape {shape}: {np.prod(shape)} numbers, "
                f"not {np.size(values)}."
            )
        weight.assign(np.reshape(values, weight.shape))


def digit_task(rng: np.random.Generator) -> Iterator[Case]:
    """1600 digits of 16 by 16 pixels to learn from, 400 others; their labels stay here."""
    images, labels = digit_pictures(
        rng, 2000, (16, 16), (10, 12.5), clutter=0, noise=0.03, inverted=0
    )
    inputs = {"images": images[:1600], "labels": labels[:1600], "new_images": images[1600:]}
    yield Case(inputs, "drawn digits", {"labels": labels[1600:]})


def fitted(model, images, labels, new_images, scale, rate, epochs):
    """Trains on enlarged digits, in batches of 32; what the model then says of others."""

    def enlarged(images):
        return images.astype("float32").repeat(scale, 1).repeat(scale, 2)[..., None]

    probes.only_keras_layers(model)
    # Its last steps are small: what comes out hangs less on the last batches.
    rate = keras.optimizers.schedules.CosineDecay(rate, epochs * -(-len(images) // 32))
    model.compile(
        optimizer=keras.optimizers.Adam(rate),
        loss=keras.losses.SparseCategoricalCrossentropy(),
        jit_compile=False,
    )
    history = model.fit(enlarged(images), labels, batch_size=32, epochs=epochs, verbose=0)
    predictions = np.argmax(probes.to_arrays(model(enlarged(new_images))), axis=-1)
    return {"predictions": predictions, "losses": np.array(history.history["loss"])}


FLATTEN = "keras.layers.Flatten(),"
OUTPUT = 'keras.layers.Dense(classes, activation="softmax")'
INPUT = "keras.Input(input_shape),"  # with the comma: a docstring has it without


def outputs(rng: np.random.Generator, classes: int) -> dict[str, Any]:
    """Weights of the last layer."""
    return {"W7": rng.normal(size=(2, classes)), "b7": rng.normal(size=classes)}
