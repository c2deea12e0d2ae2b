# Half done: the first three functions; the rest are stubs.

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
