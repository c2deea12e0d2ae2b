# %% [markdown]
# # 14 · CTC: Connectionist Temporal Classification (语音识别)
#
# A recurrent network listens to a second of speech and says, every few hundredths of a second,
# which letter it hears. It says "o" not once but for as long as the "o" lasts. How do eighty
# such answers become a word of four letters? And how can the network be *trained*, when all that we
# know of a recording is the word, and nobody has marked where each letter begins?
#
# CTC answers both questions. You will write all of it:
#
# | | function | what it is for |
# |---|---|---|
# | 1 | `ctc_collapse` | from one symbol a frame to the word |
# | 2 | `ctc_greedy_decode` | the quickest way to read a network's output |
# | 3 | `ctc_extend` | the word with blanks between its letters: the columns of the trellis |
# | 4 | `ctc_nll` | the loss: how surprised the network is by the word |
# | 5 | `ctc_grad` | its gradient: what each frame should change |
# | 6 | `ctc_prefix_beam` | a better way to read the output |
# | 7 | `train_crnn` | a network that learns to read, from words alone |
#
# About three and a half hours; 20 points. You need unit 12 (recurrent cells), and unit 13's beam
# search helps. After each function a cell runs `check("…")`: it says what is right so far, and
# where a result differs, why.

# %%
from collections import defaultdict

import keras
import matplotlib.pyplot as plt
import numpy as np

from autograder import check

# %% [markdown]
# ## The idea in a page
#
# The notes show the whole idea in one line. A network has answered 29 times, once a frame:
#
# ```
# __c_oo_o_kk___b_ooooo__oo__kkk   ->   cookbook
# ```
#
# Beside the letters there is one more symbol, the **blank**, here written `_`: "no (new) letter
# in this frame". It has two jobs. It fills the time in which nothing is said, and it stands between
# two letters that are *both* meant, as in `oo_o` and `ooooo__oo`, which read "oo".
#
# > **Erratum.** The notes give the arrow and no rule. The rule has two steps, **in this order**:
# > 1. *merge* what repeats from one frame to the next: `oo_o` becomes `o_o`;
# > 2. *delete* the blanks: `o_o` becomes `oo`.
# >
# > In the other order the two o's meet before they are merged, and the notes' own example comes out
# > as "cokbok". The notes also don't give the loss; it is section 4 of this notebook.
#
# Call this rule $\mathcal B$. It turns a **path** $\pi=(\pi_1,\dots,\pi_T)$, one symbol a frame,
# into a **labelling** $l$, the word. Many paths give the same word: in six frames there are nine that
# collapse to "book", in twelve 6435 of them. CTC never asks which of them is the true one. The network puts out a
# probability $y^t_k$ for each frame $t$ and symbol $k$ (a softmax over the letters *and* the
# blank), a path has the product of its frames' probabilities, and a word the **sum over all its
# paths**:
#
# $$
# p(l \mid x) = \sum_{\pi\,:\,\mathcal B(\pi)=l}\ \prod_{t=1}^{T} y^t_{\pi_t},
# \qquad J = -\ln p(l\mid x).
# $$
#
# That is a loss which needs the word only. There are $V^T$ paths, far too many to add up one by
# one, but the sum can be done frame by frame in the manner of dynamic programming, and so can its
# gradient. The network is then free to find out by itself *when* it says each letter.
#
# **Conventions.** Time runs down: `logits` and `log_probs` are float64 of shape `(T, V)`, one row a
# frame, one column a symbol. Labels are lists of integers. The blank's index is always handed
# over, as `blank`: Keras 3 uses 0, much of older TensorFlow the last column, so never take it for
# granted. Your functions leave their arguments as they were.

# %% [markdown]
# ## 1. Collapse
#
# The rule $\mathcal B$: merge repeats, then delete blanks. Two frames with the same symbol are one
# letter only if they are *neighbours*. It should work on text as well as on lists of integers.


# %%
def ctc_collapse(path: str | list[int], blank: str | int = 0) -> str | list[int]:
    """Turns one symbol a frame into the labelling.

    Args:
        path: the symbols in order, a string or a list of integers; it may be empty.
        blank: the blank, of the kind of the symbols: `"_"` for the notes' string.

    Returns:
        The labelling, of the same kind as `path`: a string for a string, a list for a list.
    """
    ### BEGIN SOLUTION
    kept = []
    previous = None
    for symbol in path:
        if symbol != previous and symbol != blank:
            kept.append(symbol)
        previous = symbol
    return "".join(kept) if isinstance(path, str) else kept
    ### END SOLUTION


# %% [markdown]
# ### Experiment: how many paths lead to a word?
#
# All $3^6$ paths of six frames over `_`, `o`, `k`, collapsed. Guess first: which word has the most
# paths? Which have only a single one? Can "oook" be said in six frames?

# %% tags=["experiment"]
from collections import Counter
from itertools import product

counts = Counter(ctc_collapse("".join(path), "_") for path in product("_ok", repeat=6))
words = [word for word, _ in counts.most_common()]
figure, axes = plt.subplots(figsize=(11, 3.4), layout="constrained")
axes.bar(range(len(words)), [counts[word] for word in words], color="#1f5fa8")
axes.set_xticks(range(len(words)), [word or "(empty)" for word in words], rotation=90, fontsize=8)
axes.set(ylabel="paths", title=f"729 paths of six frames, {len(words)} words")
axes.margins(x=0.01)
plt.show()
print("ways to say ok, oo, ooo, oook:", [counts[word] for word in ("ok", "oo", "ooo", "oook")])

# %% [markdown]
# A word with two equal letters in a row has fewer paths than one without, since a blank must stand
# between them: "oo" needs three frames at least, "ooo" five, and "oook" six: one path, with not a
# frame to spare. A word of $U$ letters with $R$ equal neighbours needs $U+R$ frames. With fewer
# it has no path at all, so its probability is 0 and its loss infinite.

# %% [markdown]
# ## 2. Greedy decoding
#
# The quickest way to read a network's output: take the most probable symbol in each frame and
# collapse that path. It is also called *best path* decoding. The softmax doesn't change which symbol
# is largest, so logits will do.


# %%
def ctc_greedy_decode(logits: np.ndarray, blank: int) -> list[int]:
    """Collapses the path of the most probable symbols.

    Args:
        logits: floats, `(T, V)`: scores of each symbol in each frame (or log-probabilities).
        blank: the blank's column.

    Returns:
        The labelling, a list of integers.
    """
    ### BEGIN SOLUTION
    return ctc_collapse(np.argmax(logits, axis=1).tolist(), blank)
    ### END SOLUTION


# %% [markdown]
# ## 3. The extended label
#
# Now the sum over paths. Put a blank before, between and after the letters:
#
# $$l = (l_1,\dots,l_U) \quad\longrightarrow\quad
# l' = (b,\ l_1,\ b,\ l_2,\ b,\ \dots,\ b,\ l_U,\ b), \qquad |l'| = 2U+1.$$
#
# A path that collapses to $l$ walks along $l'$ from left to right, one place a frame. It may *stay*,
# it may *step* to the next place, and it may *skip* a blank: but not every blank. That picture is the
# **trellis**:
#
# ![The trellis of the word ook: from each place a path may stay, step on, or skip a blank between different letters](figures/trellis.svg)
#
# Look at the two o's: no arrow jumps from one to the other. If it did, both would be merged into a
# single "o".


# %%
def ctc_extend(labels: list[int], blank: int) -> np.ndarray:
    """Puts a blank before, between and after the labels.

    Args:
        labels: U integers; U may be 0.
        blank: the blank's index.

    Returns:
        Integers, `(2U+1,)`; `[blank]` for no label at all.
    """
    ### BEGIN SOLUTION
    extended = np.full(2 * len(labels) + 1, blank)
    extended[1::2] = labels
    return extended
    ### END SOLUTION


# %% [markdown]
# ## 4. The loss
#
# Let $\alpha_t(s)$ be the probability of all beginnings of paths that are at place $s$ of $l'$ in
# frame $t$, summed up. A path can begin with the first blank or with the first letter:
#
# $$\alpha_1(1) = y^1_{b},\qquad \alpha_1(2) = y^1_{l_1},\qquad \alpha_1(s) = 0 \text{ for } s>2.$$
#
# Every frame adds up the ways to get to $s$:
#
# $$
# \alpha_t(s) = y^t_{l'_s}\cdot
# \begin{cases}
# \alpha_{t-1}(s)+\alpha_{t-1}(s-1) & \text{if } l'_s = b \text{ or } l'_s = l'_{s-2}\\
# \alpha_{t-1}(s)+\alpha_{t-1}(s-1)+\alpha_{t-1}(s-2) & \text{otherwise}
# \end{cases}
# $$
#
# and at the end a path has arrived if it is at the last letter or at the blank behind it:
#
# $$p(l\mid x) = \alpha_T(2U+1)+\alpha_T(2U), \qquad J = -\ln p(l\mid x).$$
#
# Read the first case again. Place $s$ can't be reached from $s-2$ if it is a blank (a letter would
# be left out) or if it is the same letter as the one before (they would merge).
#
# **Work with logarithms.** A second of speech may have 300 frames. With 30 symbols a path has a
# probability near $30^{-300}$, and the smallest float64 is about $10^{-308}$ (or $10^{-324}$ with
# few digits left). Everything would be 0 and its logarithm $-\infty$. Keep $\ln\alpha$ instead: a
# product becomes a sum, and a sum becomes
#
# $$\ln(e^a+e^b) = \max(a,b)+\ln\left(1+e^{-|a-b|}\right),$$
#
# which is `np.logaddexp(a, b)`. Probability 0 is `-np.inf`; `logaddexp` knows what to do with it,
# while a formula of one's own meets $\infty-\infty$ there.


# %%
def ctc_nll(log_probs: np.ndarray, labels: list[int], blank: int) -> float:
    """The CTC loss of one sequence: the negative log of the sum over all paths.

    Args:
        log_probs: float64, `(T, V)`, T at least 1: the log-probability of each symbol in each
            frame. Entries may be `-np.inf`.
        labels: U integers, none of them the blank; U may be 0.
        blank: the blank's column.

    Returns:
        `-ln p(labels)`, a float; `np.inf` where no path of T frames gives the labels.
    """
    ### BEGIN SOLUTION
    places = ctc_extend(labels, blank)
    may_skip = np.zeros(len(places), dtype=bool)
    may_skip[2:] = (places[2:] != blank) & (places[2:] != places[:-2])
    log_alpha = np.full(len(places), -np.inf)
    log_alpha[:2] = log_probs[0, places[:2]]
    for frame in log_probs[1:]:
        # Two places before the first, where no path is.
        padded = np.concatenate([[-np.inf, -np.inf], log_alpha])
        ways = np.logaddexp(padded[2:], padded[1:-1])
        ways = np.where(may_skip, np.logaddexp(ways, padded[:-2]), ways)
        log_alpha = frame[places] + ways
    return -float(np.logaddexp.reduce(log_alpha[-2:]))
    ### END SOLUTION


# %% [markdown]
# ### Experiment: against all paths, and with many frames
#
# On the left every word's probability, by your recursion and by adding up all $3^5$ paths. On the
# right: what becomes of the plain product of 30 symbols' probabilities as the frames get more, and
# what your function says.

# %% tags=["experiment"]
rng = np.random.default_rng(14)
probs = rng.dirichlet(np.ones(3), size=5)  # five frames; 0 is the blank
by_paths = defaultdict(float)
for path in product(range(3), repeat=5):
    by_paths[tuple(ctc_collapse(list(path), 0))] += np.prod(probs[range(5), path])
by_recursion = {word: np.exp(-ctc_nll(np.log(probs), list(word), 0)) for word in by_paths}
gap = max(abs(by_paths[word] - by_recursion[word]) for word in by_paths)
print(
    f"{len(by_paths)} words; largest gap {gap:.1e}; all together {sum(by_recursion.values()):.15f}"
)

frames = np.arange(10, 401, 10)
plain, losses = [], []
for count in frames:
    random = rng.dirichlet(np.ones(30), size=count)
    plain.append(np.prod(random[:, 0]))
    losses.append(ctc_nll(np.log(random), [1, 2, 2, 3], 0))
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained")
order = sorted(by_paths, key=by_paths.get)
left.loglog([by_paths[w] for w in order], [by_recursion[w] for w in order], "o", color="#1f5fa8")
left.set(xlabel="sum over all paths", ylabel="your recursion", title="Every word of five frames")
right.plot(frames, losses, color="#1f5fa8", label="your `ctc_nll`")
shown = np.array(plain) > 0
right.plot(frames[shown], -np.log(np.array(plain)[shown]), ".", color="#c8442c", label="one path")
right.axhline(-np.log(5e-324), color="0.6", linestyle=":", label="the smallest float")
right.set(xlabel="frames", ylabel="$-\\ln p$", title="Beyond the smallest float")
right.legend()
plt.show()

# %% [markdown]
# ## 5. The gradient
#
# $p$ is a sum of products, so its slope can be had from the same recursion, run from both ends. Let
# $\beta_t(s)$ be the probability of all *ends* of paths that are at place $s$ in frame $t$, with
# frame $t$ counted in. It is the $\alpha$ of everything reversed: frames backwards, label backwards.
# Then $\alpha_t(s)\,\beta_t(s)$ holds all paths that pass through $s$ at $t$, with that frame's
# probability counted twice. Divide once, and by $p$: how likely is it that the word's path shows
# symbol $k$ in frame $t$?
#
# $$
# \gamma_t(k) = \frac{1}{p(l\mid x)}\sum_{s\,:\,l'_s=k}\frac{\alpha_t(s)\,\beta_t(s)}{y^t_k}
# $$
#
# A symbol can have *several* places, the blank always has, and all of them count. With
# $y=\mathrm{softmax}(a)$ the gradient with respect to the logits $a$ is then
#
# $$\frac{\partial J}{\partial a^t_k} = y^t_k-\gamma_t(k).$$
#
# Compare it with $A^{[2]}-Y$ of unit 01: prediction less label. Here nobody knows the label of a
# frame, so the network's own best guess at it, $\gamma$, stands in its place. Both $y^t$ and
# $\gamma_t$ add up to 1, so every row of the gradient adds up to 0.


# %%
def ctc_grad(logits: np.ndarray, labels: list[int], blank: int) -> np.ndarray:
    """The gradient of `ctc_nll(log_softmax(logits), labels, blank)` with respect to the logits.

    Args:
        logits: float64, `(T, V)`, finite.
        labels: U integers, none of them the blank, possible in T frames; U may be 0.
        blank: the blank's column.

    Returns:
        float64, `(T, V)`.
    """
    ### BEGIN SOLUTION
    log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    places = ctc_extend(labels, blank)

    def log_alphas(emitted, places):
        """Row t: the logs of all beginnings of t + 1 frames; `emitted` is (T, places)."""
        rows = np.full(emitted.shape, -np.inf)
        rows[0, :2] = emitted[0, :2]
        may_skip = np.zeros(len(places), dtype=bool)
        may_skip[2:] = (places[2:] != blank) & (places[2:] != places[:-2])
        for t in range(1, len(rows)):
            padded = np.concatenate([[-np.inf, -np.inf], rows[t - 1]])
            ways = np.logaddexp(padded[2:], padded[1:-1])
            ways = np.where(may_skip, np.logaddexp(ways, padded[:-2]), ways)
            rows[t] = emitted[t] + ways
        return rows

    emitted = log_probs[:, places]
    alpha = log_alphas(emitted, places)
    beta = log_alphas(emitted[::-1, ::-1], places[::-1])[::-1, ::-1]
    log_p = np.logaddexp.reduce(alpha[-1, -2:])
    gamma = np.zeros_like(log_probs)
    for s, symbol in enumerate(places):
        gamma[:, symbol] += np.exp(alpha[:, s] + beta[:, s] - emitted[:, s] - log_p)
    return np.exp(log_probs) - gamma
    ### END SOLUTION


# %% [markdown]
# ### Experiment: what the network is told
#
# A network that knows nothing yet: each symbol is as likely as any other in every frame. From your
# gradient follows $\gamma = y-\partial J/\partial a$, what each frame is asked to say, for the word
# "book" in 20 frames. Then 60 steps of gradient descent on the logits themselves, and again.
#
# Guess before you run it: with all symbols alike, where in time will "b" be asked for, where "k"?
# And what will the frames show in the end: long letters, or short ones?

# %% tags=["experiment"]
alphabet = "_bok"
word = [alphabet.index(letter) for letter in "book"]
logits = np.zeros((20, 4))
stages = {}
for step in range(61):
    gradient = ctc_grad(logits, word, 0)
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    if step in (0, 10, 60):
        stages[step] = probs, probs - gradient
    logits = logits - gradient

figure, axes = plt.subplots(2, 3, figsize=(11, 4.4), sharex=True, sharey=True, layout="constrained")
for (step, (probs, gamma)), (top, bottom) in zip(stages.items(), axes.T, strict=True):
    path = "".join(alphabet[k] for k in probs.argmax(axis=1))
    for k, letter in enumerate(alphabet):
        style = {
            "color": ["0.6", "#1f5fa8", "#c8442c", "#2e8b57"][k],
            "label": letter if k else "blank",
        }
        top.plot(probs[:, k], **style)
        bottom.plot(gamma[:, k], **style)
    top.set(title=f"step {step}: y\n{path}", ylim=(-0.03, 1.03))
    bottom.set(title="$\\gamma$: what is asked for", xlabel="frame")
axes[0, 0].legend(ncols=4, loc="upper center")
plt.show()

# %% [markdown]
# At first the network is asked for "b" early, for "k" late and for "o" between, twice as much,
# only because that is how most of the paths run. It goes there, and what it does there makes the
# next request sharper. What is left in the end are **spikes**: a letter shows for a frame or two,
# and the blank fills the rest. CTC says *that* and *in which order* something was heard; do not
# trust it for when.
#
# ## 6. Prefix beam search
#
# The most probable path is not always that of the most probable *word*, because a word collects the
# probability of many paths. Two frames, blank 0.6 and "a" 0.4 in both:
#
# | path | probability | word |
# |---|---|---|
# | `__` | 0.36 | (empty) |
# | `_a`, `a_`, `aa` | 0.24 + 0.24 + 0.16 = 0.64 | "a" |
#
# Greedy decoding says nothing at all; the right answer is "a". Beam search (unit 13) has to add up
# paths that lead to the same prefix. That is possible frame by frame if each prefix keeps **two**
# numbers:
#
# - $p_b$: all its paths that end in a blank,
# - $p_{nb}$: all its paths that end in its last letter.
#
# The difference matters when the same letter comes again. Say the prefix is "a" and the next frame
# says "a" with probability $y_a$. After a blank it is a *new* letter; otherwise it is the old one
# going on:
#
# $$
# \begin{aligned}
# \text{blank:}\quad & p_b^{\text{new}}(\texttt{a}) \mathrel{+}= (p_b+p_{nb})\;y_b \\
# \text{the same letter:}\quad & p_{nb}^{\text{new}}(\texttt{a}) \mathrel{+}= p_{nb}\;y_a,
# \qquad p_{nb}^{\text{new}}(\texttt{aa}) \mathrel{+}= p_b\;y_a \\
# \text{another letter:}\quad & p_{nb}^{\text{new}}(\texttt{ac}) \mathrel{+}= (p_b+p_{nb})\;y_c
# \end{aligned}
# $$
#
# The search begins with the empty prefix, $p_b = 1$, $p_{nb}=0$. After each frame all prefixes have
# been *merged*: equal ones are one entry, their numbers added. Then the `width` prefixes with the
# largest $p_b+p_{nb}$ go on to the next frame and the others are forgotten. Work with logarithms
# here, too.


# %%
def ctc_prefix_beam(
    log_probs: np.ndarray, width: int, blank: int
) -> list[tuple[tuple[int, ...], float]]:
    """The most probable labellings, by beam search over prefixes.

    Args:
        log_probs: float64, `(T, V)`: the log-probability of each symbol in each frame. Entries
            may be `-np.inf`.
        width: how many prefixes are kept after each frame; the others are forgotten.
        blank: the blank's column.

    Returns:
        At most `width` pairs `(labels, logp)`, the most probable first: the labels of each prefix
        that is kept after the last frame, a tuple or a list of integers, and the log of its
        probability, a float. Prefixes of probability 0 are left out.
    """
    ### BEGIN SOLUTION
    beam = {(): (0.0, -np.inf)}  # prefix -> log of p_b, log of p_nb
    for frame in log_probs:
        grown = defaultdict(lambda: (-np.inf, -np.inf))
        for prefix, (ends_blank, ends_letter) in beam.items():
            total = np.logaddexp(ends_blank, ends_letter)
            old_blank, old_letter = grown[prefix]
            old_blank = np.logaddexp(old_blank, total + frame[blank])
            if prefix:
                old_letter = np.logaddexp(old_letter, ends_letter + frame[prefix[-1]])
            grown[prefix] = old_blank, old_letter
            for symbol in range(len(frame)):
                if symbol == blank:
                    continue
                before = ends_blank if prefix[-1:] == (symbol,) else total
                longer = (*prefix, symbol)
                old_blank, old_letter = grown[longer]
                grown[longer] = old_blank, np.logaddexp(old_letter, before + frame[symbol])
        scores = {prefix: np.logaddexp(*parts) for prefix, parts in grown.items()}
        ranked = sorted((p for p in scores if scores[p] > -np.inf), key=scores.get, reverse=True)
        beam = {prefix: grown[prefix] for prefix in ranked[:width]}
    return [(prefix, float(np.logaddexp(*parts))) for prefix, parts in beam.items()]
    ### END SOLUTION


# %% [markdown]
# ### Experiment: how often is greedy wrong?
#
# 120 random outputs of 8 frames and 4 symbols, from flat to peaked. How often does each way of
# reading find the most probable of all labellings? (A width of 1000 keeps nearly everything.)

# %% tags=["experiment"]
rng = np.random.default_rng(6)
peakedness = [0.5, 1, 2, 4]
agreement = {"greedy": [], "width 1": [], "width 3": [], "width 10": []}
for scale in peakedness:
    found = {name: 0 for name in agreement}
    for _ in range(30):
        scores = scale * rng.normal(size=(8, 4))
        log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        best = list(ctc_prefix_beam(log_probs, 1000, 0)[0][0])
        found["greedy"] += ctc_greedy_decode(log_probs, 0) == best
        for width in (1, 3, 10):
            found[f"width {width}"] += list(ctc_prefix_beam(log_probs, width, 0)[0][0]) == best
    for name, count in found.items():
        agreement[name].append(count / 30)
figure, axes = plt.subplots(figsize=(7, 3.4), layout="constrained")
for name, shares in agreement.items():
    axes.plot(peakedness, shares, "o-", label=name)
axes.set(xlabel="size of the logits", ylabel="share of best answers", ylim=(0, 1.03))
axes.set(title="The surer the network, the less it matters how it is read")
axes.legend()
plt.show()

# %% [markdown]
# ## 7. A network that reads
#
# Now training. The data are strips of one to three handwritten digits, made of scikit-learn's real
# ones ($8\times8$ pixels), with gaps of random width. The network is told *which* digits a strip
# shows, in order, and never *where* they are.
#
# It is a **CRNN**: convolutions look at the strokes, a bidirectional GRU reads the columns from both
# sides, and a Dense layer gives 11 scores for each of 8 frames: the blank and ten digits. (Three equal
# digits need five frames, so eight are enough.)


# %%
def build_crnn(width: int, symbols: int) -> keras.Model:
    """Maps strips `(N, 8, width)` to logits `(N, width / 4, symbols + 1)`; column 0 is the blank.

    The last layer has no softmax: `keras.losses.CTC` wants logits.
    """
    strips = keras.Input((8, width))
    x = keras.layers.Reshape((8, width, 1))(strips)
    x = keras.layers.Conv2D(16, 3, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D((2, 2))(x)
    x = keras.layers.Conv2D(32, 3, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D((2, 2))(x)
    x = keras.layers.Permute((2, 1, 3))(x)  # time first: four columns are a frame
    x = keras.layers.Reshape((width // 4, 2 * 32))(x)
    x = keras.layers.Bidirectional(keras.layers.GRU(32, return_sequences=True))(x)
    return keras.Model(strips, keras.layers.Dense(symbols + 1)(x))


# %% [markdown]
# `keras.losses.CTC` is your `ctc_nll`, averaged over a batch, with conventions of its own. Whoever
# doesn't know them trains for hours without an error message:
#
# - The blank is column **0**. So symbol $d$ has label $d+1$: digit 0 is label 1, digit 9 label 10.
# - The labels of a batch are one integer array `(N, U)`. Shorter ones are **filled up with 0** at
#   the end; Keras takes the number of entries that are not 0 for the length.
# - The network's outputs are **logits**. The loss applies the softmax itself; applied twice, it
#   leaves the network hardly anything to say.
#
# When a second network is trained, TensorFlow may print a line that begins with `loc(` and speaks of
# a `tfg.While`: a note of its optimiser about a graph that it leaves as it is. It does no harm.


# %%
def train_crnn(
    model: keras.Model,
    X: np.ndarray,
    Y: list[list[int]],
    epochs: int,
    batch_size: int,
    lr: float,
) -> list[float]:
    """Trains a network with `keras.losses.CTC` and Adam, in place.

    Args:
        model: not compiled; maps `X` to logits `(N, T, K + 1)`. Column 0 is the blank, column
            `k + 1` is symbol `k`.
        X: floats, N inputs.
        Y: N lists of symbols from 0 to K - 1, of different lengths: what each input shows, in
            order.
        epochs: how often all examples are gone through.
        batch_size: examples for each update.
        lr: the learning rate of `keras.optimizers.Adam`, whose other settings stay as they are.

    Returns:
        The loss of each epoch, `epochs` floats: the mean over the examples, as `fit` reports it.
    """
    ### BEGIN SOLUTION
    padded = np.zeros((len(Y), max(map(len, Y))), dtype="int32")
    for row, symbols in zip(padded, Y, strict=True):
        row[: len(symbols)] = np.array(symbols) + 1
    model.compile(optimizer=keras.optimizers.Adam(lr), loss=keras.losses.CTC())
    history = model.fit(X, padded, batch_size=batch_size, epochs=epochs, verbose=0)
    return [float(loss) for loss in history.history["loss"]]
    ### END SOLUTION


# %% [markdown]
# ### Experiment: the plateau
#
# The cell below trains a CRNN as the grader will, on 1000 strips for 6 epochs (ten seconds on one
# core), and reads 500 strips of digits that were in none of them. The grader asks for **81 % of the
# strips read without a single mistake**; a right solution typically gets 90 %. (It draws digits of
# its own, and tries up to three times.)
#
# How will the loss fall? Think of what the network does while it knows nothing of digits. Which
# single answer is the safest for every strip?

# %% tags=["experiment"]
from sklearn.datasets import load_digits

STRIPS, EPOCHS = 1000, 6  # with patience: 6000 strips, and digits hardly ever fail
WIDTH = 32


def digit_strips(images, labels, count, rng):
    """Strips `(count, 8, WIDTH)` of 1 to 3 digits, gaps of random width, and their digits."""
    X, Y = np.zeros((count, 8, WIDTH)), []
    for strip in X:
        chosen = rng.integers(len(images), size=rng.integers(1, 4))
        spare = WIDTH - 8 * len(chosen)
        gaps = rng.multinomial(spare, np.ones(len(chosen) + 1) / (len(chosen) + 1))
        for place, index in enumerate(chosen):
            start = gaps[: place + 1].sum() + 8 * place
            strip[:, start : start + 8] = images[index]
        Y.append(labels[chosen].tolist())
    return X, Y


def log_softmax(logits):
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


digits = load_digits()
images, labels = digits.images / 16, digits.target
keras.utils.set_random_seed(1)
rng = np.random.default_rng(1)
X, Y = digit_strips(images[:1300], labels[:1300], STRIPS, rng)
X_new, Y_new = digit_strips(images[1300:], labels[1300:], 500, rng)  # other writers
crnn = build_crnn(WIDTH, 10)
losses = train_crnn(crnn, X, Y, EPOCHS, 8, 5e-3)
outputs = crnn.predict(X_new, verbose=0)

read = [[label - 1 for label in ctc_greedy_decode(output, 0)] for output in outputs]
right = np.mean([answer == wanted for answer, wanted in zip(read, Y_new, strict=True)])
figure, axes = plt.subplots(figsize=(6.5, 3.2), layout="constrained")
axes.plot(range(1, EPOCHS + 1), losses, "o-", color="#1f5fa8")
axes.set(xlabel="epoch", ylabel="loss", title=f"{right:.1%} of unseen strips without a mistake")
axes.grid(alpha=0.3)
plt.show()

# %% [markdown]
# The loss falls fast to a little below 6 and stays there for a while: the network has learnt to say
# *blank* everywhere and to guess digits evenly. On this **plateau** nothing seems to happen, and
# many a training was stopped there. Then one digit is recognised somewhere, that makes the place of
# the next one clearer, and the loss drops at once. Here the plateau ends after a hundred or two
# updates, in the second epoch. With batches of 16 it lasts for three epochs, and on strips of up to
# four digits, read in 24 frames, for up to six. Give CTC time, not a number of epochs.
#
# ### Experiment: what it says, frame by frame
#
# Four of the unseen strips, the network's probabilities over time, and the path that collapses to
# the answer.

# %% tags=["experiment"]
figure, axes = plt.subplots(2, 4, figsize=(11, 4), height_ratios=[1, 2], layout="constrained")
names = "_0123456789"
wrong = [n for n, (answer, wanted) in enumerate(zip(read, Y_new, strict=True)) if answer != wanted]
double = [n for n, wanted in enumerate(Y_new) if any(np.diff(wanted) == 0) and n not in wrong]
for n, (top, bottom) in zip([0, 1, double[0], wrong[0]], axes.T, strict=True):
    probs = np.exp(log_softmax(outputs[n]))
    top.imshow(X_new[n], cmap="gray_r", aspect="auto", extent=(-0.5, 7.5, 0, 1))
    top.set(xticks=[], yticks=[], title=f"shows {Y_new[n]}\nread as {read[n]}")
    bottom.plot(probs[:, 0], color="0.7", label="blank")
    for k in np.unique(probs.argmax(axis=1)):
        if k:
            bottom.plot(probs[:, k], label=f"{k - 1}")
    bottom.set(xlabel="".join(names[k] for k in probs.argmax(axis=1)), ylim=(-0.03, 1.03))
    bottom.legend(fontsize=7)
plt.show()

beam = [ctc_prefix_beam(log_softmax(output), 5, 0) for output in outputs[:100].astype(float)]
better = [[label - 1 for label in found[0][0]] for found in beam]
for name, answers in (("greedy", read[:100]), ("beam of 5", better)):
    count = sum(answer == wanted for answer, wanted in zip(answers, Y_new[:100], strict=True))
    print(f"{name:10} {count} of the first 100 strips")

# %% [markdown]
# Spikes again, a blank between two equal digits, and hardly any difference between the two ways of
# reading: a trained network is sure of itself. Beam search pays where something else has a say in
# the score, such as a model of the language.
#
# ## Break it
#
# Three versions of the loss, each with one mistake in the recursion, made from one function:
#
# 1. **A skip over every blank**, also between two equal letters.
# 2. **No skip at all**: each blank between letters must be visited.
# 3. **The best path** instead of the sum: `max` in the place of `logaddexp`.
#
# Predict before you run the cell, and write your guesses down. For each of the three:
#
# - Is its loss too high or too low?
# - Which does it get right: the label (1, 2), the label (1, 1, 2)? In four frames, in 40?
# - The probabilities of *all* labellings must add up to 1. To what do these add up?
# - Which checks of `ctc_nll` will fire?

# %% tags=["experiment"]


def loss_with(add, skip, log_probs, labels):
    """-ln p, blank 0; `add` joins two ways, `skip(here, two_before)` says whether 2 is allowed."""
    places = [0]
    for label in labels:
        places += [label, 0]
    scores = [-np.inf] * len(places)
    scores[:2] = [log_probs[0, place] for place in places[:2]]
    for t in range(1, len(log_probs)):
        last = scores
        scores = []
        for s, place in enumerate(places):
            score = last[s]
            if s >= 1:
                score = add(score, last[s - 1])
            if s >= 2 and skip(place, places[s - 2]):
                score = add(score, last[s - 2])
            scores.append(score + log_probs[t, place])
    return -add(*scores[-2:]) if labels else -scores[0]


def normal(here, two_before):
    return here not in (0, two_before)


kinds = {
    "right": (np.logaddexp, normal),
    "skips every blank": (np.logaddexp, lambda here, two_before: here != 0),
    "never skips": (np.logaddexp, lambda here, two_before: False),
    "best path": (max, normal),
}
rng = np.random.default_rng(3)
outputs_of = {T: log_softmax(rng.normal(size=(T, 3))) for T in (4, 40)}
every = [list(word) for size in range(5) for word in product([1, 2], repeat=size)]
print(f"{'':18}  4 frames: (1,2)   (1,1,2)   40 frames: (1,2)  (1,1,2)   sum of all, 4 frames")
for name, (add, skip) in kinds.items():
    values = [
        loss_with(add, skip, outputs_of[T], word) for T in (4, 40) for word in ([1, 2], [1, 1, 2])
    ]
    total = sum(np.exp(-loss_with(add, skip, outputs_of[4], word)) for word in every)
    print(
        f"{name:18} {values[0]:15.4f} {values[1]:9.4f} {values[2]:18.4f} {values[3]:8.4f} {total:18.4f}"
    )

# %% [markdown]
# The first mistake lets more paths in, so its loss is too low, and the probabilities add up to
# *more* than 1: some paths are counted for two words. It never shows on labels without equal
# neighbours, which is why one check is for those alone. The second throws paths away, as soon as
# there are two letters at all. The third keeps a single path of each word: with few frames it looks
# plausible, with many it is far off. The check that adds up all labellings sees all three. It needs
# no reference and no second implementation: a *law* is often the best test there is.

# %% [markdown]
# ## Experiment: words from sound
#
# CTC was made for speech, so let us end with it. `data/words.zip` holds twelve words, each spoken by
# ten voices of a speech synthesiser at different speeds (8 kHz; `record_words.py` in the course's
# sources makes it). Two of the voices are kept for testing.
#
# What the network gets to hear is the **log-mel spectrogram**: the sound is cut into frames of 25 ms,
# one every 10 ms; a Fourier transform says how much of each pitch is in a frame; 24 overlapping bands,
# spaced as the ear spaces them, add that up; and the logarithm makes loud and quiet alike.

# %% tags=["experiment"]
import io
import zipfile

from scipy.io import wavfile

RATE, FRAME, HOP, BANDS = 8000, 200, 80, 24


def mel(hertz):
    return 2595 * np.log10(1 + hertz / 700)


def mel_bands():
    """Triangles over the 129 pitches of a Fourier transform of 256, `(BANDS, 129)`."""
    edges = 700 * (10 ** (np.linspace(mel(80), mel(3800), BANDS + 2) / 2595) - 1)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    pitch = np.arange(129) * RATE / 256
    return np.clip(
        np.minimum((pitch - low) / (centre - low), (high - pitch) / (high - centre)), 0, None
    )


def log_mel(sound):
    """The log-mel spectrogram of a sound, `(frames, BANDS)`, mean 0 and deviation 1."""
    cut = np.lib.stride_tricks.sliding_window_view(sound, FRAME)[::HOP] * np.hanning(FRAME)
    power = np.abs(np.fft.rfft(cut, 256)) ** 2
    features = np.log(power @ mel_bands().T + 1e-4)
    return (features - features.mean()) / features.std()


with zipfile.ZipFile("data/words.zip") as archive:
    sounds = {}
    for name in archive.namelist():
        spoken, _, voice = name.removesuffix(".wav").partition(".")
        samples = wavfile.read(io.BytesIO(archive.read(name)))[1]
        sounds[spoken, voice] = samples / 128 - 1
voices = list(dict.fromkeys(voice for _, voice in sounds))
letters = sorted({letter for spoken, _ in sounds for letter in spoken})

figure, axes = plt.subplots(1, 4, figsize=(11, 2.6), sharey=True, layout="constrained")
for axis, voice in zip(axes, voices[::3], strict=True):
    axis.imshow(log_mel(sounds["cookbook", voice]).T, origin="lower", aspect="auto", cmap="magma")
    axis.set(title=f"cookbook, {voice}", xlabel="frame")
axes[0].set_ylabel("mel band")
plt.show()

# %% [markdown]
# The same word four times, as different as people are: long, short, high, low. Your `train_crnn`
# doesn't mind what the symbols are, so it trains on letters as it did on digits. The ten voices become
# more by playing each a little faster and slower, with some noise.

# %% tags=["experiment"]
LENGTH = 70


def fitted(sound):
    """The spectrogram of a sound in the middle of LENGTH frames."""
    features = log_mel(sound)[:LENGTH]
    spare = LENGTH - len(features)
    return np.pad(features, ((spare // 2, spare - spare // 2), (0, 0)))


def faster(sound, factor):
    return np.interp(np.arange(0, len(sound) - 1, factor), np.arange(len(sound)), sound)


rng = np.random.default_rng(0)
keras.utils.set_random_seed(0)
heard, spelled = [], []
for (spoken, voice), sound in sounds.items():
    if voice in voices[-2:]:
        continue
    for factor in (0.9, 1, 1.1):
        changed = faster(sound, factor)
        heard.append(fitted(changed + 0.004 * rng.normal(size=changed.size)))
        spelled.append([letters.index(letter) for letter in spoken])

spectrogram = keras.Input((LENGTH, BANDS))
x = keras.layers.Conv1D(48, 5, strides=3, padding="same", activation="relu")(spectrogram)
x = keras.layers.Bidirectional(keras.layers.GRU(48, return_sequences=True))(x)
listener = keras.Model(spectrogram, keras.layers.Dense(len(letters) + 1)(x))
losses = train_crnn(listener, np.array(heard), spelled, epochs=12, batch_size=8, lr=5e-3)
print(f"loss {losses[0]:.1f} at first, {losses[-1]:.2f} in the end")

symbols = "_" + "".join(letters)
correct = 0
for spoken, voice in [key for key in sounds if key[1] in voices[-2:]]:
    scores = listener.predict(fitted(sounds[spoken, voice])[None], verbose=0)[0]
    answer = "".join(symbols[k] for k in ctc_greedy_decode(scores, 0))
    correct += answer == spoken
    if answer != spoken:
        print(f"{voice} says {spoken}, read as {answer}")
print(f"{correct} of 24 words of two unheard voices without a mistake")

scores = listener.predict(fitted(sounds["cookbook", voices[-1]])[None], verbose=0)[0]
probs = np.exp(log_softmax(scores))
path = "".join(symbols[k] for k in probs.argmax(axis=1))
figure, axes = plt.subplots(figsize=(11, 3.4), layout="constrained")
axes.plot(probs[:, 0], color="0.75", label="blank")
for k in dict.fromkeys(k for k in probs.argmax(axis=1) if k):
    axes.plot(probs[:, k], label=symbols[k])
axes.set_xticks(range(len(path)), path)
axes.set(
    title=f"{path}  ->  {ctc_collapse(path, '_')}", ylabel="probability", xlabel="frame, 30 ms each"
)
axes.legend(ncols=6)
plt.show()

# %% [markdown]
# There is the notes' line, from a real network and a real sound. Twelve words are a toy: leave
# "cookbook" out of the training, try it, and the network, which has learnt twelve shapes rather than
# a spelling, has no idea what it hears, although it knows "cook" and "book" well. What turns this
# notebook into a recogniser is no new idea: thousands of hours instead of one minute, a deeper
# network, and a language model inside the beam search, which knows that "cokbok" is not a word.
#
# ## On a GPU: longer numbers
#
# The digits again, with more of everything: strips of 3 to 12 digits, 20,000 of them, 30 epochs.
# That is for a runner with a GPU. Where there is none, the cell makes do with a small round, so that
# you can see it work: its network says blank everywhere, as at the start of the plateau.

# %% tags=["experiment"]
import tensorflow as tf


def long_strips(images, labels, count, width, rng):
    """Strips `(count, 8, width)` of 3 to `width // 8` digits, all space behind them, the digits."""
    X, Y = np.zeros((count, 8, width)), []
    for strip in X:
        chosen = rng.integers(len(images), size=rng.integers(3, width // 8 + 1))
        strip[:, : 8 * len(chosen)] = np.hstack(images[chosen])
        Y.append(labels[chosen].tolist())
    return X, Y


gpu = bool(tf.config.list_physical_devices("GPU"))
count, width, epochs, batch_size = (20_000, 96, 30, 64) if gpu else (48, 32, 1, 16)
rng = np.random.default_rng(2)
X, Y = long_strips(images[:1300], labels[:1300], count, width, rng)
X_new, Y_new = long_strips(images[1300:], labels[1300:], count // 10, width, rng)
keras.utils.set_random_seed(0)
reader = build_crnn(width, 10)
losses = train_crnn(reader, X, Y, epochs, batch_size, 5e-3)
outputs = reader.predict(X_new, verbose=0)
read = [[label - 1 for label in ctc_greedy_decode(output, 0)] for output in outputs]
right = np.mean([answer == wanted for answer, wanted in zip(read, Y_new, strict=True)])
print(f"{count} strips, {epochs} epochs: loss {losses[-1]:.2f}, {right:.1%} of unseen strips right")
