# An endless loop in beam_search, which waits for eos.
#: rest = "dilara"

# %% beam_search
def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    beam = [([sos], 0.0)]
    while any(tokens[-1] != eos for tokens, _ in beam):
        new = []
        for tokens, score in beam:
            if tokens[-1] == eos:
                new.append((tokens, score))
            else:
                new += [(tokens + [t], score + l) for t, l in enumerate(step(tokens)) if l > -np.inf]
        beam = sorted(new, key=lambda h: -h[1])[:width]
    return [(tokens[1:], score) for tokens, score in beam]
