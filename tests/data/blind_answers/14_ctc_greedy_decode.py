# Finds the best path frame by frame.
def ctc_greedy_decode(logits, blank):
    path = [int(max(range(len(frame)), key=lambda c: frame[c])) for frame in logits]
    return ctc_collapse(list(path), blank=blank)
