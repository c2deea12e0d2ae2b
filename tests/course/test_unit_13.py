"""Unit 13: the reference against implementations that share nothing with it.

Independent are: the formulas in Python floats, one position at a time; `AdditiveAttention` of
Keras; central differences; and for beam search the list of all sequences there are.
"""

from __future__ import annotations

import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.closeness import distance_in_float64 as distance
from support.units import called, world_and_case

from autograder.course.cases import draw
from autograder.course.unit import LoadedUnit
from autograder.guest import probes

pytestmark = pytest.mark.slow  # TensorFlow is imported once, for all of them

UNIT = "13_seq2seq_attention"
keras = pytest.importorskip("keras")
ROUNDING = 1e-14  # normwise
rng = np.random.default_rng(13)


def attention_inputs(B: int, T: int, S: int, E: int, A: int) -> list[Any]:
    """`s, H, W1, W2, v`."""
    sizes = (B, S), (B, T, E), (S, A), (E, A), (A,)
    return [rng.normal(size=size) for size in sizes]


def scores_by_hand(s: Any, H: Any, W1: Any, W2: Any, v: Any) -> Any:
    """The formula, one position and one hidden unit at a time."""
    scores = np.zeros(H.shape[:2])
    for b, t in np.ndindex(scores.shape):
        terms = []
        for a in range(len(v)):
            products = [s[b, k] * W1[k, a] for k in range(len(W1))]
            products += [H[b, t, k] * W2[k, a] for k in range(len(W2))]
            terms.append(v[a] * math.tanh(math.fsum(products)))
        scores[b, t] = math.fsum(terms)
    return scores


def attended_by_hand(scores: Any, H: Any, mask: Any) -> tuple[Any, Any]:
    """Padded positions are left out, so that no low score stands in for them."""
    alpha, context = np.zeros(scores.shape), np.zeros((len(H), H.shape[2]))
    for b in range(len(H)):
        real = [t for t in range(H.shape[1]) if mask is None or mask[b, t]]
        top = max(scores[b, t] for t in real)
        total = math.fsum(math.exp(scores[b, t] - top) for t in real)
        for t in real:
            alpha[b, t] = math.exp(scores[b, t] - top) / total
        for e in range(H.shape[2]):
            context[b, e] = math.fsum(alpha[b, t] * H[b, t, e] for t in real)
    return context, alpha


def test_teacher_inputs_are_the_targets_one_step_late(reference: SimpleNamespace) -> None:
    Y = rng.integers(0, 9, (4, 6))
    shifted = reference.teacher_inputs(Y, 11)
    assert shifted.tolist() == [[11, *row[:-1]] for row in Y.tolist()]
    assert shifted.dtype == Y.dtype


def test_scores_are_bahdanaus_formula(reference: SimpleNamespace) -> None:
    for sizes in ((5, 7, 3, 4, 6), (4, 4, 4, 4, 4), (1, 1, 2, 3, 5)):
        inputs = attention_inputs(*sizes)
        got = called(reference.additive_scores, *inputs)
        assert distance(got, scores_by_hand(*inputs)) < ROUNDING


@pytest.mark.parametrize("masked", [False, True])
def test_attend_is_a_softmax_and_a_mean(reference: SimpleNamespace, masked: bool) -> None:
    scores, H = 3 * rng.normal(size=(5, 7)), rng.normal(size=(5, 7, 4))
    mask: Any = np.arange(7) < np.array([7, 1, 3, 5, 2])[:, None] if masked else None
    got = called(reference.attend, scores, H, mask)
    for a, b in zip(got, attended_by_hand(scores, H, mask), strict=True):
        assert distance(a, b) < ROUNDING
    if masked:
        assert (got[1][~mask] == 0).all()  # exactly, whatever stood there
        moved = called(reference.attend, np.where(mask, scores, 700.0), H, mask)
        assert distance(moved[0], got[0]) < ROUNDING


def test_weights_move_with_the_positions(reference: SimpleNamespace) -> None:
    scores, H, order = rng.normal(size=(3, 6)), rng.normal(size=(3, 6, 2)), rng.permutation(6)
    context, alpha = called(reference.attend, scores, H, None)
    moved = called(reference.attend, scores[:, order], H[:, order], None)
    assert distance(moved[0], context) < ROUNDING
    assert distance(moved[1], alpha[:, order]) < ROUNDING


def test_keras_attention_computes_the_same(reference: SimpleNamespace) -> None:
    """The layer has v inside, W1 and W2 are dense layers before it; all steps at once."""
    _, H, W1, W2, v = attention_inputs(4, 7, 3, 5, 6)
    S = rng.normal(size=(4, 2, 3))
    mask: Any = np.arange(7) < np.array([7, 2, 4, 1])[:, None]
    layer = keras.layers.AdditiveAttention(dtype="float64")
    layer.build([(4, 2, 6), H.shape, (4, 7, 6)])
    layer.set_weights([v])
    query, value, key, hidden = probes.to_tensors([S @ W1, H, H @ W2, mask])
    contexts, weights = probes.to_arrays(
        layer([query, value, key], mask=[None, hidden], return_attention_scores=True)
    )
    for t in range(2):
        scores = called(reference.additive_scores, S[:, t], H, W1, W2, v)
        context, alpha = called(reference.attend, scores, H, mask)
        assert distance(contexts[:, t], context) < ROUNDING
        assert distance(weights[:, t], alpha) < ROUNDING


def attended_and_weights(scores: Any, H: Any, mask: Any) -> Any:
    return np.concatenate(attended_by_hand(scores, H, mask), axis=1)


@pytest.mark.parametrize(
    ("check", "function"),
    [("scores_gradients", scores_by_hand), ("attend_gradients", attended_and_weights)],
)
def test_gradients_are_those_of_central_differences(
    loaded: LoadedUnit, reference: SimpleNamespace, check: str, function: Any
) -> None:
    """What a check takes for the truth, the reference by autodiff, for one of its cases."""
    world, case = world_and_case(loaded, check, "differences")
    inputs = dict(case.inputs)
    by_autodiff = world[check](reference, **inputs)
    cotangent = inputs.pop("cotangent")
    names = [name for name in inputs if name != "mask"]
    assert {f"gradient of {name}" for name in names} == set(by_autodiff)
    for name in names:

        def weighted(moved: Any, name: str = name) -> float:
            return float(np.sum(function(**(inputs | {name: moved})) * cotangent))

        measured = probes.numerical_gradient(weighted, inputs[name])
        gap = np.abs(by_autodiff[f"gradient of {name}"] - measured).max()
        assert gap < 1e-6 * np.abs(measured).max(), name


def random_language(steps: int, words: int) -> Any:
    """Log-probabilities by step, by the token before and by the one before that."""
    logits = 1.5 * rng.normal(size=(steps, words + 1, words + 1, words))
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def step_of(language: Any) -> Any:
    """`step` for a language; `sos` is the number of words."""

    def step(prefix: list[int]) -> Any:
        before = prefix[-2] if len(prefix) > 1 else prefix[-1]
        return language[len(prefix) - 1, before, prefix[-1]]

    return step


def every_sequence(language: Any, eos: int, steps: int) -> list[tuple[list[int], float]]:
    """All sequences that end with the first `eos`, or with the last step, the likeliest first."""
    words, step = language.shape[-1], step_of(language)
    found = {}
    for tokens in itertools.product(range(words), repeat=steps):
        end = tokens.index(eos) + 1 if eos in tokens else steps
        terms = [step([words, *tokens[:t]])[tokens[t]] for t in range(end)]
        found[tokens[:end]] = math.fsum(terms)
    return sorted(((list(k), v) for k, v in found.items()), key=lambda item: -item[1])


@pytest.mark.parametrize("penalty", [0.0, 0.6, 1.0])
def test_a_beam_with_room_for_all_is_exhaustive_search(
    reference: SimpleNamespace, penalty: float
) -> None:
    for words, steps in ((3, 3), (3, 5), (4, 4)):
        language = random_language(steps, words)
        found = reference.beam_search(
            step_of(language), words, 1, words**steps, steps, length_penalty=penalty
        )
        wanted = every_sequence(language, 1, steps)
        wanted.sort(key=lambda item: -item[1] / len(item[0]) ** penalty)
        assert [tokens for tokens, _ in found] == [tokens for tokens, _ in wanted]
        assert np.allclose([logp for _, logp in found], [logp for _, logp in wanted], rtol=1e-13)
        assert math.isclose(sum(math.exp(logp) for _, logp in found), 1)  # none is missing


def test_a_beam_of_one_is_greedy_search(reference: SimpleNamespace) -> None:
    for _ in range(20):
        step = step_of(random_language(6, 5))
        ((tokens, logp),) = reference.beam_search(step, 5, 2, 1, 6)
        assert tokens == reference.greedy_decode(step, 5, 2, 6)
        prefixes = [[5, *tokens[:t]] for t in range(len(tokens))]
        taken = [step(prefix)[token] for prefix, token in zip(prefixes, tokens, strict=True)]
        assert math.isclose(logp, math.fsum(taken))


def test_greedy_search_stops_at_eos_or_max_len(reference: SimpleNamespace) -> None:
    def step(prefix: list[int]) -> Any:  # counts: 1, 2, 3, …
        return np.log(np.eye(6)[len(prefix)] + 1e-9)

    assert reference.greedy_decode(step, 0, 3, 5) == [1, 2, 3]
    assert reference.greedy_decode(step, 0, 3, 2) == [1, 2]
    assert reference.greedy_decode(step, 0, 1, 5) == [1]


def test_beam_search_drops_what_cannot_come_and_does_not_underflow(
    reference: SimpleNamespace,
) -> None:
    def step(prefix: list[int]) -> Any:
        return np.array([math.log(0.2), math.log(0.1), -np.inf])

    (first, logp), (second, other) = reference.beam_search(step, 9, 2, 2, 400)
    assert first == [0] * 400
    assert math.isclose(logp, 400 * math.log(0.2))
    assert sorted(second) == [*[0] * 399, 1]
    assert math.isclose(other, logp - math.log(2))
    assert len(reference.beam_search(step, 9, 2, 50, 2)) == 4


def search_cases(loaded: LoadedUnit) -> list[tuple[str, dict[str, Any]]]:
    exercise = next(e for e in loaded.unit.exercises if e.name == "beam_search")
    return [
        (check.name, dict(case.inputs))
        for check in exercise.checks
        for seed in range(3)
        for case in draw(check, f"seed {seed}", loaded.name, exercise.name)
    ]


def test_a_wider_beam_is_no_worse_on_the_tables_used(
    loaded: LoadedUnit, reference: SimpleNamespace
) -> None:
    """No theorem: the tables of the garden paths are chosen so."""
    for name, inputs in search_cases(loaded):
        if name != "beam_of_few":
            continue
        table, width = np.log(np.maximum(inputs["table"], 1e-300)), inputs["width"]

        def step(prefix: list[int], table: Any = table) -> Any:
            return table[len(prefix) - 1, prefix[-1]]

        settings = inputs["sos"], inputs["eos"]
        scores = [
            reference.beam_search(step, *settings, w, inputs["max_len"])[0][1]
            for w in (1, width, 4**5)
        ]
        assert scores == sorted(scores)


@pytest.mark.parametrize("attention", [False, True])
def test_the_translator_has_the_weights_that_it_should(
    reference: SimpleNamespace, attention: bool
) -> None:
    U, E = 5, 16
    model = reference.build_encoder_decoder((9, 20), (6, 11), U, attention)
    gru = 3 * (E * U + U * U + 2 * U)  # two biases, Keras' default
    count = 20 * E + 2 * gru + (2 * U * U + U) + 11 * E + gru
    width = U
    if attention:
        count += U * U + 2 * U * U + U  # query, key, v
        width += 2 * U
    assert model.count_params() == count + width * 11 + 11
    assert model.output_shape == (None, 6, 11)
