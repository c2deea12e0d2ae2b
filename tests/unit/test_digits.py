"""The pictures of digits that courses grade on: drawn from a seed, in no order, none twice."""

from typing import Any

import numpy as np
import pytest

from autograder import digit_pictures
from autograder.digits import INK


def drawn(seed: int = 0, **settings: Any) -> tuple[Any, Any]:
    return digit_pictures(np.random.default_rng(seed), 600, **settings)


def test_a_seed_gives_the_same_pictures_and_another_gives_others() -> None:
    pictures, labels = drawn()
    again, same = drawn()
    other, _ = drawn(1)
    assert (pictures == again).all() and (labels == same).all()
    assert not (pictures == other).all(axis=(1, 2)).any()


@pytest.mark.parametrize("shape", [(16, 16), (8, 8), (20, 8)])
def test_pictures_are_small_whole_numbers_of_the_shape_asked_for(shape: tuple[int, int]) -> None:
    pictures, labels = drawn(shape=shape, height=(7, 8))
    assert pictures.shape == (600, *shape) and pictures.dtype == labels.dtype == np.uint8
    assert pictures.max() == INK and set(labels) == {*range(10)}


def test_no_picture_is_drawn_twice() -> None:
    pictures, _ = drawn(noise=0, clutter=0, inverted=0)
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_labels_are_in_no_order() -> None:
    _, labels = drawn()
    steps = np.diff(labels.astype(int))
    # Of independent digits a tenth are the same as the one before, and 45 % are larger.
    assert 0.05 < np.mean(steps == 0) < 0.15
    assert 0.37 < np.mean(steps > 0) < 0.53


def test_a_digit_stands_at_any_place_and_wholly_in_the_picture() -> None:
    pictures, _ = drawn(shape=(20, 12), height=(8, 8), noise=0, clutter=0, inverted=0)
    ink = pictures > INK / 5  # thin strokes are faint
    tops = ink.any(axis=2).argmax(axis=1)
    heights = ink.any(axis=2).sum(axis=1)
    assert {*range(11)} <= {*tops}
    assert heights.min() >= 6


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_the_share_that_is_dark_on_bright(share: float) -> None:
    pictures, _ = drawn(inverted=share, noise=0)
    bright = np.median(pictures, axis=(1, 2)) > INK / 2
    assert abs(bright.mean() - share) < 0.1


def test_clutter_adds_strokes() -> None:
    clean, cluttered = (drawn(clutter=count, inverted=0, noise=0)[0].sum() for count in (0, 4))
    assert cluttered > 1.1 * clean
