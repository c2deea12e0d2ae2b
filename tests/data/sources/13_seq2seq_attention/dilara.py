# Everything right but the translator, which she did not get to.

# %% teacher_inputs
def teacher_inputs(Y, sos):
    first = np.full((Y.shape[0], 1), sos)
    return np.hstack([first, Y[:, :-1]])

# %% additive_scores
def additive_scores(s, H, W1, W2, v):
    from_s = ops.expand_dims(s @ W1, 1)
    return ops.squeeze(ops.tanh(from_s + H @ W2) @ ops.expand_dims(v, 1), axis=2)

# %% attend
def attend(scores, H, mask):
    if mask is not None:
        scores = scores + (1 - ops.cast(mask, scores.dtype)) * -1e9
    alpha = ops.softmax(scores, axis=1)
    context = ops.matmul(ops.expand_dims(alpha, 1), H)
    return context[:, 0], alpha

# %% greedy_decode
def greedy_decode(step, sos, eos, max_len):
    out = []
    for _ in range(max_len):
        out.append(int(np.argmax(step([sos, *out]))))
        if out[-1] == eos:
            break
    return out

# %% beam_search
def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    beams = [(0.0, [sos])]
    for _ in range(max_len):
        new = []
        for score, tokens in beams:
            if tokens[-1] == eos:
                new.append((score, tokens))
                continue
            for token, logp in enumerate(step(tokens)):
                if logp != -np.inf:
                    new.append((score + logp, tokens + [token]))
        new.sort(reverse=True)
        beams = new[:width]
    beams.sort(key=lambda b: b[0] / (len(b[1]) - 1) ** length_penalty, reverse=True)
    return [(tokens[1:], float(score)) for score, tokens in beams]
