# Two slips: attention whether it is asked for or not (ED3); finished hypotheses drop out (BS3b).
#: rest = "ada"

# %% build_encoder_decoder
def build_encoder_decoder(source, target, units, attention):
    tokens, teacher = keras.Input((source[0],)), keras.Input((target[0],))
    x = keras.layers.Embedding(source[1], 16, mask_zero=True)(tokens)
    rnn = keras.layers.GRU(units, return_sequences=True, return_state=True)
    H, a, b = keras.layers.Bidirectional(rnn)(x)
    start = keras.layers.Dense(units, activation="tanh")(keras.layers.concatenate([a, b]))
    y = keras.layers.Embedding(target[1], 16)(teacher)
    S = keras.layers.GRU(units, return_sequences=True)(y, initial_state=start)
    look = keras.layers.AdditiveAttention()
    C = look([keras.layers.Dense(units)(S), H, keras.layers.Dense(units)(H)])
    return keras.Model([tokens, teacher], keras.layers.Dense(target[1])(keras.layers.concatenate([S, C])))

# %% beam_search
def beam_search(step, sos, eos, width, max_len, length_penalty=0.0):
    beam = [([sos], 0.0)]
    for _ in range(max_len):
        found = []
        for prefix, score in beam:
            if prefix[-1] != eos:
                logp = step(prefix)
                found += [(prefix + [t], score + l) for t, l in enumerate(logp) if l > -np.inf]
        beam = sorted(found, key=lambda h: -h[1])[:width]
    beam = [(prefix[1:], score) for prefix, score in beam]
    return sorted(beam, key=lambda h: -h[1] / len(h[0]) ** length_penalty)
