# Multiplies probabilities (BS1); attends with the scores themselves (AT8).
#: rest = "dilara"

# %% attend
def attend(scores, H, mask):
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    return ops.sum(scores[:, :, None] * H, axis=1), ops.softmax(scores, axis=1)

# %% beam_search
def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    beams = [([], 1.0)]
    for _ in range(max_len):
        new = []
        for tokens, p in beams:
            if tokens[-1:] == [eos]:
                new.append((tokens, p))
                continue
            probabilities = np.exp(step([sos] + tokens))
            new += [(tokens + [t], p * q) for t, q in enumerate(probabilities) if q > 0]
        beams = sorted(new, key=lambda h: h[1], reverse=True)[:width]
    found = [(tokens, float(np.log(max(p, 1e-300)))) for tokens, p in beams]
    return sorted(found, key=lambda h: h[1] / len(h[0]) ** length_penalty, reverse=True)
