# A syntax error in the cell of greedy_decode; beam_search keeps the worst (BS9).
#: rest = "dilara"

# %% greedy_decode
def greedy_decode(step, sos, eos, max_len):
    out = []
    for _ in range(max_len)
        out.append(int(np.argmax(step([sos] + out))))
    return out

# %% beam_search
def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    beams = [([sos], 0.0)]
    for _ in range(max_len):
        new = []
        for tokens, cost in beams:
            if tokens[-1] == eos:
                new.append((tokens, cost))
            else:
                for token, logp in enumerate(step(tokens)):
                    if logp > -np.inf:
                        new.append((tokens + [token], cost + logp))
        beams = sorted(new, key=lambda h: h[1])[:width]
    beams = [(tokens[1:], logp) for tokens, logp in beams]
    return sorted(beams, key=lambda h: h[1] / len(h[0]) ** length_penalty, reverse=True)
