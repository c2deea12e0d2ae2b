# Everything right but the training, which is not answered yet.

# %% ctc_collapse
def ctc_collapse(path, blank=0):
    out = [path[t] for t in range(len(path)) if path[t] != blank and (t == 0 or path[t] != path[t - 1])]
    if isinstance(path, str):
        return "".join(out)
    return out

# %% ctc_greedy_decode
def ctc_greedy_decode(logits, blank):
    return ctc_collapse([int(k) for k in np.argmax(logits, axis=1)], blank)

# %% ctc_extend
def ctc_extend(labels, blank):
    l = [blank]
    for k in labels:
        l.append(k)
        l.append(blank)
    return np.array(l)

# %% ctc_nll
def ctc_nll(log_probs, labels, blank):
    l = ctc_extend(labels, blank)
    T, S = len(log_probs), len(l)
    alpha = np.full((T, S), -np.inf)
    alpha[0, 0] = log_probs[0, l[0]]
    if S > 1:
        alpha[0, 1] = log_probs[0, l[1]]
    for t in range(1, T):
        for s in range(S):
            a = alpha[t - 1, s]
            if s > 0:
                a = np.logaddexp(a, alpha[t - 1, s - 1])
            if s > 1 and l[s] != blank and l[s] != l[s - 2]:
                a = np.logaddexp(a, alpha[t - 1, s - 2])
            alpha[t, s] = a + log_probs[t, l[s]]
    if S == 1:
        return -alpha[-1, -1]
    return -np.logaddexp(alpha[-1, -1], alpha[-1, -2])

# %% ctc_grad
def ctc_grad(logits, labels, blank):
    log_y = logits - np.log(np.sum(np.exp(logits - logits.max()), axis=1, keepdims=True)) - logits.max()
    l = ctc_extend(labels, blank)

    def run(log_y, l):
        a = np.full((len(log_y), len(l)), -np.inf)
        a[0, :2] = log_y[0, l[:2]]
        for t in range(1, len(log_y)):
            for s in range(len(l)):
                ways = [a[t - 1, s]]
                if s > 0:
                    ways.append(a[t - 1, s - 1])
                if s > 1 and l[s] != blank and l[s] != l[s - 2]:
                    ways.append(a[t - 1, s - 2])
                a[t, s] = np.logaddexp.reduce(ways) + log_y[t, l[s]]
        return a

    alpha = run(log_y, l)
    beta = run(log_y[::-1], l[::-1])[::-1, ::-1]
    log_p = np.logaddexp.reduce(alpha[-1, -2:])
    gamma = np.zeros(logits.shape)
    for s in range(len(l)):
        gamma[:, l[s]] += np.exp(alpha[:, s] + beta[:, s] - log_y[:, l[s]] - log_p)
    return np.exp(log_y) - gamma

# %% ctc_prefix_beam
def ctc_prefix_beam(log_probs, width, blank):
    add = np.logaddexp
    beams = {(): [0.0, -np.inf]}
    for frame in log_probs:
        new = defaultdict(lambda: [-np.inf, -np.inf])
        for l, (b, nb) in beams.items():
            new[l][0] = add(new[l][0], add(b, nb) + frame[blank])
            for k in range(len(frame)):
                if k == blank:
                    continue
                if l and l[-1] == k:
                    new[l][1] = add(new[l][1], nb + frame[k])
                    new[l + (k,)][1] = add(new[l + (k,)][1], b + frame[k])
                else:
                    new[l + (k,)][1] = add(new[l + (k,)][1], add(b, nb) + frame[k])
        order = sorted(new, key=lambda l: add(*new[l]), reverse=True)
        beams = {l: new[l] for l in order[:width] if add(*new[l]) > -np.inf}
    return [(l, float(add(*p))) for l, p in beams.items()]
