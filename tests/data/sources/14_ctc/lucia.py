# An endless loop in ctc_greedy_decode: at a blank the frame is never left.
#: rest = "chen"

# %% ctc_greedy_decode
def ctc_greedy_decode(logits, blank):
    path = np.argmax(logits, axis=1)
    out, t = [], 0
    while t < len(path):
        if path[t] != blank:
            if t == 0 or path[t] != path[t - 1]:
                out.append(int(path[t]))
            t += 1
    return out
