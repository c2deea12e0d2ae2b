"""Unit 11, `style_step`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autograder import (
    Case,
    Exercise,
    at_most,
    close,
    exact,
    float32,
    probes,
)

exercise = Exercise(
    "style_step",
    points=5,
    uses=("content_cost", "gram_matrix", "style_layer_cost", "style_cost", "total_cost"),
)
# The cost after 30 steps is at most this share of the first.  Measured by benchmarks/calibrate.py
# over 100 seeds of photographs' parts and filters: the reference has mean 0.054, sd 0.048, 0.014
# to 0.364, 0.8 CPU s each; over 20 seeds, the equivalents have the same as the reference to four
# digits.  The bound is the mean plus 2 sd (0.151), rounded up: two seeds exceed it, hence three
# tries.  Over 8 seeds, alpha and beta exchanged leave 0.90 to 0.99, climbing makes it 3 and more,
# a network that is trained leaves 0.1 to 3.2.  The other mistakes let it fall about as far: the
# checks of single steps are for them.
FALL = 0.2


def step_inputs(
    rng: np.random.Generator, H: int, W: int, alpha: float, beta: float, lr: float
) -> dict[str, Any]:
    """Pictures, and the weights of a network of two layers, the second at half the size."""
    shapes = [(3, 3, 3, 4), (4,), (3, 3, 4, 5), (5,)]
    return {
        "image": rng.uniform(0.3, 0.7, (H, W, 3)).astype(np.float32),
        "content": rng.uniform(0, 1, (H, W, 3)).astype(np.float32),
        "style": rng.uniform(0, 1, (H, W, 3)).astype(np.float32),
        "weights": [(0.4 * rng.normal(size=shape)).astype(np.float32) for shape in shapes],
        "lambdas": [float(x) for x in rng.uniform(0.5, 2, 2)],
        "alpha": alpha,
        "beta": beta,
        "lr": lr,
    }


def steps_of_both(rng: np.random.Generator) -> Iterator[Case]:
    """A step that no pixel leaves the range with."""
    for H, W, alpha, beta in ((8, 6, 3.0, 20.0), (6, 10, 8.0, 5.0)):
        yield Case(step_inputs(rng, H, W, alpha, beta, 0.3), f"alpha {alpha:g}, beta {beta:g}")


def steps_of_content(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(step_inputs(rng, 8, 6, 5.0, 0.0, 1.0), "beta 0: content only")


def steps_of_style(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(step_inputs(rng, 8, 6, 0.0, 20.0, 0.3), "alpha 0: style only")


def large_steps(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(step_inputs(rng, 8, 6, 8.0, 20.0, 30.0), "steps that leave the range")


def net(weights):
    """A network with two activation maps, its weights given."""
    picture = keras.Input((None, None, 3))
    one = keras.layers.Conv2D(weights[0].shape[3], 3, padding="same", activation="tanh")(picture)
    small = keras.layers.AveragePooling2D(2)(one)
    two = keras.layers.Conv2D(weights[2].shape[3], 3, padding="same", activation="tanh")(small)
    model = keras.Model(picture, [one, two])
    model.set_weights(weights)
    return model


def targets_of(model, content, style, lambdas, alpha, beta):
    """What `style_step` is to come near to."""
    style_maps = [found[0] for found in model(style[None])]
    return model(content[None])[-1][0], style_maps, lambdas, alpha, beta


def stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, steps):
    """The costs and the picture after some steps of gradient descent with momentum."""
    model = net(weights)
    picture = keras.Variable(image[None])
    optimizer = keras.optimizers.SGD(lr, momentum=0.9)
    targets = targets_of(model, content, style, lambdas, alpha, beta)
    costs = [program.style_step(picture, model, targets, optimizer) for _ in range(steps)]
    return costs, picture, model


@exercise.check(
    points=0.75, cases=steps_of_both, judge=close(float32), helpers=(net, targets_of, stepped)
)
def cost_before(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """The total cost before the step comes back"""
    costs, _, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 1)
    return {"cost": np.array(float(costs[0]), dtype=np.float32)}


@exercise.check(
    points=0.75, cases=steps_of_content, judge=close(float32), helpers=(net, targets_of, stepped)
)
def content_only(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Without style, the step goes towards the content's activations on the last layer"""
    _, picture, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 1)
    return {"picture": picture}


@exercise.check(
    points=0.75, cases=steps_of_style, judge=close(float32), helpers=(net, targets_of, stepped)
)
def style_only(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Without content, the step goes towards the style on all layers"""
    _, picture, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 1)
    return {"picture": picture}


@exercise.check(
    points=0.75, cases=steps_of_both, judge=close(float32), helpers=(net, targets_of, stepped)
)
def two_steps(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Two steps with one optimizer, which remembers the first"""
    costs, picture, _ = stepped(
        program, image, content, style, weights, lambdas, alpha, beta, lr, 2
    )
    return {"cost": np.array(float(costs[1]), dtype=np.float32), "picture": picture}


@exercise.check(
    points=0.75, cases=large_steps, judge=close(float32), helpers=(net, targets_of, stepped)
)
def in_range(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """Pixels that leave [0, 1] are brought back to its border after the step"""
    _, picture, _ = stepped(program, image, content, style, weights, lambdas, alpha, beta, lr, 2)
    return {"picture": picture}


@exercise.check(
    points=0.5, cases=steps_of_both, judge=exact(secret=False), helpers=(net, targets_of, stepped)
)
def network_stays(program, image, content, style, weights, lambdas, alpha, beta, lr):
    """The network's weights stay as they were; the picture moves; a float comes back"""
    costs, picture, model = stepped(
        program, image, content, style, weights, lambdas, alpha, beta, lr, 1
    )
    kept = zip(model.get_weights(), weights, strict=True)
    return {
        "the weights are unchanged": all(np.array_equal(now, old) for now, old in kept),
        "the picture has changed": not np.array_equal(probes.to_arrays(picture)[0], image),
        "a float comes back": isinstance(costs[0], float),
    }


def photographs(rng: np.random.Generator) -> Iterator[Case]:
    """Parts of the two photographs that scikit-learn has, 32 x 32, and random filters."""
    from sklearn.datasets import load_sample_image

    found = {}
    for role, name in (("content", "china.jpg"), ("style", "flower.jpg")):
        top, left = rng.integers(0, 427 - 192), rng.integers(0, 640 - 192)
        part = load_sample_image(name)[top : top + 192, left : left + 192] / 255
        found[role] = part.reshape(32, 6, 32, 6, 3).mean(axis=(1, 3)).astype(np.float32)
    shapes = [(3, 3, 3, 12), (12,), (3, 3, 12, 16), (16,)]
    sizes = [np.sqrt(2 / np.prod(shape[:-1])) * (len(shape) > 1) for shape in shapes]
    weights = [
        (size * rng.normal(size=shape)).astype(np.float32)
        for size, shape in zip(sizes, shapes, strict=True)
    ]
    yield Case(found | {"weights": weights}, "a palace and a flower")


def share_left(got: Any) -> float:
    """The last cost by the first, measured by the check itself."""
    return float(got["last"]) / float(got["first"])


@exercise.check(
    points=0.75,
    cases=photographs,
    judge=at_most(FALL, share_left, "The cost after 30 steps, as a share of the first,"),
    helpers=(net, targets_of),
    tries=3,
    seconds=60,
    public=False,  # the notebook's experiment is the same with larger pictures
)
def cost_falls(program, content, style, weights):
    """Thirty steps of Adam on photographs bring the cost to a fifth of the first, or less"""
    model = net(weights)
    content_map, style_maps, lambdas, alpha, beta = targets_of(
        model, content, style, [1.0, 1.0], 1.0, 100.0
    )
    picture = keras.Variable(content[None])
    optimizer = keras.optimizers.Adam(0.03)

    def cost(found):
        arrays = [np.asarray(probes.to_arrays(one))[0].astype(float) for one in model(found)]
        total = alpha * np.mean((arrays[-1] - probes.to_arrays(content_map)) ** 2) / 4
        for one, wanted in zip(arrays, probes.to_arrays(style_maps), strict=True):
            one, wanted = (x.reshape(-1, x.shape[-1]) for x in (one, np.asarray(wanted)))
            gap = (one.T @ one - wanted.T @ wanted) / (2 * one.size)
            total += beta * np.sum(gap**2)
        return total

    first = cost(picture)
    for _ in range(30):
        program.style_step(
            picture, model, (content_map, style_maps, lambdas, alpha, beta), optimizer
        )
    return {"first": first, "last": cost(picture)}


TAKEN = "gradient = record.gradient(cost, image.value)"
APPLIED = "optimizer.apply([gradient], [image])"
CLIPPED = "image.assign(ops.clip(image, 0.0, 1.0))"
MAPS = "maps = [found[0] for found in features(image)]"
J_STYLE = "J_style = style_cost(style_maps, maps, lambdas)"
J_CONTENT = "J_content = content_cost(content_map, maps[-1])"
exercise.variant(
    "NS6",
    "You train the network: its weights move, and the picture stays. Take the gradient with "
    "respect to the picture, and apply it to the picture.",
    {
        TAKEN: "moved = features.trainable_variables\n"
        "    gradients = record.gradient(cost, [variable.value for variable in moved])",
        APPLIED: "optimizer.build([image, *moved])\n"
        "    optimizer.apply([ops.zeros_like(image), *gradients], [image, *moved])",
    },
)
exercise.variant(
    "NS7a",
    "You don't clip: after the step pixels lie outside of [0, 1].",
    {CLIPPED: "pass"},
)
exercise.variant(
    "NS7b",
    "You clip on the way into the network, not the picture after the step: the pixels stay "
    "outside, and behind the border their slope is 0, so they never come back.",
    {MAPS: "maps = [found[0] for found in features(ops.clip(image, 0.0, 1.0))]", CLIPPED: "pass"},
)
exercise.variant(
    "NS7c",
    "You clip to the wrong range: pixels lie in [0, 1] here, not in [-1, 1] or [0, 255].",
    {CLIPPED: "image.assign(ops.clip(image, -1.0, 1.0))"},
)
exercise.variant(
    "NS8",
    "`alpha` and `beta` are exchanged.",
    {"total_cost(J_content, J_style, alpha, beta)": "total_cost(J_content, J_style, beta, alpha)"},
)
exercise.variant(
    "NS10a",
    "You compare the content on the first layer, or on several. Asked for is the last one alone.",
    {
        J_CONTENT: "C = content_map.shape[-1]\n"
        "        J_content = content_cost(content_map, ops.average_pool("
        "maps[0][None, :, :, :], 2)[0][:, :, :1] + ops.zeros((1, 1, C)))"
    },
)
exercise.variant(
    "NS10b",
    "You ask for the style of the last layer only. The targets have one map for each layer.",
    {J_STYLE: "J_style = style_cost(style_maps[-1:], maps[-1:], lambdas[-1:])"},
)
exercise.variant(
    "SS1",
    "You climb: the picture goes along the gradient, where the cost grows.",
    {APPLIED: "optimizer.apply([-gradient], [image])"},
)
exercise.variant(
    "SS2",
    "You return the cost after the step. Asked for is the one before it, which you have already.",
    {
        "return float(cost)": "maps = [found[0] for found in features(image)]\n"
        "    after = total_cost(content_cost(content_map, maps[-1]), "
        "style_cost(style_maps, maps, lambdas), alpha, beta)\n"
        "    return float(after)"
    },
)
exercise.variant(
    "SS3",
    "Every step has an optimizer of its own, so nothing of the steps before is remembered. Use the "
    "one that is handed over.",
    {APPLIED: "type(optimizer).from_config(optimizer.get_config()).apply([gradient], [image])"},
)
exercise.variant(
    "SS4",
    "The picture never moves: the step changes a copy.",
    {APPLIED: "optimizer.apply([gradient], [keras.Variable(image)])"},
)
exercise.variant(
    "SS5",
    "The number that comes back is a tensor. Asked for is a float.",
    {"return float(cost)": "return cost"},
)


@exercise.equivalent("a watched tensor")
def step_with_numbers(image, features, targets, optimizer):
    content_map, style_maps, lambdas, alpha, beta = targets

    def cost_of(picture):
        maps = [ops.squeeze(found, axis=0) for found in features(picture)]
        return total_cost(
            content_cost(content_map, maps[-1]), style_cost(style_maps, maps, lambdas), alpha, beta
        )

    picture = tf.convert_to_tensor(image)
    with tf.GradientTape() as tape:
        tape.watch(picture)
        cost = cost_of(picture)
    optimizer.apply_gradients([(tape.gradient(cost, picture), image)])
    image.assign(ops.minimum(ops.maximum(image, 0.0), 1.0))
    return float(ops.convert_to_numpy(cost))


@exercise.equivalent("from scratch")
def step_from_scratch(image, features, targets, optimizer):
    content_map, style_maps, lambdas, alpha, beta = targets
    with tf.GradientTape() as tape:
        maps = features(image)
        cost = alpha * tf.reduce_mean((maps[-1][0] - content_map) ** 2) / 4
        for weight, wanted, found in zip(lambdas, style_maps, maps, strict=True):
            places = tf.cast(tf.shape(found)[1] * tf.shape(found)[2], tf.float32)
            gap = tf.einsum("nhwi,nhwj->ij", found, found)
            gap = (gap - tf.einsum("hwi,hwj->ij", wanted, wanted)) / places
            cost += beta * weight * tf.reduce_mean(gap**2) / 4
    optimizer.apply(tape.gradient(cost, [image.value]), [image])
    image.assign(tf.clip_by_value(image.value, 0, 1))
    return cost.numpy().item()


@exercise.symptom(
    "stands_still",
    "The cost hardly moves: does the picture change, and in the right direction?",
)
def stands_still(got: Any) -> bool:
    return "last" in got and bool(got["last"] > 0.98 * got["first"])
