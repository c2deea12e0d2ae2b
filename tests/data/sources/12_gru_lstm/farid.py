# Three slips: the notes' odd bracket taken at its word (LS1); run_lstm and the network forget the
# memory (RN4, OR3).
#: rest = "dilara"

# %% lstm_cell
def lstm_cell(x, h, c, p):
    hx = ops.concatenate([h, x], axis=1)
    U = h.shape[1]
    f = ops.sigmoid(h @ p["W_f"][:U] + x @ p["W_f"][U:] + p["b_f"])
    i = ops.sigmoid(h @ p["W_i"][:U] + x @ p["W_i"][U:] + p["b_i"])
    o = ops.sigmoid(h @ p["W_o"][:U] + x @ p["W_o"][U:] + p["b_o"])
    c_new = f * c + i * (ops.tanh(hx @ p["W_C"]) + p["b_C"])
    return o * ops.tanh(c_new), c_new

# %% run_lstm
def run_lstm(X, h0, c0, p):
    states = []
    h = h0
    for x in ops.unstack(X, axis=1):
        h = lstm_cell(x, h, c0, p)[0]
        states.append(h)
    return ops.stack(states, axis=1)

# %% build_own_rnn
def build_own_rnn(cell, shape, units, classes):
    names = "rzh" if cell == "gru" else "fiCo"

    class Cell(keras.layers.Layer):
        state_size = [units] * (len(names) - 2)

        def build(self, step):
            self.p = {}
            for name in names:
                start = {"f": "ones", "z": keras.initializers.Constant(-1)}.get(name, "zeros")
                self.p[f"W_{name}"] = self.add_weight((units + step[-1], units), name=f"W_{name}")
                self.p[f"b_{name}"] = self.add_weight((units,), start, name=f"b_{name}")

        def call(self, x, states):
            if cell == "gru":
                h = gru_cell(x, states[0], self.p)
                return h, [h]
            h, c = lstm_cell(x, *states, self.p)
            return h, [h, states[1]]

    return keras.Sequential(
        [keras.Input(shape), keras.layers.RNN(Cell()), keras.layers.Dense(classes)]
    )
