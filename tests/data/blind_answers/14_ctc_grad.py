# Asks for the extended labels in every frame, and for the loss where it is needed.
def ctc_grad(logits, labels, blank):
    T, V = logits.shape
    log_y = logits - np.logaddexp.reduce(logits, axis=1)[:, None]
    first = ctc_extend(labels, blank)
    S = len(first)
    a, b = np.full((T, S), -np.inf), np.full((T, S), -np.inf)
    a[0, :2], b[-1, -2:] = log_y[0, first[:2]], log_y[-1, first[-2:]]

    def skips(s):
        return s >= 2 and first[s] != blank and first[s] != first[s - 2]

    for t in range(1, T):
        for s in range(S):
            ways = [a[t - 1, s]]
            ways += [a[t - 1, s - 1]] if s >= 1 else []
            ways += [a[t - 1, s - 2]] if skips(s) else []
            a[t, s] = np.logaddexp.reduce(ways) + log_y[t, first[s]]
    for t in range(T - 2, -1, -1):
        for s in range(S):
            ways = [b[t + 1, s]]
            ways += [b[t + 1, s + 1]] if s + 1 < S else []
            ways += [b[t + 1, s + 2]] if s + 2 < S and skips(s + 2) else []
            b[t, s] = np.logaddexp.reduce(ways) + log_y[t, first[s]]
    loss = ctc_nll(log_y, list(labels), blank=blank)
    out = np.exp(log_y)
    for t in range(T):
        for s, symbol in enumerate(first):
            out[t, symbol] -= np.exp(a[t, s] + b[t, s] - log_y[t, symbol] + loss)
    return out
