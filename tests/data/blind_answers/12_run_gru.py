# Runs the last step twice, to look at it.
def run_gru(x, h0, params):
    h, states = h0, []
    for t in range(x.shape[1]):
        h = gru_cell(x[:, t], h, params)
        states.append(h)
    again = gru_cell(x[:, -1], states[-2] if len(states) > 1 else h0, params)
    assert again.shape == h.shape
    return ops.stack(states, axis=1)
