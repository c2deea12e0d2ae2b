"""Unit 13, sequence to sequence: teacher forcing, additive attention, a translator, beam search.

Inputs.  Sizes all differ within a case, so that no transposition passes, but where equal ones are
the trap: `B = T` in the scores, where a sum that is lined up wrongly raises no error.

Search runs on tables of probabilities that depend on the step and on the last token, so that
whoever hands on too short a prefix is answered for another step.  `sos` is a number past the
vocabulary.  Tables are drawn until nothing hangs on a tie, nor on what the unit leaves open:
whether a finished hypothesis takes one of the places in the beam or is put aside (`one_answer`).
"""

from autograder import Unit

from . import (
    additive_scores,
    attend,
    beam_search,
    build_encoder_decoder,
    greedy_decode,
    teacher_inputs,
)

unit = Unit(
    "13_seq2seq_attention",
    framework="keras",
    exercises=[
        teacher_inputs.exercise,
        additive_scores.exercise,
        attend.exercise,
        build_encoder_decoder.exercise,
        greedy_decode.exercise,
        beam_search.exercise,
    ],
)
