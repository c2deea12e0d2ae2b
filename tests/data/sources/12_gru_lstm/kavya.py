# An endless loop in run_lstm.
#: rest = "dilara"

# %% run_lstm
def run_lstm(X, h0, c0, p):
    h, c, t, states = h0, c0, 0, []
    while t < X.shape[1]:
        h, c = lstm_cell(X[:, t], h, c, p)
        states = [h]
    return ops.stack(states, axis=1)
