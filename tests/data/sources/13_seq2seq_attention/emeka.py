# Does not move the teacher's tokens (SQ1); keeps the best of each hypothesis, as the notes read (BS2).
#: rest = "dilara"

# %% teacher_inputs
def teacher_inputs(Y, sos):
    return np.array(Y)

# %% beam_search
def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    beams = [(0.0, [sos])]
    for _ in range(max_len):
        new = []
        for score, tokens in beams:
            if tokens[-1] == eos:
                new.append((score, tokens))
                continue
            logp = np.asarray(step(tokens))
            for token in np.argsort(-logp)[:width]:
                if np.isfinite(logp[token]):
                    new.append((score + logp[token], tokens + [int(token)]))
        beams = sorted(new, reverse=True)
    beams.sort(key=lambda b: b[0] / (len(b[1]) - 1) ** length_penalty, reverse=True)
    return [(tokens[1:], float(score)) for score, tokens in beams][:width]
