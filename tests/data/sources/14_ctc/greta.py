# One slip, in ctc_nll: every blank may be skipped, also between equal labels (CT4), in a loop of
# her own that fills the trellis place by place.
#: rest = "chen"

# %% ctc_nll
def ctc_nll(log_probs, labels, blank):
    places = list(ctc_extend(labels, blank))
    trellis = [[-np.inf] * len(places) for _ in log_probs]
    for s in (0, 1):
        if s < len(places):
            trellis[0][s] = log_probs[0, places[s]]
    for t in range(1, len(log_probs)):
        for s, k in enumerate(places):
            come_from = trellis[t - 1][max(0, s - 2) : s + 1]
            if k == blank:
                come_from = come_from[-2:]
            trellis[t][s] = np.logaddexp.reduce(come_from) + log_probs[t, k]
    return -float(np.logaddexp.reduce(trellis[-1][-2:]))
