# Everything right in another style: one matrix for all gates, ops.scan, functional model; magics
# and cells of his own.

# %% setup
%matplotlib inline
import keras
import numpy as np
import matplotlib.pyplot as plt
from keras import ops
from typing import Any
from autograder import check

Tensor = Any
print("Keras", keras.__version__, "on", keras.backend.backend())

# %% gru_cell whole
def gates(names, h, x, p):
    """All gates at once."""
    W = ops.concatenate([p["W_" + name] for name in names], axis=1)
    b = ops.concatenate([p["b_" + name] for name in names], axis=0)
    return ops.split(ops.matmul(ops.concatenate([h, x], axis=1), W) + b, len(names), axis=1)


def gru_cell(x, h, p):
    r, z = (1 / (1 + ops.exp(-a)) for a in gates("rz", h, x, p))
    U = h.shape[1]
    new = ops.tanh(ops.dot(h * r, p["W_h"][:U]) + ops.dot(x, p["W_h"][U:]) + p["b_h"])
    return h + z * (new - h)

# %% lstm_cell
def lstm_cell(x, h, c, p):
    f, i, new, o = gates("fiCo", h, x, p)
    c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(new)
    return ops.sigmoid(o) * ops.tanh(c), c

# %% after check_lstm_cell
!ls
%timeit -n 2 -r 1 ops.tanh(1.0)

# %% run_gru
def run_gru(X, h0, p):
    def step(h, x):
        h = gru_cell(x, h, p)
        return h, h

    return ops.transpose(ops.scan(step, h0, ops.transpose(X, (1, 0, 2)))[1], (1, 0, 2))

# %% run_lstm
def run_lstm(X, h0, c0, p):
    def step(carry, x):
        carry = list(lstm_cell(x, *carry, p))
        return carry, carry  # ops.scan wants both alike, see the error it gives otherwise

    states, memories = ops.scan(step, [h0, c0], ops.swapaxes(X, 0, 1))[1]
    return ops.swapaxes(states, 0, 1)

# %% gru_to_keras
def gru_to_keras(p):
    U = p["W_z"].shape[1]
    sign = {"z": -1, "r": 1, "h": 1}
    W = np.hstack([sign[g] * np.asarray(p[f"W_{g}"]) for g in "zrh"])
    return W[U:], W[:U], np.hstack([sign[g] * np.asarray(p[f"b_{g}"]) for g in "zrh"])

# %% build_classifier
def build_classifier(cell, units):
    rows = keras.Input((20, 8), name="rows")
    layer = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[cell]
    last = layer(units, name="reads")(rows)
    return keras.Model(rows, keras.layers.Dense(10, name="logits")(last), name=f"digits_{cell}")

# %% build_own_rnn whole
class OwnCell(keras.layers.Layer):
    """A cell for keras.layers.RNN, whose step is a function of x, the states and the weights."""

    def __init__(self, step, biases, units, states, **settings):
        super().__init__(**settings)
        self.step, self.biases, self.units = step, biases, units
        self.state_size, self.output_size = [units] * states, units

    def build(self, shape):
        self.kernels = {
            f"W_{name}": self.add_weight((self.units + shape[-1], self.units), name=f"W_{name}")
            for name in self.biases
        }
        self.shifts = {
            f"b_{name}": self.add_weight(
                (self.units,), keras.initializers.Constant(start), name=f"b_{name}"
            )
            for name, start in self.biases.items()
        }

    def call(self, x, states):
        p = {**self.kernels, **self.shifts}
        new = self.step(x, *states, {name: ops.convert_to_tensor(value) for name, value in p.items()})
        new = list(new) if isinstance(new, tuple) else [new]
        return new[0], new


def build_own_rnn(cell, shape, units, classes):
    if cell == "gru":
        inner = OwnCell(gru_cell, {"r": 0, "z": -1, "h": 0}, units, 1)
    else:
        inner = OwnCell(lstm_cell, {"f": 1, "i": 0, "C": 0, "o": 0}, units, 2)
    sequence = keras.Input(shape)
    last = keras.layers.RNN(inner)(sequence)
    return keras.Model(sequence, keras.layers.Dense(classes)(last))
