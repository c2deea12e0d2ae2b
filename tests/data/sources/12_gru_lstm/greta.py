# One slip, in gru_cell: right numbers, but in NumPy (GR8).  run_gru, which uses it, is right.
#: rest = "dilara"

# %% gru_cell
def gru_cell(x, h, p):
    x, h = np.asarray(x), np.asarray(h)
    p = {name: np.asarray(value) for name, value in p.items()}
    sigmoid = lambda a: 1 / (1 + np.exp(-a))
    hx = np.hstack([h, x])
    r, z = sigmoid(hx @ p["W_r"] + p["b_r"]), sigmoid(hx @ p["W_z"] + p["b_z"])
    return z * np.tanh(np.hstack([r * h, x]) @ p["W_h"] + p["b_h"]) + (1 - z) * h

# %% build_own_rnn
def build_own_rnn(cell, shape, units, classes):
    names = "rzh" if cell == "gru" else "fiCo"

    class Cell(keras.layers.Layer):
        state_size = [units] if cell == "gru" else [units, units]

        def build(self, step):
            self.p = {}
            for name in names:
                start = keras.initializers.Constant({"f": 1, "z": -1}.get(name, 0))
                self.p["W_" + name] = self.add_weight((units + step[-1], units), name="W_" + name)
                self.p["b_" + name] = self.add_weight((units,), start, name="b_" + name)

        def call(self, x, states):
            if cell == "gru":
                new = [gru_cell(x, states[0], self.p)]
            else:
                new = list(lstm_cell(x, states[0], states[1], self.p))
            return new[0], new

    return keras.Sequential(
        [keras.Input(shape), keras.layers.RNN(Cell()), keras.layers.Dense(classes)]
    )
