# Everything right, close to the notes; handed in with outputs.
#: executed = true

# %% gru_cell
def gru_cell(x, h, p):
    hx = ops.concatenate([h, x], axis=-1)
    reset = ops.sigmoid(hx @ p["W_r"] + p["b_r"])
    update = ops.sigmoid(hx @ p["W_z"] + p["b_z"])
    candidate = ops.tanh(ops.concatenate([reset * h, x], axis=-1) @ p["W_h"] + p["b_h"])
    return update * candidate + (1 - update) * h

# %% lstm_cell
def lstm_cell(x, h, c, p):
    hx = ops.concatenate([h, x], axis=-1)
    forget = ops.sigmoid(hx @ p["W_f"] + p["b_f"])
    write = ops.sigmoid(hx @ p["W_i"] + p["b_i"])
    show = ops.sigmoid(hx @ p["W_o"] + p["b_o"])
    c = forget * c + write * ops.tanh(hx @ p["W_C"] + p["b_C"])
    return show * ops.tanh(c), c

# %% run_gru
def run_gru(X, h0, p):
    states = [h0]
    for t in range(X.shape[1]):
        states.append(gru_cell(X[:, t, :], states[-1], p))
    return ops.stack(states[1:], axis=1)

# %% run_lstm
def run_lstm(X, h0, c0, p):
    h, c = h0, c0
    states = []
    for t in range(X.shape[1]):
        h, c = lstm_cell(X[:, t, :], h, c, p)
        states.append(h)
    return ops.stack(states, axis=1)

# %% gru_to_keras
def gru_to_keras(p):
    p = {name: ops.convert_to_numpy(value) for name, value in p.items()}
    U = p["b_z"].size
    columns = [-p["W_z"], p["W_r"], p["W_h"]]
    kernel = np.concatenate([W[U:] for W in columns], axis=1)
    recurrent = np.concatenate([W[:U] for W in columns], axis=1)
    return [kernel, recurrent, np.concatenate([-p["b_z"], p["b_r"], p["b_h"]])]

# %% build_classifier
def build_classifier(cell, units):
    model = keras.Sequential()
    model.add(keras.Input(shape=(20, 8)))
    if cell == "gru":
        model.add(keras.layers.GRU(units))
    else:
        model.add(keras.layers.LSTM(units))
    model.add(keras.layers.Dense(10))
    return model

# %% build_own_rnn
def build_own_rnn(cell, shape, units, classes):
    names = ["r", "z", "h"] if cell == "gru" else ["f", "i", "C", "o"]

    class Cell(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.state_size = units if cell == "gru" else [units, units]

        def build(self, input_shape):
            self.p = {}
            for name in names:
                W = self.add_weight(shape=(units + input_shape[-1], units), name="W_" + name)
                if name == "f":
                    initializer = "ones"
                elif name == "z":
                    initializer = keras.initializers.Constant(-1)
                else:
                    initializer = "zeros"
                b = self.add_weight(shape=(units,), initializer=initializer, name="b_" + name)
                self.p["W_" + name] = W
                self.p["b_" + name] = b

        def call(self, x, states):
            if cell == "gru":
                h = gru_cell(x, states[0], self.p)
                return h, [h]
            h, c = lstm_cell(x, states[0], states[1], self.p)
            return h, [h, c]

    model = keras.Sequential()
    model.add(keras.Input(shape=shape))
    model.add(keras.layers.RNN(Cell()))
    model.add(keras.layers.Dense(classes))
    return model
