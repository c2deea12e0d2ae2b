# additive_scores has the right numbers, but in NumPy; tokens of the result begin with sos (GD2).
#: rest = "dilara"

# %% additive_scores
def additive_scores(s, H, W1, W2, v):
    s, H, W1, W2, v = (np.array(x) for x in (s, H, W1, W2, v))
    return ops.convert_to_tensor(np.tanh((s @ W1)[:, None] + H @ W2) @ v)

# %% greedy_decode
def greedy_decode(step, sos, eos, max_len):
    out = [sos]
    for _ in range(max_len):
        out.append(int(np.argmax(step(out[:]))))
        if out[-1] == eos:
            break
    return out
