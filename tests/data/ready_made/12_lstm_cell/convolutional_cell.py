from keras import ops
from keras.src.layers.rnn.conv_lstm import ConvLSTMCell


def lstm_cell(x, h, c, p):
    U = p["b_f"].shape[0]
    cell = ConvLSTMCell(1, U, 1, padding="same", recurrent_activation="sigmoid", dtype="float64")
    cell.build((None, 1, x.shape[-1]), [(None, 1, U)] * 2)
    whole = ops.concatenate([p["W_" + name] for name in "ifCo"], axis=1)
    cell.kernel.assign(whole[None, U:])
    cell.recurrent_kernel.assign(whole[None, :U])
    cell.bias.assign(ops.concatenate([p["b_" + name] for name in "ifCo"]))
    out, (_, memory) = cell(x[:, None], [h[:, None], c[:, None]])
    return out[:, 0], memory[:, 0]
