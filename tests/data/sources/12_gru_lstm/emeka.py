# Follows the notes' words: z keeps the old state (GR1), so no sign changes on the way to Keras (GK1), and its
# bias starts at 1 (OR5).
#: rest = "dilara"

# %% gru_cell
def gru_cell(x, h, p):
    hx = ops.concatenate([h, x], axis=1)
    r = ops.sigmoid(hx @ p["W_r"] + p["b_r"])
    keep = ops.sigmoid(hx @ p["W_z"] + p["b_z"])  # near 1: h stays
    new = ops.tanh(ops.concatenate([r * h, x], axis=1) @ p["W_h"] + p["b_h"])
    return new + keep * (h - new)

# %% gru_to_keras
def gru_to_keras(p):
    U = p["b_z"].shape[0]
    W = np.hstack([np.asarray(p["W_" + gate]) for gate in "zrh"])
    b = np.hstack([np.asarray(p["b_" + gate]) for gate in "zrh"])
    return [W[U:], W[:U], b]

# %% build_own_rnn
def build_own_rnn(cell, shape, units, classes):
    class Cell(keras.layers.Layer):
        state_size = [units] if cell == "gru" else [units, units]

        def build(self, step):
            self.p = {}
            for n in "rzh" if cell == "gru" else "fiCo":
                # keep: near 1, the old state stays
                b = keras.initializers.Constant(1.0 if n in "zf" else 0.0)
                self.p["W_" + n] = self.add_weight(shape=(units + step[1], units), name="W_" + n)
                self.p["b_" + n] = self.add_weight(shape=(units,), initializer=b, name="b_" + n)

        def call(self, x, states):
            if cell == "gru":
                h = gru_cell(x, states[0], self.p)
                return h, [h]
            h, c = lstm_cell(x, states[0], states[1], self.p)
            return h, [h, c]

    return keras.Sequential(
        [keras.Input(shape), keras.layers.RNN(Cell()), keras.layers.Dense(classes)]
    )
