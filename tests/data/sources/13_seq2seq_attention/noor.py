# Half done, with names of her own: `teacherInputs`, `Attend`; greedy_decode goes on after eos (GD4).

# %% teacher_inputs whole
def teacherInputs(Y, sos):
    return np.concatenate([np.full((len(Y), 1), sos), Y[:, :-1]], axis=1)

# %% attend whole
def Attend(scores, H, mask):
    if mask is not None:
        scores = ops.where(mask, scores, -1e9)
    alpha = ops.softmax(scores)
    return ops.sum(alpha[..., None] * H, axis=1), alpha

# %% greedy_decode
def greedy_decode(step, sos, eos, max_len):
    tokens = [sos]
    while len(tokens) < max_len + 1:
        tokens.append(int(np.argmax(step(tokens.copy()))))
    return tokens[1:]
