# %% [markdown]
# # 13 · Seq2Seq: attention and beam search (文本翻译, 注意力模型, 集束搜索)
#
# Translation turns one sequence into another, of another length and in another order. This unit
# builds a translator whose every answer you can judge at a glance: it reads dates as people write
# them and says them as a computer would.
#
# | somebody writes | the translator says |
# |---|---|
# | `9 September 1987` | `1987-09-09` |
# | `Nov 25, '26` | `2026-11-25` |
# | `7/4/1976` | `1976-07-04` |
#
# It is translation in earnest: the words move (the year comes first), months change from letters to
# digits, and `7/4` means something else than `7.4`. You will write:
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `teacher_inputs` | what the decoder reads while it learns |
# | 2 | `additive_scores` | how much each source position matters right now |
# | 3 | `attend` | scores into weights, weights into a context |
# | 4 | `build_encoder_decoder` | the translator, with attention and without |
# | 5 | `greedy_decode` | one word after the other, always the likeliest |
# | 6 | `beam_search` | several hypotheses at a time |
#
# About three and a half hours; 23 points. After each function a cell runs `check("…")`: it says
# what is right so far, and where a result differs, why. Run it as often as you like. The
# experiments are for looking: they call your functions and are not graded.

# %%
from collections.abc import Callable
from typing import Any

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import ops

from autograder import check

Tensor = Any  # a tensor of the backend that Keras runs on

# %% [markdown]
# ## The idea in a page
#
# A sequence-to-sequence model has two halves. The **encoder** (编码器) reads the source and keeps
# a state for every position, $h_1 \dots h_{T_x}$. The **decoder** (解码器) is a second recurrent
# network. It begins with what the encoder knows at the end and writes the translation token by
# token; each token that it has written is its next input. So it is a *language model with a
# condition*,
#
# $$P(y_1 \dots y_{T_y} \mid x) = \prod_{t=1}^{T_y} P(y_t \mid y_1 \dots y_{t-1},\; x).$$
#
# At first everything that the decoder knew of the source was the encoder's last state: one vector
# for a whole sentence, however long. That is a bottleneck. **Attention** (注意力模型) opens it:
# while it writes one word, the decoder looks back at *every* word of the source and takes from
# each as much as it needs just now.
#
# ![Encoder, attention and decoder: the third token is being written](figures/attention.svg)
#
# > **Erratum.** The notes have attention in one sentence of prose: "while a word is generated, mind
# > not only the word before it but every word of X as well". The formulas, as Bahdanau et al.
# > (2014) gave them, are
# >
# > $$e_{t,i} = v^\top \tanh(W_1 s_t + W_2 h_i), \qquad
# >   \alpha_{t,i} = \frac{\exp e_{t,i}}{\sum_k \exp e_{t,k}}, \qquad
# >   c_t = \sum_i \alpha_{t,i}\, h_i .$$
# >
# > $s_t$ is the decoder's state, $e$ are *scores*, $\alpha$ *weights* that add up to 1 over the
# > positions of the source, and $c_t$ is the *context* from which the next token is told. In the
# > paper the state *before* step $t$ asks; here the state of step $t$ asks, so that in training all
# > steps can be computed in one call.
#
# ## Conventions
#
# | symbol | in code | meaning | shape |
# |---|---|---|---|
# | $x$ | `source` | tokens of the source, 0 where it is padded | $(B, T_x)$ integers |
# | $y$ | `Y` | tokens of the translation | $(B, T_y)$ integers |
# | $h_i$ | `H[:, i]` | encoder's state at position $i$ | $(B, E)$ |
# | $s_t$ | `s` | decoder's state at step $t$ | $(B, S)$ |
# | $W_1, W_2, v$ | `W1`, `W2`, `v` | weights of the scores | $(S, A)$, $(E, A)$, $(A,)$ |
# | $e_t$ | `scores` | one number for each position | $(B, T)$ |
# | $\alpha_t$ | `alpha` | the attention weights | $(B, T)$ |
# | $c_t$ | `context` | what is taken from the source | $(B, E)$ |
#
# Examples are rows, so $W_1 s_t$ reads `ops.matmul(s, W1)`. `sos` (start of sequence) is a token
# that is never written, only read; `eos` (end of sequence) is what the decoder writes when it is
# done. Sections 2 and 3 take and give tensors; use `keras.ops` there, gradients have to come back.
# Sections 1, 5 and 6 are about tokens: NumPy and plain Python.

# %% [markdown]
# ## 1. What the decoder reads: teacher forcing
#
# When a trained decoder writes, it reads its own last token. While it learns, its own tokens are
# mostly wrong, and one wrong token would spoil all later ones. So in training it reads the *right*
# ones: at step $t$ it gets $y_{t-1}$, whatever it would have said, and is to say $y_t$. This is
# called *teacher forcing*. And before the first token there is nothing to read yet, so it gets
# `sos`:
#
# | step | 1 | 2 | 3 | 4 |
# |---|---|---|---|---|
# | reads | `sos` | 1 | 9 | 8 |
# | is to say | 1 | 9 | 8 | 7 |
#
# The inputs are the targets, moved by one step to the right. All depends on this one step: a
# decoder that reads $y_t$ while it is to say $y_t$ learns to copy, and nothing else.


# %%
def teacher_inputs(Y: np.ndarray, sos: int) -> np.ndarray:
    """What the decoder reads in training: at each step the right token of the step before.

    Args:
        Y: integers `(B, T)`, the right tokens; stays as it was.
        sos: the token that is read at the first step.

    Returns:
        Integers `(B, T)`.
    """
    ### BEGIN SOLUTION
    start = np.full((len(Y), 1), sos, dtype=Y.dtype)
    return np.concatenate([start, Y[:, :-1]], axis=1)
    ### END SOLUTION


# %% [markdown]
# ## 2. Scores
#
# $$e_{t,i} = v^\top \tanh(W_1 s_t + W_2 h_i)$$
#
# How well does position $i$ of the source fit what the decoder is about to do? A small network with
# one hidden layer tells: it gets the decoder's state and the state of that position. The same
# $W_1, W_2, v$ serve every position and every step; that is why a translator can read sentences of
# any length with them. Since $W_1 s_t$ and $W_2 h_i$ are *added* before they are bent, this is
# *additive* attention.
#
# `s` belongs to one step of the decoder. It has no time axis, `H` has one: $W_1 s$ is the same for
# all positions. Mind how the two shapes meet. If $B = T$, a sum that was lined up wrongly raises no
# error.


# %%
def additive_scores(s: Tensor, H: Tensor, W1: Tensor, W2: Tensor, v: Tensor) -> Tensor:
    """How well each position of the source fits the decoder's state (Bahdanau's scores).

    Args:
        s: floats `(B, S)`, the decoder's state at one step.
        H: floats `(B, T, E)`, the encoder's states.
        W1: floats `(S, A)`, for `s`.
        W2: floats `(E, A)`, for `H`.
        v: floats `(A,)`.

    Returns:
        `(B, T)`, the scores: any numbers, not weights yet.
    """
    ### BEGIN SOLUTION
    from_state = ops.expand_dims(ops.matmul(s, W1), axis=1)
    from_source = ops.matmul(H, W2)
    hidden = ops.tanh(from_state + from_source)
    return ops.sum(hidden * v, axis=-1)
    ### END SOLUTION


# %% [markdown]
# ## 3. Weights and context
#
# $$\alpha_{t,i} = \frac{\exp e_{t,i}}{\sum_k \exp e_{t,k}}, \qquad
#   c_t = \sum_i \alpha_{t,i}\, h_i$$
#
# The softmax runs over the **positions of the source**, for each example by itself. So the context
# is a weighted mean of the states: with equal scores their plain mean, with one score far above the
# others that one state.
#
# Sentences of a batch have different lengths, the shorter ones are padded, and nobody should look
# at padding. `mask` says which positions are real. Those that are not get **no weight at all**, and
# the others still add up to 1. The way to have both: give them, *before* the softmax, a score so
# low that nothing is left of it. To multiply the weights by the mask *afterwards* leaves weights
# that no longer add up to 1, and a score of 0 is not low: $\exp 0 = 1$.


# %%
def attend(scores: Tensor, H: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """The context: a mean of the source's states, weighted by the softmax of their scores.

    Args:
        scores: floats `(B, T)`.
        H: floats `(B, T, E)`, the encoder's states.
        mask: booleans `(B, T)`, True where the position is real, at least once in each row; or
            None, then all are.

    Returns:
        `(context, alpha)`: `(B, E)`, and the weights `(B, T)`, which are 0 where `mask` is False
        and add up to 1 in each row.
    """
    ### BEGIN SOLUTION
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    alpha = ops.softmax(scores, axis=1)
    context = ops.sum(ops.expand_dims(alpha, axis=-1) * H, axis=1)
    return context, alpha
    ### END SOLUTION


# %% [markdown]
# ### Experiment: the same in Keras
#
# `keras.layers.AdditiveAttention` gets all steps of the decoder at once, `(B, T_y, A)`, and has
# $v$ inside (its weight `scale`). $W_1$ and $W_2$ it leaves to dense layers before it. Your two
# functions, step by step, against that layer:

# %% tags=["experiment"]
rng = np.random.default_rng(1)
B, T_x, T_y, S, E, A = 4, 7, 3, 5, 6, 8
states, H = rng.normal(size=(B, T_y, S)), rng.normal(size=(B, T_x, E))
W1, W2, v = rng.normal(size=(S, A)), rng.normal(size=(E, A)), rng.normal(size=A)
mask = np.arange(T_x) < np.array([7, 5, 3, 6])[:, None]
states, H, W1, W2, v, mask = map(ops.convert_to_tensor, (states, H, W1, W2, v, mask))

layer = keras.layers.AdditiveAttention(dtype="float64")
layer.build([(B, T_y, A), (B, T_x, E), (B, T_x, A)])
layer.set_weights([v])
contexts, weights = layer(
    [ops.matmul(states, W1), H, ops.matmul(H, W2)],
    mask=[None, mask],
    return_attention_scores=True,
)
for t in range(T_y):
    context, alpha = attend(additive_scores(states[:, t], H, W1, W2, v), H, mask)
    gaps = [ops.max(ops.abs(alpha - weights[:, t])), ops.max(ops.abs(context - contexts[:, t]))]
    print(f"step {t}: distance of the weights {gaps[0]:.1e}, of the contexts {gaps[1]:.1e}")

# %% [markdown]
# ## Dates
#
# Six ways to write a day. With dots the day comes first, as in Europe; with slashes the month, as
# in America; and a year of two digits belongs to the hundred years from 1930 on. Nobody tells the
# network any of this. It has to find out from examples.

# %% tags=["experiment"]
import datetime

FORMS = (
    "{day} {month} {year}",
    "{month} {day}, {year}",
    "{day} {mon} {year}",
    "{mon} {day}, '{yy}",
    "{day}.{number}.{year}",
    "{number}/{day}/{year}",
)


def written(date, form):
    """A date as a person writes it."""
    parts = {"day": date.day, "number": date.month, "year": date.year, "yy": f"{date:%y}"}
    return form.format(month=f"{date:%B}", mon=f"{date:%b}", **parts)


def random_dates(m, rng, forms=FORMS):
    """Days of the hundred years from 1930, each in some form, and the same days in ISO form."""
    first, last = datetime.date(1930, 1, 1), datetime.date(2029, 12, 31)
    dates = [
        datetime.date.fromordinal(n)
        for n in rng.integers(first.toordinal(), last.toordinal() + 1, m)
    ]
    return [written(date, rng.choice(forms)) for date in dates], [str(date) for date in dates]


MONTHS = [f"{datetime.date(2000, n, 1):%B}" for n in range(1, 13)]
WEEKDAYS = [f"{datetime.date(2000, 1, n):%A}" for n in range(1, 8)]  # for the last experiment
LETTERS = sorted({*"".join(MONTHS + WEEKDAYS), *"of 0123456789',./"})
READ = {letter: token for token, letter in enumerate(LETTERS, 1)}  # 0 is padding
SAID = "0123456789-"
SOS, EOS = 11, 12
SOURCE = (18, len(LETTERS) + 1)  # longest date, number of tokens
TARGET = (11, 13)  # ten characters and eos


def to_source(texts, length=SOURCE[0]):
    """The tokens of some dates, padded to a length, `(B, T_x)`."""
    tokens = np.zeros((len(texts), length), dtype="int32")
    for row, text in zip(tokens, texts, strict=True):
        row[: len(text)] = [READ[letter] for letter in text]
    return tokens


def to_target(texts):
    """The tokens of their translations, each with `eos` at its end, `(B, T_y)`."""
    return np.array([[SAID.index(letter) for letter in text] + [EOS] for text in texts], "int32")


def to_text(tokens):
    """Tokens of a translation as text, up to `eos`."""
    tokens = list(tokens)
    end = tokens.index(EOS) if EOS in tokens else len(tokens)
    return "".join(SAID[token] if token < len(SAID) else "?" for token in tokens[:end])


texts, isos = random_dates(2000, np.random.default_rng(5))
new_texts, new_isos = random_dates(300, np.random.default_rng(6))
for text, iso in zip(texts[:8], isos, strict=False):
    print(f"{text:20} {iso}")

# %% [markdown]
# ## 4. The translator
#
# From here on use `keras.layers`; you know what is inside. The model for training reads two
# sequences, the source and the teacher's tokens, and puts out *logits* for every step (no softmax:
# the loss does that part). What it is made of:
#
# - **Source:** an `Embedding` of the tokens with `mask_zero=True`: token 0 is padding, and the
#   layers after it get to know (the mask travels along by itself, through `Dense` layers too). A
#   `Bidirectional` GRU or LSTM with `return_sequences=True` and `return_state=True` gives $H$ and
#   the last states of both directions.
# - **Decoder:** an `Embedding` of the teacher's tokens (0 is an ordinary token here) and a GRU or
#   LSTM of `units` units with `return_sequences=True`. It reads forwards only: it must not see what
#   it is to say. It *starts* (`initial_state`) from what the encoder knows at the end, brought to
#   the right width by a `Dense` layer or taken from the two directions' states in another way.
# - **Attention**, where `attention` is True: one `AdditiveAttention`, the decoder's states as
#   query, $H$ as value; as key, $H$ through a `Dense` layer. Its context is joined to the
#   decoder's state. Without attention the state is all there is.
# - **Logits:** one `Dense` layer, the same at every step.
#
# All weights are shared by all steps, so their number depends on no length. `check` makes sure of
# it, and it also trains your model, 32 units, with attention, on 1200 short dates (like `9 Sep 87`,
# said as six digits), and asks for 77 % of 300 others, completely right and without a teacher. A
# right model typically gets 95 %, and up to three trainings are tried: the luck of the start costs
# nobody a point.


# %%
def build_encoder_decoder(
    source: tuple[int, int], target: tuple[int, int], units: int, attention: bool
) -> keras.Model:
    """A translator for training with a teacher; not compiled, not trained.

    Args:
        source: length of the sources, and how many tokens there are (0 is padding, at the end).
        target: length of the translations, and how many tokens there are (`sos` is one of them).
        units: width of the recurrent layers.
        attention: whether the decoder looks back at every position of the source by a
            `keras.layers.AdditiveAttention`, or knows the encoder's last state only.

    Returns:
        A model of two inputs, source tokens `(B, source[0])` and the teacher's tokens
        `(B, target[0])`, and one output: logits `(B, target[0], target[1])`. The logits of a step
        depend on the whole source but for its padding, and on the teacher's tokens up to that step.
    """
    ### BEGIN SOLUTION
    tokens = keras.Input((source[0],), dtype="int32")
    teacher = keras.Input((target[0],), dtype="int32")

    read = keras.layers.Embedding(source[1], 16, mask_zero=True)(tokens)
    encoder = keras.layers.GRU(units, return_sequences=True, return_state=True)
    H, *ends = keras.layers.Bidirectional(encoder)(read)
    start = keras.layers.Dense(units, activation="tanh")(keras.layers.Concatenate()(ends))

    said = keras.layers.Embedding(target[1], 16)(teacher)
    S = keras.layers.GRU(units, return_sequences=True)(said, initial_state=start)
    if attention:
        query = keras.layers.Dense(units, use_bias=False)(S)
        key = keras.layers.Dense(units, use_bias=False)(H)
        context = keras.layers.AdditiveAttention()([query, H, key])
        S = keras.layers.Concatenate()([S, context])
    logits = keras.layers.Dense(target[1])(S)
    return keras.Model([tokens, teacher], logits)
    ### END SOLUTION


# %% [markdown]
# ### Experiment: with attention and without
#
# Two translators, 1500 dates, eight epochs. How many of 300 new dates will each get completely right?
# The translator reads its own tokens now, no teacher. (Under half a minute.)


# %% tags=["experiment"]
def trained(model, texts, isos, epochs, batch_size=32, inputs=teacher_inputs):
    """Trains with a teacher; the loss of each epoch."""
    Y = to_target(isos)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2, clipnorm=1.0),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.optimizer.build(model.trainable_variables)
    source = to_source(texts, model.input_shape[0][1])
    fitted = model.fit([source, inputs(Y, SOS)], Y, batch_size=batch_size, epochs=epochs, verbose=0)
    return fitted.history["loss"]


def translated(model, texts):
    """Greedy translations of many dates at once: every token goes back in as the next input."""
    source = to_source(texts, model.input_shape[0][1])
    read = np.full((len(texts), TARGET[0]), SOS, dtype="int32")
    for t in range(TARGET[0]):
        logits = model.predict([source, read], batch_size=len(texts), verbose=0)
        if t + 1 < TARGET[0]:  # later steps of `read` are not there yet, and nobody looks
            read[:, t + 1] = logits[:, t].argmax(axis=-1)
    return [to_text(row) for row in logits.argmax(axis=-1)]


def share_right(model, texts, isos):
    return np.mean([a == b for a, b in zip(translated(model, texts), isos, strict=True)])


EPOCHS = 8
models = {}
fig, axis = plt.subplots(figsize=(7, 3.4), layout="constrained")
for attention in (True, False):
    keras.utils.set_random_seed(2)
    models[attention] = build_encoder_decoder(SOURCE, TARGET, 32, attention)
    loss = trained(models[attention], texts[:1500], isos[:1500], epochs=EPOCHS)
    share = share_right(models[attention], new_texts, new_isos)
    name = "with attention" if attention else "without"
    axis.plot(range(1, EPOCHS + 1), loss, ".-", label=f"{name}: {share:.0%} of new dates right")
axis.set(xlabel="epoch", ylabel="loss, with a teacher", ylim=(0, None))
axis.legend()
plt.show()
for text, iso, *said in zip(
    new_texts[:6],
    new_isos,
    *(translated(models[a], new_texts[:6]) for a in (True, False)),
    strict=False,
):
    print(f"{text:20} {iso}   with attention {said[0]}   without {said[1]}")

# %% [markdown]
# Without attention the translation *looks* like a date, and often the century is right. But ten
# digits have to be carried through one vector, and to learn how to pack and unpack them takes far
# more examples and epochs than to learn where to look.
#
# ### Experiment: where does it look?
#
# The weights $\alpha$ are computed by **your** functions, from the states of the trained model: each
# row is one token that was written, each column a character that was read, dark is a large weight.
# Before you run the cell: where should the decoder look while it writes the month of
# `September 3, 1987`? Need it read all nine letters?


# %% tags=["experiment"]
def attention_map(model, text):
    """The translation of a date, and the weights `(T_y, T_x)` while it was written."""
    layer = next(x for x in model.layers if isinstance(x, keras.layers.AdditiveAttention))
    inner = keras.Model(model.inputs, layer.input)
    said = translated(model, [text])[0]
    source, Y = to_source([text]), to_target([said[:10].ljust(10, "-")])
    query, value, *key = inner([source, teacher_inputs(Y, SOS)])
    key = key[0] if key else value
    identity = ops.eye(query.shape[-1])  # the model's dense layers have done the rest
    mask = ops.convert_to_tensor(source > 0)
    rows = []
    for t in range(TARGET[0]):
        scores = additive_scores(query[:, t], key, identity, identity, layer.scale)
        _, alpha = attend(scores, value, mask)
        rows.append(ops.convert_to_numpy(alpha)[0])
    return said, np.array(rows)


fig, axes = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
for axis, text in zip(axes, ("September 3, 1987", "14 Oct 2011", "7/4/1976"), strict=True):
    said, weights = attention_map(models[True], text)
    axis.imshow(weights[:, : len(text)], cmap="Blues", vmin=0, vmax=1)
    axis.set_xticks(range(len(text)), list(text))
    axis.set_yticks(range(TARGET[0]), [*said[:10].ljust(10), "eos"])
    axis.set(xlabel="read", title=f"{text} → {said}")
axes[0].set_ylabel("written")
plt.show()

# %% [markdown]
# The digits of the year are copied one by one, from wherever they stand. For the month a letter or
# two will do; those that tell it from the others. Position and letter need not agree to the
# column: an encoder state knows its neighbours, so one may look next to what one means. And a
# network may have learnt another way than the one that you expect.

# %% [markdown]
# ## 5. Greedy decoding
#
# A decoder gives probabilities for the *next* token. Which sequence does it mean? The simplest
# answer: take the likeliest token, put it in, go on until `eos`.
#
# From here on the model is hidden behind one function: `step(prefix)` gets a list of tokens that
# begins with `sos`, and gives the logarithms of the probabilities of all next tokens.


# %%
def greedy_decode(
    step: Callable[[list[int]], np.ndarray], sos: int, eos: int, max_len: int
) -> list[int]:
    """The sequence that always goes on with the likeliest token.

    Args:
        step: `step(prefix)` gives the log-probabilities `(V,)` of the next token; `prefix` is a
            list that begins with `sos`.
        sos: what every prefix begins with; no token that is ever written.
        eos: the token that ends a sequence.
        max_len: the most tokens that are written, 1 or more, `eos` among them.

    Returns:
        The tokens that were written, without `sos`, with `eos` where it came.
    """
    ### BEGIN SOLUTION
    prefix = [sos]
    while len(prefix) <= max_len:
        token = int(np.argmax(step(prefix)))
        prefix = [*prefix, token]
        if token == eos:
            break
    return prefix[1:]
    ### END SOLUTION


# %% [markdown]
# ## 6. Beam search (集束搜索)
#
# A greedy translator can't turn back. If *the* likeliest first word leads to poor sentences, it has
# been led up the garden path:
#
# ![A tree of words in which greedy search takes the wrong turn](figures/beam.svg)
#
# To try every sentence is out of the question, there are $V^T$. Beam search keeps a few, the $B$
# best beginnings (`width`), and extends only those:
#
# 1. Begin with one hypothesis: `[sos]`, with log-probability 0.
# 2. Extend every hypothesis by **every** token: up to $B\cdot V$ candidates. The score of a
#    candidate is the score of its beginning *plus* the log-probability of the new token.
# 3. Keep the $B$ best of **all** candidates. Go on with 2.
#
# A hypothesis that has written `eos` is finished. It is not extended any more, but it stays among
# the candidates, with the score that it has.
#
# > **Erratum.** The notes say that at the second word, for the 3 first words, probabilities of the
# > pairs are computed and the best 3 are chosen. Read it as: the 3 best of all $3\cdot V$ pairs
# > *together*, not the best ones of each first word. Two of the three first words may be gone after
# > this step, and that is the point.
#
# > **Erratum.** The notes multiply probabilities. After some hundred words the product is smaller
# > than any number that a computer knows, and is 0 for all candidates alike. **Add logarithms.** And
# > they say "repeat the above", but not until when: one needs `eos`, a greatest length, and usually
# > a normalisation for length, since every further word makes a sentence less likely:
# >
# > $$\text{rank by}\quad \frac{\log P(y_1\dots y_n \mid x)}{n^{\,\lambda}},$$
# >
# > where $n$ counts all tokens that were written, `eos` too. With $\lambda=0$ (the default) it is
# > the plain score, with $\lambda=1$ the mean of a token. Graded is: the search goes by plain
# > scores, and **only the final list is ranked** this way.


# %%
def beam_search(
    step: Callable[[list[int]], np.ndarray],
    sos: int,
    eos: int,
    width: int,
    max_len: int,
    length_penalty: float = 0.0,
) -> list[tuple[list[int], float]]:
    """The best sequences that a search with a beam of `width` hypotheses finds.

    Args:
        step: `step(prefix)` gives the log-probabilities `(V,)` of the next token; `prefix` is a
            list that begins with `sos`. What has probability 0 (`-inf`) is no candidate.
        sos: what every prefix begins with; no token that is ever written.
        eos: the token that ends a sequence. A finished hypothesis keeps its place in the beam and
            is not extended.
        width: the number of hypotheses that are kept, 1 or more.
        max_len: the most tokens that are written, 1 or more, `eos` among them. Hypotheses that end
            here without `eos` count like the others.
        length_penalty: `λ`; the final list is ranked by `logp / n**length_penalty`, where `n` is
            the number of tokens, `eos` among them.

    Returns:
        At most `width` pairs `(tokens, logp)`, the best first: tokens without `sos`, with `eos`
        where it came, and their log-probability, not divided by anything.
    """
    ### BEGIN SOLUTION
    beam = [([sos], 0.0)]
    for _ in range(max_len):
        candidates = []
        for prefix, logp in beam:
            if prefix[-1] == eos:
                candidates.append((prefix, logp))
                continue
            for token, more in enumerate(step(prefix)):
                if more > -np.inf:
                    candidates.append(([*prefix, token], logp + float(more)))
        candidates.sort(key=lambda candidate: candidate[1], reverse=True)
        beam = candidates[:width]
    found = [(prefix[1:], logp) for prefix, logp in beam]
    found.sort(key=lambda item: item[1] / len(item[0]) ** length_penalty, reverse=True)
    return found
    ### END SOLUTION


# %% [markdown]
# ### Experiment: how wide?
#
# 150 random languages of four words, all sentences of five words. How often does a beam of width
# $B$ find the likeliest of the 1024 sentences? (A beam of 1024 finds it for certain: it forgets
# nothing.) And what does it cost? Width 1 is greedy search.

# %% tags=["experiment"]
rng = np.random.default_rng(3)
widths = (1, 2, 3, 4, 6, 8, 16, 1024)


class Language:
    """Random probabilities of the next word, by step and last word; counts how often it is asked."""

    def __init__(self, rng):
        logits = 1.5 * rng.normal(size=(5, 5, 4))
        self.table = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        self.asked = 0

    def step(self, prefix):
        self.asked += 1
        return self.table[len(prefix) - 1, prefix[-1]]


right, calls = np.zeros(len(widths)), np.zeros(len(widths))
for _ in range(150):
    language, best, asked = Language(rng), [], []
    for width in widths:
        best.append(beam_search(language.step, 4, -1, width, 5)[0][1])
        asked.append(language.asked)
    right += np.isclose(best, best[-1], rtol=1e-12)
    calls += np.diff(asked, prepend=0)

fig, (left, right_axis) = plt.subplots(1, 2, figsize=(11, 3.2), layout="constrained")
names = [str(width) for width in widths]
left.bar(names, right / 150, color="C0")
left.set(xlabel="width", title="The likeliest sentence was found", ylim=(0, 1.05))
right_axis.bar(names, calls / 150, color="C1")
right_axis.set(xlabel="width", title="Calls of `step`", yscale="log")
plt.show()

# %% [markdown]
# Three or four hypotheses do most of what can be done. Note that width 2 isn't *bound* to be better
# than width 1: a wider beam can drop, half-way, what a narrower one would have kept. It rarely
# happens, but it is no theorem.
#
# ### Experiment: the beam of your translator
#
# Now `step` is the trained model. The first dates are written as the model knows them, the others
# are not. When it is sure, the second hypothesis is worth nothing; when it isn't, look at what it
# hesitates between. With `length_penalty` nothing changes here. Why not?


# %% tags=["experiment"]
def step_of(model, text):
    """`step` for one date."""
    source = to_source([text])

    def step(prefix):
        read = np.full((1, TARGET[0]), SOS, dtype="int32")
        read[0, : len(prefix)] = prefix
        logits = model.predict_on_batch([source, read])[0, len(prefix) - 1]
        return logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()

    return step


for text in ("25 November 2026", "Nov 25, '26", "11.25.2026", "Sept 3, 1987", "4 July 76"):
    step = step_of(models[True], text)
    print(f"{text:18} greedy {to_text(greedy_decode(step, SOS, EOS, TARGET[0]))}")
    for tokens, logp in beam_search(step, SOS, EOS, 3, TARGET[0]):
        print(f"{'':25} {to_text(tokens)}   p = {np.exp(logp):.3f}")

# %% [markdown]
# ## Break it
#
# Two slips, both in code that runs without an error:
#
# - **A**: the teacher's tokens are not moved: at step $t$ the decoder reads $y_t$, the token that
#   it is to say.
# - **B**: padding is masked *after* the softmax: the weights of padded positions are multiplied by
#   0.
#
# **Predict first**, and write it down:
#
# 1. The loss of A after two epochs: higher or lower than that of the right translator after eight?
# 2. How many new dates does A get right?
# 3. For B, source positions have equal scores, and half of them are padding. What do the weights
#    add up to? What is the context, compared with the mean of the real states?


# %% tags=["experiment"]
def not_moved(Y, sos):
    return Y


def masked_afterwards(scores, H, mask):
    _, alpha = attend(scores, H, None)
    alpha = alpha * ops.cast(mask, alpha.dtype)
    return ops.sum(alpha[:, :, None] * H, axis=1), alpha


keras.utils.set_random_seed(2)
copier = build_encoder_decoder(SOURCE, TARGET, 32, True)
loss = trained(copier, texts[:1500], isos[:1500], epochs=2, inputs=not_moved)
print("A: loss", ", ".join(f"{value:.4f}" for value in loss))
print(f"A: {share_right(copier, new_texts, new_isos):.0%} of new dates right, for example")
for text, said in zip(new_texts[:3], translated(copier, new_texts[:3]), strict=True):
    print(f"   {text:20} {said}")

H = np.random.default_rng(0).normal(size=(1, 6, 3))
scores, mask = np.zeros((1, 6)), np.array([[True] * 3 + [False] * 3])
for name, function in (("right", attend), ("B", masked_afterwards)):
    context, alpha = map(np.asarray, function(*map(ops.convert_to_tensor, (scores, H, mask))))
    quotient = np.mean(context / H[:, :3].mean(axis=1))
    print(f"{name:5}: weights {alpha[0].round(3)}, sum {alpha.sum():.2f}; ", end="")
    print(f"context / mean of the real states: {quotient:.2f}")

# %% [markdown]
# <details><summary><b>What happened</b> (open it after you have compared)</summary>
#
# - **A** has the loss of a dream: it is near zero after an epoch or two, for it copies. Without a
#   teacher it has nothing to copy but `sos`, so that it gets no date right. Neither the loss nor
#   the accuracy under a teacher can tell: you have to let it write by itself. The check "output t
#   does not hang on $y_t$" of section 1 tells at once.
# - **B** loses weight. Its context is half of the mean, and less for shorter sentences, as if they
#   meant less. It trains all the same, only not so well; the check on the weights under a mask sees
#   it.
#
# </details>
#
# ## On a GPU: the real thing
#
# The same code with more of everything: ten forms (with weekdays, and as they are said aloud),
# 40,000 dates, 128 units, 15 epochs. That is for a runner with a GPU; where there is none, the
# cell makes do with a small round, so that you can see it work.

# %% tags=["experiment"]
import tensorflow as tf

MORE_FORMS = (
    *FORMS,
    "{weekday}, {day} {month} {year}",
    "{weekday}, {month} {day}, {year}",
    "the {day}{th} of {month} {year}",
    "{year}, {month} {day}{th}",
)


def written_or_said(date, form):
    """A date in one of more forms."""
    last = 0 if date.day in (11, 12, 13) else date.day % 10
    th = {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
    form = form.replace("{weekday}", f"{date:%A}").replace("{th}", th)
    return written(date, form)


def long_dates(m, rng):
    first = datetime.date(1930, 1, 1).toordinal()
    dates = [datetime.date.fromordinal(first + int(n)) for n in rng.integers(0, 36525, m)]
    texts = [written_or_said(date, rng.choice(MORE_FORMS)) for date in dates]
    return texts, [str(date) for date in dates]


gpu = bool(tf.config.list_physical_devices("GPU"))
m, units, epochs, batch_size = (40_000, 128, 15, 256) if gpu else (200, 32, 1, 50)
rng = np.random.default_rng(8)
long_texts, long_isos = long_dates(m, rng)
unseen_texts, unseen_isos = long_dates(2000 if gpu else 50, rng)
length = max(map(len, long_texts + unseen_texts))
keras.utils.set_random_seed(0)
translator = build_encoder_decoder((length, SOURCE[1]), TARGET, units, attention=True)
loss = trained(translator, long_texts, long_isos, epochs, batch_size)
share = share_right(translator, unseen_texts, unseen_isos)
print(f"{m} dates, {epochs} epochs: loss {loss[-1]:.4f}, {share:.1%} of unseen dates right")
for text, said in zip(unseen_texts[:5], translated(translator, unseen_texts[:5]), strict=True):
    print(f"{text:32} {said}")

# %% [markdown]
# ## What you can explain now
#
# - Why does the decoder read the right tokens while it learns, and why moved by one step?
# - What is the bottleneck of a translator without attention?
# - Over which axis does the softmax of the scores run, and what do the weights add up to when half
#   of the source is padding?
# - Why are logarithms added in a beam search, and why are the best $B$ chosen among *all*
#   candidates?
# - Why do translators without a length penalty like short sentences?
