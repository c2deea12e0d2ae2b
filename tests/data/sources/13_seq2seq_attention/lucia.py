# Everything right but the translator, additive_scores in float32; cells out of order, one of her own
# fails.
#: rest = "dilara"
#: executed = true
#: move = [["greedy_decode", "setup"], ["additive_scores", "check_attend"]]

# %% additive_scores
def additive_scores(s, H, W1, W2, v):
    s, H, W1, W2, v = (ops.cast(x, "float32") for x in (s, H, W1, W2, v))
    return ops.sum(ops.tanh((s @ W1)[:, None] + H @ W2) * v, axis=-1)

# %% after check_attend
beam_search(None, 0, 1, 2, 3)  # defined further down, I ran that first

# %% note after check_beam_search
# **Question:** why does nobody use width 1000?
