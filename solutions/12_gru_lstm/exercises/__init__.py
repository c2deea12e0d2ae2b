"""Unit 12, recurrent cells: GRU, LSTM, the loops that drive them, the same weights in Keras.

Inputs.  Numbers of examples, steps, features and units all differ within a case, so that no
transposition passes; every term is active unless a gate is forced on purpose.  A gate is forced by
weights of 0 and a bias of -50 (shut), 50 (open) or 0 (half open), which makes the parts of a cell
visible one at a time: a slip in one leaves the others their points.

All is float64, gradients with a random cotangent too.  Tensors are immutable, so there is no
check that arguments stay as they were.  What runs a sequence is checked for causality and for
independence of the examples from a start at zero, so that whoever ignores the start state loses
the values and gradients from another start alone.
"""

from autograder import Unit

from . import build_classifier, build_own_rnn, gru_cell, gru_to_keras, lstm_cell, run_gru, run_lstm

unit = Unit(
    "12_gru_lstm",
    framework="keras",
    exercises=[
        gru_cell.exercise,
        lstm_cell.exercise,
        run_gru.exercise,
        run_lstm.exercise,
        gru_to_keras.exercise,
        build_own_rnn.exercise,
        build_classifier.exercise,
    ],
)
