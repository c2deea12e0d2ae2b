# Two slips: the loss multiplies probabilities (CT9a), and the decoder always takes 0 for the blank.
#: rest = "chen"

# %% ctc_greedy_decode
def ctc_greedy_decode(logits, blank):
    answer, before = [], 0
    for row in logits:
        k = int(row.argmax())
        if k != before and k != 0:
            answer.append(k)
        before = k
    return answer

# %% ctc_nll
def ctc_nll(log_probs, labels, blank):
    y = np.exp(log_probs)
    l = ctc_extend(labels, blank)
    p = np.zeros(len(l))
    p[:2] = y[0][l[:2]]
    for t in range(1, len(y)):
        p = np.array([
            y[t][l[s]] * (p[s] + (p[s - 1] if s else 0)
                          + (p[s - 2] if s > 1 and l[s] not in (blank, l[s - 2]) else 0))
            for s in range(len(l))
        ])
    return -np.log(np.sum(p[-2:]))
