# Everything right, close to the notebook; handed in with outputs.
#: executed = true

# %% teacher_inputs
def teacher_inputs(Y, sos):
    moved = np.empty_like(Y)
    moved[:, 0] = sos
    moved[:, 1:] = Y[:, :-1]
    return moved

# %% additive_scores
def additive_scores(s, H, W1, W2, v):
    hidden = ops.tanh(ops.matmul(s, W1)[:, None, :] + ops.matmul(H, W2))
    return ops.sum(v * hidden, axis=2)

# %% attend
def attend(scores, H, mask):
    if mask is not None:
        scores = ops.where(mask, scores, -1e9 * ops.ones_like(scores))
    alpha = ops.softmax(scores, axis=-1)
    return ops.sum(alpha[:, :, None] * H, axis=1), alpha

# %% build_encoder_decoder
def build_encoder_decoder(source, target, units, attention):
    tokens = keras.Input(shape=(source[0],))
    teacher = keras.Input(shape=(target[0],))
    x = keras.layers.Embedding(source[1], 16, mask_zero=True)(tokens)
    H, forwards, backwards = keras.layers.Bidirectional(
        keras.layers.GRU(units, return_sequences=True, return_state=True)
    )(x)
    both = keras.layers.Concatenate()([forwards, backwards])
    start = keras.layers.Dense(units, activation="tanh")(both)
    y = keras.layers.Embedding(target[1], 16)(teacher)
    states = keras.layers.GRU(units, return_sequences=True)(y, initial_state=start)
    if attention:
        query = keras.layers.Dense(units)(states)
        key = keras.layers.Dense(units)(H)
        context = keras.layers.AdditiveAttention()([query, H, key])
        states = keras.layers.Concatenate()([states, context])
    return keras.Model([tokens, teacher], keras.layers.Dense(target[1])(states))

# %% greedy_decode
def greedy_decode(step, sos, eos, max_len):
    tokens = []
    while len(tokens) < max_len:
        token = int(np.argmax(step([sos] + tokens)))
        tokens.append(token)
        if token == eos:
            break
    print("step after step")
    return tokens

# %% beam_search
def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    beam = [([], 0.0)]
    for _ in range(max_len):
        candidates = []
        for tokens, score in beam:
            if tokens and tokens[-1] == eos:
                candidates.append((tokens, score))
            else:
                logp = step([sos] + tokens)
                for token in range(len(logp)):
                    if np.isfinite(logp[token]):
                        candidates.append((tokens + [token], score + logp[token]))
        beam = sorted(candidates, key=lambda pair: pair[1], reverse=True)[:width]
    return sorted(beam, key=lambda pair: pair[1] / len(pair[0]) ** length_penalty, reverse=True)
