"""Unit 04, `random_flip`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograder import (
    Case,
    Exercise,
    exact,
    unchanged,
    within,
)

from .cases import new_seed, share

exercise = Exercise("random_flip", points=2)


def labelled_pictures(rng: np.random.Generator) -> Iterator[Case]:
    """Noise with labels in any order; 22 allow a flip, so that one is flipped for certain."""
    for label, shape, kind, flippable in (
        ("grey, labels 0 and 8 flip", (30, 4, 5, 1), np.float64, [0, 8]),
        ("bytes, three channels, label 3 flips", (30, 5, 4, 3), np.uint8, [3]),
    ):
        images = rng.integers(1, 255, shape).astype(kind)
        others = [c for c in range(10) if c not in flippable]
        labels = rng.permutation([*rng.choice(flippable, 22), *rng.choice(others, 8)])
        inputs = {"images": images, "labels": labels, "flippable": flippable}
        yield Case(inputs | {"seed": new_seed(rng)}, label)


def labels_that_forbid(rng: np.random.Generator) -> Iterator[Case]:
    """The same, and no label at all that flips."""
    cases = list(labelled_pictures(rng))
    yield from cases
    yield Case(cases[0].inputs | {"flippable": []}, "no label flips")


def many_flips(rng: np.random.Generator) -> Iterator[Case]:
    """4000 small images, and the law of a coin for each."""
    n, dark = 4000, float(rng.uniform(1, 100))
    bright = dark + float(rng.uniform(1, 2))
    truth = {
        "share of mirrored images": share(0.5, n),
        "share mirrored like the image before": share(0.5, n - 1),
        "mean of the top left pixel": ((dark + bright) / 2, (bright - dark) / 2 / np.sqrt(n)),
    }
    inputs = {"count": n, "dark": dark, "bright": bright, "seed": new_seed(rng)}
    yield Case(inputs, "4000 images, all of which may flip", truth)


def images_of(result):
    """The first of a pair; or what came back instead of one, which loses elsewhere."""
    return np.asarray(result[0] if isinstance(result, (tuple, list)) else result)


# The images come back and are judged outside: who sends mirrored ones has mirrored them.
def mirrored(value, inputs):
    """What became of each image, and its label."""
    new, given = np.asarray(value["images"]), inputs["images"]
    form = {"shape": str(new.shape), "type of numbers": new.dtype.name}
    if new.shape != given.shape:
        return form
    same, mirrored = (
        (new == other).reshape(len(new), -1).all(axis=1) for other in (given, given[:, :, ::-1])
    )
    return form | {
        "some image is mirrored": bool(mirrored.any()),
        "some image is as it was": bool(same.any()),
        "some image is upside down": bool(
            (new == given[:, ::-1]).reshape(len(new), -1).all(1).any()
        ),
        "all are as they were, or mirrored": bool((same | mirrored).all()),
        "labels": np.asarray(value["labels"]),
    }


@exercise.check(
    points=0.5,
    cases=labelled_pictures,
    judge=exact(secret=False),
    counts_alone=True,
    measure=mirrored,
)
def flipped_content(program, images, labels, flippable, seed):
    """Each image is as it was or mirrored left to right, in its place, with its label"""
    rng = np.random.default_rng(seed)
    new, new_labels = program.random_flip(images, labels, rng, set(flippable))
    return {"images": np.asarray(new), "labels": np.asarray(new_labels)}


def changes(value, inputs):
    """Which images are changed: some that may be, some that may not be."""
    new, given = np.asarray(value["images"]), inputs["images"]
    allowed = np.isin(inputs["labels"], inputs["flippable"])
    if new.shape != given.shape:
        return {"shape": str(new.shape)}
    changed = np.array([not np.array_equal(a, b) for a, b in zip(new, given, strict=True)])
    return {
        "some image that may be mirrored is changed": bool(changed[allowed].any()),
        "some image that may not be mirrored is changed": bool(changed[~allowed].any()),
    }


@exercise.check(
    points=0.5,
    cases=labels_that_forbid,
    judge=exact(secret=False),
    measure=changes,
    helpers=(images_of,),
)
def flips_only_allowed(program, images, labels, flippable, seed):
    """Only images whose label is in `flippable` are changed"""
    rng = np.random.default_rng(seed)
    return {"images": images_of(program.random_flip(images, labels.copy(), rng, set(flippable)))}


def shares_mirrored(value, inputs):
    """How often images are mirrored, alone and like the one before."""
    new, ends = np.asarray(value["images"]), (inputs["dark"], inputs["bright"])
    image = np.array([ends, ends[::-1]]).reshape(1, 2, 2, 1)
    # Upside down they look like mirrored ones: which it is, is another check's question.
    same, other = (
        np.isclose(new, one, 1e-6).all(axis=(1, 2, 3)) for one in (image, image[:, ::-1])
    )
    if not (same | other).all():
        return {"images that are something else": int((~(same | other)).sum())}
    return {
        "share of mirrored images": other.mean(),
        "share mirrored like the image before": (other[1:] == other[:-1]).mean(),
        "mean of the top left pixel": new[:, 0, 0, 0].mean(),
    }


@exercise.check(
    points=0.5,
    cases=many_flips,
    judge=within(),
    counts_alone=True,
    measure=shares_mirrored,
    helpers=(images_of,),
)
def flip_law(program, count, dark, bright, seed):
    """Each image that may be mirrored is, with probability one half, whatever the others do"""
    image = np.array([[dark, bright], [bright, dark]]).reshape(1, 2, 2, 1)
    images = np.tile(image, (count, 1, 1, 1))
    labels = np.arange(count) % 10
    rng = np.random.default_rng(seed)
    return {"images": images_of(program.random_flip(images, labels, rng, set(range(10))))}


def mirrors_differ(value, inputs):
    """Whether a second call and an equal generator mirror the same images."""
    return {
        "a second call mirrors others": not np.array_equal(value["first"], value["second"]),
        "an rng in the same state mirrors the same": bool(
            np.array_equal(value["first"], value["again"])
        ),
    }


@exercise.check(
    points=0.25,
    cases=labelled_pictures,
    judge=exact(secret=False),
    measure=mirrors_differ,
    helpers=(images_of,),
)
def fresh_flips(program, images, labels, flippable, seed):
    """Every call mirrors other images, and `rng` decides which"""
    rng, chosen = np.random.default_rng(seed), set(flippable)
    first, second, again = (
        images_of(program.random_flip(images.copy(), labels.copy(), generator, chosen))
        for generator in (rng, rng, np.random.default_rng(seed))
    )
    return {"first": first, "second": second, "again": again}


@exercise.check(points=0.25, cases=labelled_pictures, judge=unchanged())
def flip_arguments_unchanged(program, images, labels, flippable, seed):
    """The caller's images and labels stay as they were"""
    program.random_flip(images, labels, np.random.default_rng(seed), set(flippable))
    return {"images": images, "labels": labels}


MIRRORED = "allowed & (rng.random(len(images)) < 0.5)"
MIRROR_IMAGE = "images[:, :, ::-1]"
FLIPPED = "return np.where(mirrored[:, None, None, None], images[:, :, ::-1], images), labels"
exercise.variant(
    "AU1",
    "You mirror images whatever their label: a mirrored 2 is no 2 any more, but still has its "
    "label. Look at `flippable`.",
    {MIRRORED: MIRRORED.replace("allowed & ", "")},
)
exercise.variant(
    "AU1b",
    "You mirror just those images that must not be mirrored: `flippable` holds the labels that "
    "allow it.",
    {MIRRORED: MIRRORED.replace("allowed", "~allowed")},
)
exercise.variant(
    "AU3.coin",
    "One coin is tossed for the whole batch: either all images are mirrored, or none. Toss one for "
    "each image.",
    {MIRRORED: "allowed & (rng.random() < 0.5)"},
)
exercise.variant(
    "AU3.labels",
    "You put the images into another order and leave the labels in the old one: now they belong to "
    "other images. Keep both in order.",
    {
        FLIPPED: FLIPPED.replace("return ", "shown = ").replace(", labels", "")
        + "\n    return rng.permutation(shown), labels"
    },
)
exercise.variant(
    "AU10",
    "You turn images upside down. Mirror them left to right: the axes are number, height, width, "
    "channels.",
    {MIRROR_IMAGE: "images[:, ::-1]"},
)
exercise.variant(
    "AU11",
    "You mirror every image that may be mirrored. Toss a coin for each: half of them stay.",
    {MIRRORED: "allowed"},
)
exercise.variant(
    "AU12",
    "You write into the caller's images. Make new ones.",
    {FLIPPED: "images[mirrored] = images[mirrored][:, :, ::-1]\n    return images, labels"},
)
exercise.variant(
    "AU13",
    "You return the images only. The pair of images and labels is expected.",
    {FLIPPED: FLIPPED.removesuffix(", labels")},
)
exercise.variant(
    "AU14",
    "You reverse the order of the images instead of mirroring each: the first axis numbers the "
    "images.",
    {MIRROR_IMAGE: "images[::-1]"},
)
exercise.variant(
    "AU15",
    "Your coin does not come from the `rng` that you are given, but from NumPy's global generator. "
    "Then nobody can repeat your run.",
    {MIRRORED: MIRRORED.replace("rng", "np.random")},
)
exercise.variant(
    "AU16",
    "You return the mirrored images *beside* the old ones. Each image should come back once, "
    "mirrored or not.",
    {
        FLIPPED: "shown = np.concatenate([images, images[mirrored][:, :, ::-1]])\n"
        "    return shown, np.concatenate([labels, labels[mirrored]])"
    },
)


@exercise.equivalent("one by one")
def flip_one_by_one(images, labels, rng, flippable):
    out = images.copy()
    for i, label in enumerate(labels):
        if label in flippable and rng.random() > 0.5:
            out[i] = np.fliplr(images[i])
    return out, labels.copy()


@exercise.equivalent("a list")
def flip_by_list(images, labels, rng, flippable):
    coins = rng.integers(0, 2, size=len(labels))
    shown = [
        np.flip(image, axis=1) if coin and int(label) in flippable else image
        for image, label, coin in zip(images, labels, coins, strict=True)
    ]
    return np.array(shown), labels


@exercise.equivalent("indices")
def flip_by_indices(images, labels, rng, flippable):
    images = np.array(images)
    candidates = [i for i in range(len(labels)) if labels[i] in flippable]
    for i in candidates:
        if rng.choice([True, False]):
            images[i] = images[i, :, ::-1].copy()
    return images, np.array(labels)
