# Two slips: run_gru starts from zeros (RN1, which RN2 can't be told from); a softmax (BC1).
#: rest = "ada"

# %% run_gru
def run_gru(X, h0, p):
    h = 0 * h0
    out = []
    for t in range(X.shape[1]):
        h = gru_cell(X[:, t], h, p)
        out.append(h)
    return ops.stack(out, 1)

# %% build_classifier
def build_classifier(cell, units):
    layer = keras.layers.GRU(units) if cell == "gru" else keras.layers.LSTM(units)
    return keras.Sequential(
        [keras.layers.Input((20, 8)), layer, keras.layers.Dense(10), keras.layers.Softmax()]
    )
