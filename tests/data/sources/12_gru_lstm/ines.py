# Lets Keras do it: gru_cell is a GRUCell, run_lstm an LSTM layer, the network runs cells of Keras; all
# forbidden.
#: rest = "dilara"

# %% gru_cell
def gru_cell(x, h, p):
    cell = keras.layers.GRUCell(h.shape[1], reset_after=False, dtype=h.dtype)
    cell.build((None, x.shape[1]))
    W = ops.concatenate([-p["W_z"], p["W_r"], p["W_h"]], axis=1)
    U = h.shape[1]
    cell.kernel.assign(W[U:])
    cell.recurrent_kernel.assign(W[:U])
    cell.bias.assign(ops.concatenate([-p["b_z"], p["b_r"], p["b_h"]], axis=0))
    return cell(x, [h])[0]

# %% run_lstm
def run_lstm(X, h0, c0, p):
    kind = getattr(keras.layers, "LS" + "TM")
    layer = kind(h0.shape[1], return_sequences=True, dtype=h0.dtype)
    layer.build(X.shape)
    W = np.hstack([np.asarray(p["W_" + gate]) for gate in "ifCo"])
    U = h0.shape[1]
    layer.set_weights([W[U:], W[:U], np.hstack([np.asarray(p["b_" + gate]) for gate in "ifCo"])])
    return layer(X, initial_state=[h0, c0])

# %% build_own_rnn
def build_own_rnn(cell, shape, units, classes):
    inner = keras.layers.GRUCell(units) if cell == "gru" else keras.layers.LSTMCell(units)
    return keras.Sequential(
        [keras.Input(shape), keras.layers.RNN(inner), keras.layers.Dense(classes)]
    )
