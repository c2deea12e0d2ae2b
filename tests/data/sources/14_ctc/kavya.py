# Two slips: no blank at the end of the extended label (EX1); the beam returns probabilities (PB3).
#: rest = "chen"

# %% ctc_extend
def ctc_extend(labels, blank):
    out = []
    for k in labels:
        out += [blank, k]
    return np.array(out, dtype=int)

# %% ctc_prefix_beam
def ctc_prefix_beam(log_probs, width, blank):
    beam = [((), 0.0, -np.inf)]
    for frame in log_probs:
        blanks, letters = {}, {}
        for p, b, n in beam:
            blanks[p] = np.logaddexp(blanks.get(p, -np.inf), np.logaddexp(b, n) + frame[blank])
            for k in range(len(frame)):
                if k == blank:
                    continue
                new = p + (k,)
                if p[-1:] == (k,):
                    letters[p] = np.logaddexp(letters.get(p, -np.inf), n + frame[k])
                    letters[new] = np.logaddexp(letters.get(new, -np.inf), b + frame[k])
                else:
                    both = np.logaddexp(b, n)
                    letters[new] = np.logaddexp(letters.get(new, -np.inf), both + frame[k])
        every = [(p, blanks.get(p, -np.inf), letters.get(p, -np.inf)) for p in {**blanks, **letters}]
        every = [x for x in every if np.logaddexp(x[1], x[2]) > -np.inf]
        beam = sorted(every, key=lambda x: -np.logaddexp(x[1], x[2]))[:width]
    return [(p, np.exp(b) + np.exp(n)) for p, b, n in beam]
