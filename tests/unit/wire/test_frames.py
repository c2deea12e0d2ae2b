"""Frames: messages come out of a stream as they went in, however it is cut."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograder.wire.codec import MAX_MESSAGE, CodecError
from autograder.wire.frames import TooLongError, framed, read_frame


class Stream:
    """Bytes that arrive in pieces of at most `piece`."""

    def __init__(self, content, piece=2**20):
        self.left = content
        self.piece = piece
        self.asked = []

    def receive(self, count):
        self.asked.append(count)
        if not self.left:
            raise EOFError
        size = min(count, self.piece)
        part, self.left = self.left[:size], self.left[size:]
        return part


@given(st.lists(st.binary(max_size=50), max_size=5), st.integers(1, 20))
def test_messages_come_back_in_their_order_however_the_stream_is_cut(messages, piece):
    stream = Stream(b"".join(map(framed, messages)), piece)
    assert [read_frame(stream.receive) for _ in messages] == messages
    with pytest.raises(EOFError):
        read_frame(stream.receive)


@pytest.mark.parametrize("content", [b"", b"\x05", framed(b"hello")[:-1]])
def test_a_stream_that_ends_within_a_frame_raises_what_receiving_raises(content):
    with pytest.raises(EOFError):
        read_frame(Stream(content).receive)


@pytest.mark.parametrize("length", [MAX_MESSAGE + 1, 2**32 - 1])
def test_a_frame_over_the_limit_is_refused_before_more_is_asked_for(length):
    stream = Stream(struct.pack("<I", length) + b"x")
    with pytest.raises(TooLongError, match=f"{length:,} bytes"):
        read_frame(stream.receive)
    assert stream.asked == [4]
    assert issubclass(TooLongError, CodecError)


def test_a_long_message_is_asked_for_piece_by_piece():
    message = bytes(3 * 2**20)
    stream = Stream(framed(message), piece=2**30)
    assert read_frame(stream.receive) == message
    assert max(stream.asked) == 2**20
