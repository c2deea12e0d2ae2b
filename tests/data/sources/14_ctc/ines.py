# Two slips: the loss is that of the best path (CT10); the beam keeps one number a prefix (CT11).
#: rest = "chen"

# %% ctc_nll
def ctc_nll(log_probs, labels, blank):
    l = ctc_extend(labels, blank)
    score = [log_probs[0, k] if s < 2 else -np.inf for s, k in enumerate(l)]
    for t in range(1, len(log_probs)):
        new = []
        for s, k in enumerate(l):
            best = max(score[max(s - 1, 0) : s + 1])
            if s > 1 and k != blank and k != l[s - 2]:
                best = max(best, score[s - 2])
            new.append(best + log_probs[t, k])
        score = new
    return -max(score[-2:])

# %% ctc_prefix_beam
def ctc_prefix_beam(log_probs, width, blank):
    beam = {(): 0.0}
    for frame in log_probs:
        candidates = {}
        for prefix in beam:
            for k, lp in enumerate(frame):
                new = prefix
                if k != blank and (not prefix or prefix[-1] != k):
                    new = prefix + (k,)
                candidates[new] = np.logaddexp(candidates.get(new, -np.inf), beam[prefix] + lp)
        best = sorted(candidates.items(), key=lambda item: -item[1])
        beam = {p: s for p, s in best[:width] if s > -np.inf}
    return list(beam.items())
