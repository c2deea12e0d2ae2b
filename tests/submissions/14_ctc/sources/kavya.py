# Two slips: no blank at the end of the extended label (EX1); a beam over paths, merged at the end
# (CT12b).
#: rest = "chen"

# %% ctc_extend
def ctc_extend(labels, blank):
    out = []
    for k in labels:
        out += [blank, k]
    return np.array(out, dtype=int)

# %% ctc_prefix_beam
def ctc_prefix_beam(log_probs, width, blank):
    paths = [((), 0.0)]
    for frame in log_probs:
        paths = [(p + (k,), s + frame[k]) for p, s in paths for k in range(len(frame)) if frame[k] > -np.inf]
        paths.sort(key=lambda x: x[1], reverse=True)
        paths = paths[:width]
    words = {}
    for p, s in paths:
        w = tuple(k for i, k in enumerate(p) if k != blank and (i == 0 or p[i - 1] != k))
        words[w] = np.logaddexp(words[w], s) if w in words else s
    return sorted(words.items(), key=lambda x: x[1], reverse=True)
