# Everything right in another style: einsum, own softmax, LSTM, finished hypotheses put aside; magics
# and cells of his own.

# %% setup
%matplotlib inline
import keras
import numpy as np
import matplotlib.pyplot as plt
from keras import layers, ops
from collections.abc import Callable
from typing import Any
from autograder import check

Tensor = Any
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% teacher_inputs
def teacher_inputs(Y, sos):
    return np.insert(Y, 0, sos, axis=1)[:, :-1]

# %% additive_scores
def additive_scores(s, H, W1, W2, v):
    asked, told = ops.einsum("bs,sa->ba", s, W1), ops.einsum("bte,ea->bta", H, W2)
    return ops.einsum("bta,a->bt", ops.tanh(asked[:, None] + told), v)

# %% attend
def attend(scores, H, mask):
    if mask is not None:
        scores = ops.where(mask, scores, -np.inf)
    e = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))
    alpha = e / ops.sum(e, axis=1, keepdims=True)
    return ops.einsum("bt,bte->be", alpha, H), alpha

# %% after check_attend
!ls
%timeit -n 2 -r 1 ops.tanh(1.0)

# %% build_encoder_decoder
def build_encoder_decoder(source, target, units, attention):
    tokens = layers.Input((source[0],), dtype="int32", name="source")
    teacher = layers.Input((target[0],), dtype="int32", name="teacher")
    encoder = layers.LSTM(units, return_sequences=True, return_state=True)
    read = layers.Embedding(source[1], 20, mask_zero=True)(tokens)
    H, h1, c1, h2, c2 = layers.Bidirectional(encoder, merge_mode="sum", name="reads")(read)
    decoder = layers.LSTM(units, return_sequences=True, name="writes")
    said = layers.Embedding(target[1], 20)(teacher)
    states = decoder(said, initial_state=[layers.add([h1, h2]), layers.add([c1, c2])])
    if attention:
        looked = layers.AdditiveAttention(name="looks")([states, H, layers.Dense(units)(H)])
        states = layers.concatenate([looked, states])
    logits = layers.TimeDistributed(layers.Dense(target[1]))(states)
    return keras.Model(inputs=[tokens, teacher], outputs=logits, name="translator")

# %% greedy_decode
def greedy_decode(step, sos, eos, max_len):
    prefix = [sos]
    for _ in range(max_len):
        prefix.append(np.argmax(step(list(prefix))))
        if prefix[-1] == eos:
            break
    return prefix[1:]

# %% beam_search whole
def extensions(step, sos, tokens, score):
    """All that can follow a hypothesis."""
    logp = np.asarray(step([sos, *tokens]))
    return [((*tokens, int(t)), score + logp[t]) for t in np.flatnonzero(logp > -np.inf)]


def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    def score(hypothesis):
        return hypothesis[1]

    live, finished = [((), 0.0)], []
    while live and len(live[0][0]) < max_len:
        grown = [new for tokens, s in live for new in extensions(step, sos, tokens, s)]
        grown.sort(key=score, reverse=True)
        finished += [new for new in grown[:width] if new[0][-1] == eos]
        live = [new for new in grown if new[0][-1] != eos][:width]
    best = sorted(finished + live, key=score, reverse=True)[:width]
    return sorted(best, key=lambda h: h[1] / len(h[0]) ** length_penalty, reverse=True)
