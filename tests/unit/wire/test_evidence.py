"""The codec: what is allowed comes back the same, and no message can do more than be refused."""

import math
import struct
import tracemalloc
from collections import OrderedDict, defaultdict, namedtuple
from enum import IntEnum
from typing import Any, NoReturn

import msgpack
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.fuzz import DTYPES, is_plain

from autograder.wire import evidence
from autograder.wire.codec import (
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_MESSAGE,
    CodecError,
    Opaque,
    pack,
    size_of,
    unpack,
)
from autograder.wire.evidence import (
    MAX_TEXT,
    Evidence,
    Failure,
    data_of,
    evidence_of,
    failure_of,
    text_of,
)

ARRAY, OPAQUE = 1, 2

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.text(max_size=20),
    st.builds(Opaque, st.text(max_size=20)),
)
arrays = hnp.arrays(
    st.sampled_from(DTYPES).map(np.dtype), hnp.array_shapes(min_dims=0, min_side=0, max_side=3)
)
trees = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


def crossed(value: object) -> Any:
    """What arrives of a value on the other side."""
    return unpack(pack(value))


def same(a: Any, b: Any) -> Any:
    """Equal trees: types, dtypes, shapes and bits, NaN and the sign of zero included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, float):
        return struct.pack("<d", a) == struct.pack("<d", b)
    return a == b


def array_message(head: Any, body: bytes = b"") -> Any:
    """A message that is one array, with a head and body of the sender's choice."""
    return msgpack.packb(msgpack.ExtType(ARRAY, msgpack.packb(head) + body))


def nested(levels: int) -> Any:
    value: Any = 1.0
    for _ in range(levels):
        value = [value]
    return value


@given(trees)
def test_every_allowed_tree_comes_back_the_same(tree):
    assert same(crossed(tree), tree)


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_comes_back_with_its_bits(name):
    raw = np.arange(12 * 16, dtype="uint8")
    array = ((raw % 2) if name == "bool" else raw).view(name)[:12].reshape(3, 4)
    got = crossed(array)
    assert same(got, array)
    assert got.flags.writeable


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7e308])
def test_unusual_floats_come_back_as_they_were(value):
    assert same(crossed(value), value)
    assert same(crossed(np.array([value])), np.array([value]))


def test_zero_dimensional_arrays_and_numpy_scalars_come_back_as_arrays_without_axes():
    for value in (np.array(2.5), np.float64(2.5), np.float32(2.5), np.int8(2), np.bool_(True)):
        assert same(crossed(value), np.asarray(value))


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0, 2), (0, 0)])
def test_empty_arrays_keep_their_shape(shape):
    assert same(crossed(np.zeros(shape, dtype="float32")), np.zeros(shape, dtype="float32"))


@pytest.mark.parametrize("name", [name for name in DTYPES if np.dtype(name).itemsize > 1])
def test_big_endian_arrays_come_back_in_native_order(name):
    array = np.arange(6).reshape(2, 3).astype(np.dtype(name).newbyteorder(">"))
    got = crossed(array)
    assert got.dtype == np.dtype(name) and got.dtype.isnative
    assert np.array_equal(got, array)


def test_views_come_back_as_what_they_show():
    base = np.arange(24.0).reshape(4, 6)
    views = [base.T, base[::2, ::-1], base[:, 1], np.broadcast_to(base[0], (3, 6)), base[1:1]]
    for view in [*views, np.asfortranarray(base)]:
        assert same(crossed(view), np.ascontiguousarray(view))


def test_what_comes_back_shares_no_memory_with_the_message():
    message = pack(np.arange(3.0))
    first, second = unpack(message), unpack(message)
    first[0] = 9.0
    assert second[0] == 0.0


def test_integers_of_64_bits_come_back_and_larger_ones_are_named():
    assert crossed([-(2**63), 2**64 - 1]) == [-(2**63), 2**64 - 1]
    assert crossed([-(2**63) - 1, 2**64]) == [Opaque("int of more than 64 bits")] * 2


def test_tuples_arrive_as_lists_and_keys_as_text():
    assert crossed((1, (2,))) == [1, [2]]
    assert crossed({1: "a", None: "b"}) == {"1": "a", "None": "b"}


def test_lone_surrogates_are_replaced():
    assert crossed("a\ud800b") == "a?b"


def test_lone_surrogates_in_keys_are_replaced():
    assert crossed({"a\ud800b": 1}) == {"a?b": 1}


def test_long_keys_are_cut():
    assert crossed({"k" * 5000: 1}) == {"k" * 200: 1}


def tripwire(*_: object) -> NoReturn:
    raise AssertionError("The codec ran a foreign object's code.")


HOOKS = (
    "__len__ __iter__ __eq__ __hash__ __bool__ __repr__ __str__ __getitem__ __getattr__ __array__ "
    "__int__ __float__ __index__ __reduce__ __reduce_ex__ __array_ufunc__ __bytes__ __buffer__ "
    "__contains__ keys items"
).split()
Tripwire = type("Tripwire", (), dict.fromkeys(HOOKS, tripwire))


class Colour(IntEnum):
    RED = 1


FOREIGN = [
    (Tripwire(), "Tripwire"),
    (Colour.RED, "Colour"),
    (print, "builtin_function_or_method"),
    (int, "type"),
    ({1, 2}, "set"),
    (b"bytes", "bytes"),
    (1j, "complex"),
    ((i for i in "ab"), "generator"),
    (np.dtype("float64"), "Float64DType"),
]


@pytest.mark.parametrize(("value", "name"), FOREIGN, ids=[name for _, name in FOREIGN])
def test_of_a_foreign_object_only_the_name_of_its_type_arrives(value, name):
    assert crossed(value) == Opaque(name)
    assert crossed({"a": [value]}) == {"a": [Opaque(name)]}


@pytest.mark.parametrize("kind", [list, tuple, dict, str, np.ndarray, int, float])
def test_an_object_that_only_says_what_it_is_arrives_as_a_name(kind):
    hooks = dict.fromkeys(HOOKS, tripwire) | {"__class__": property(lambda self: kind)}
    assert crossed(type("Duck", (), hooks)()) == Opaque("Duck")


SUBCLASSED = [([1, 2], [1, 2]), ((1, 2), [1, 2]), ({"a": 1}, {"a": 1}), ("word", "word")]


@pytest.mark.parametrize(("value", "arrives"), SUBCLASSED, ids=repr)
def test_subclasses_arrive_as_their_content_without_running_their_code(value, arrives):
    hooks = {name: tripwire for name in HOOKS if name != "__hash__"} | {"encode": tripwire}
    assert crossed(type("Odd", (type(value),), hooks)(value)) == arrives


def test_what_students_use_for_records_arrives():
    Pair = namedtuple("Pair", "W b")
    values = [OrderedDict(a=1), defaultdict(int, a=1), Pair(1, 2), np.str_("word")]
    assert crossed(values) == [{"a": 1}, {"a": 1}, [1, 2], "word"]


def test_arrays_of_other_types_arrive_as_names():
    arrays = [
        np.zeros(2, dtype=object),
        np.zeros(2, dtype="datetime64[s]"),
        np.zeros(2, dtype="U3"),
        np.zeros(2, dtype="S3"),
        np.zeros(2, dtype=[("a", "f8")]),
    ]
    for array in arrays:
        assert crossed(array) == Opaque(f"array of {array.dtype.name}")


def test_a_subclass_of_an_array_arrives_as_plain_numbers_without_running_its_code():
    hooks = ("__array__", "__len__", "__iter__", "__eq__", "tobytes", "astype", "__getitem__")
    Odd = type("Odd", (np.ndarray,), dict.fromkeys(hooks, tripwire))
    got = crossed(np.arange(3.0).view(Odd))
    assert same(got, np.arange(3.0))


def test_an_object_array_does_not_run_its_entries():
    array = np.empty(2, dtype=object)
    array[0] = array[1] = Tripwire()
    assert crossed(array) == Opaque("array of object")


def test_an_opaque_value_crosses_again_unchanged():
    assert crossed(crossed(Opaque("Dense"))) == Opaque("Dense")


def test_names_of_types_are_cut():
    assert len(crossed(type("N" * 5000, (), {})()).type_name) == 200


def test_the_depth_limit_is_the_same_in_both_directions():
    assert same(crossed(nested(MAX_DEPTH)), nested(MAX_DEPTH))
    with pytest.raises(CodecError):
        pack(nested(MAX_DEPTH + 1))
    with pytest.raises(CodecError):
        unpack(b"\x91" * (MAX_DEPTH + 1) + b"\x01")


def test_a_value_that_contains_itself_is_refused():
    loop: list[object] = []
    loop.append({"again": loop})
    with pytest.raises(CodecError):
        pack(loop)


def test_very_deep_messages_are_refused():
    for opening in (b"\x91", b"\x81\xa0"):
        with pytest.raises(CodecError):
            unpack(opening * 200_000 + b"\x01")


def test_too_many_items_are_refused_when_packing():
    with pytest.raises(CodecError):
        pack([[None] * (MAX_ITEMS // 2)] * 2)


def test_too_many_items_in_one_list_are_refused_when_unpacking():
    with pytest.raises(CodecError):
        unpack(msgpack.packb([None] * (MAX_ITEMS + 1)))


def test_too_many_items_in_many_lists_are_refused_when_unpacking():
    with pytest.raises(CodecError):
        unpack(msgpack.packb([[None] * (MAX_ITEMS // 2)] * 3))


def test_values_over_the_size_limit_are_refused():
    for value in (np.zeros(MAX_MESSAGE // 8 + 1), "x" * (MAX_MESSAGE + 1)):
        with pytest.raises(CodecError):
            pack(value)
    with pytest.raises(CodecError):
        unpack(bytes(MAX_MESSAGE + 1))


def test_a_broadcast_array_is_refused_before_it_is_copied():
    tracemalloc.start()
    try:
        with pytest.raises(CodecError):
            pack(np.broadcast_to(1.0, (2**20, 2**10)))
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


CLAIMS = {
    "list": b"\xdd\xff\xff\xff\xff",
    "dict": b"\xdf\xff\xff\xff\xff",
    "text": b"\xdb\xff\xff\xff\xff",
    "bytes": b"\xc6\xff\xff\xff\xff",
    "array": b"\xc9\xff\xff\xff\xff\x01",
    "lists in lists": b"\xdd\x00\x0f\x42\x40" * 500,
    "many axes": array_message(["float64", [2**39] * 3]),
    "long axis": array_message(["float64", [2**38]]),
    "text in a head": msgpack.packb(msgpack.ExtType(ARRAY, b"\xdb\x03\xff\xff\xff")),
    "list in a head": msgpack.packb(msgpack.ExtType(ARRAY, b"\xdd\xff\xff\xff\xff")),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_memory_stays_flat_when_a_message_claims_more_than_it_holds(name):
    message = CLAIMS[name]
    unpack(pack([1]))
    tracemalloc.start()
    try:
        with pytest.raises(CodecError):
            unpack(message)
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


HEADS = {
    "other dtype": (["object", [1]], bytes(8)),
    "name of a class": (["numpy.float64", [1]], bytes(8)),
    "dtype with byte order": ([">f8", [1]], bytes(8)),
    "dtype is a list": ([["float64"], [1]], bytes(8)),
    "dtype is a dict": ([{"a": 1}, [1]], bytes(8)),
    "no shape": (["float64"], b""),
    "three fields": (["float64", [1], 1], bytes(8)),
    "shape is text": (["float64", "1"], bytes(8)),
    "shape is a number": (["float64", 1], bytes(8)),
    "negative axis": (["float64", [-1]], bytes(8)),
    "two negative axes": (["float64", [-1, -1]], bytes(8)),
    "axis is a boolean": (["float64", [True]], bytes(8)),
    "axis is a float": (["float64", [1.0]], bytes(8)),
    "axis of 2**64": (["uint8", [2**64 - 1]], bytes(8)),
    "product wraps round": (["float64", [2**32, 2**32]], b""),
    "too few bytes": (["float64", [2]], bytes(15)),
    "too many bytes": (["float64", [2]], bytes(17)),
    "bytes of no axis": (["float64", []], b""),
    "too many axes": (["float64", [1] * 40], bytes(8)),
    "a dict": ({"float64": [1]}, bytes(8)),
    "a number": (1, bytes(8)),
}


@pytest.mark.parametrize("name", HEADS)
def test_arrays_whose_head_is_wrong_are_refused(name):
    with pytest.raises(CodecError):
        unpack(array_message(*HEADS[name]))


def test_an_empty_array_with_a_long_axis_takes_no_memory():
    got = unpack(array_message(["float64", [0, 2**39]]))
    assert got.shape == (0, 2**39) and got.nbytes == 0
    assert same(crossed(got), got)


def test_an_empty_array_that_numpy_cannot_hold_is_refused():
    with pytest.raises(CodecError):
        unpack(array_message(["float64", [0, 2**39, 2**39]]))


@pytest.mark.parametrize("code", [0, 3, 5, 127, -2, -128])
def test_unknown_type_codes_are_refused(code):
    with pytest.raises(CodecError):
        unpack(b"\xc7\x01" + struct.pack("b", code) + b"\x00")


OUTSIDE = {
    "bytes": msgpack.packb(b"x"),
    "bytes in a list": msgpack.packb([b"x"]),
    "bytes as a key": msgpack.packb({b"x": 1}),
    "number as a key": msgpack.packb({1: 1}),
    "list as a key": b"\x81\x91\x01\x01",
    "time of 4 bytes": msgpack.packb(msgpack.Timestamp(1)),
    "time of 12 bytes": msgpack.packb(msgpack.Timestamp(-1, 5)),
    "time of 3 bytes": b"\xc7\x03\xff\x00\x00\x00",
    "reserved byte": b"\xc1",
    "text that is no UTF-8": b"\xa2\xff\xfe",
    "nothing": b"",
    "a cut list": b"\x92\x01",
    "a cut array": pack(np.arange(4.0))[:-1],
    "an array and a byte": pack(np.arange(4.0)) + b"\x00",
    "two values": pack(1) + pack(2),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_messages_outside_the_closed_set_are_refused(name):
    with pytest.raises(CodecError):
        unpack(OUTSIDE[name])


def test_a_key_given_twice_gives_one_value_or_none():
    twice = b"\x82" + msgpack.packb("a") + b"\x01" + msgpack.packb("a") + b"\x02"
    try:
        assert unpack(twice) in ({"a": 1}, {"a": 2})
    except CodecError:
        pass


def test_no_name_in_a_message_is_looked_up():
    for payload in (b"os.system", b"\xff\xfe", b"x" * 10_000):
        got = unpack(msgpack.packb(msgpack.ExtType(OPAQUE, payload)))
        assert type(got) is Opaque and len(got.type_name) <= 200


def refused_or_plain(message: bytes) -> None:
    try:
        assert is_plain(unpack(message))
    except CodecError:
        pass


@settings(max_examples=1000)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused_or_plain(message):
    refused_or_plain(message)


@settings(max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(trees, st.data())
def test_damaged_messages_are_refused_or_plain(tree, data):
    message = bytearray(pack(tree))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(message)))
        cut = data.draw(st.integers(0, 3))
        message[at : at + cut] = data.draw(st.binary(max_size=3))
    refused_or_plain(bytes(message))


@settings(max_examples=600)
@given(st.integers(-128, 127), st.binary(max_size=60))
def test_any_extension_is_refused_or_plain(code, payload):
    refused_or_plain(b"\xc7" + struct.pack("Bb", len(payload), code) + payload)


FAILURE = Failure("ValueError", "shapes differ", 3, 7, "a @ b", "forward")


def test_evidence_comes_back_the_same():
    sent = Evidence("raised", {"a": [1, None]}, FAILURE, "printed", 0.25)
    got = evidence_of(crossed(data_of(sent)))
    assert got == sent and got.seconds == 0.25


def test_output_is_cut():
    assert len(data_of(Evidence("ok", output="x" * (MAX_TEXT + 5)))["output"]) == MAX_TEXT
    assert len(text_of("x" * (MAX_TEXT + 5))) == MAX_TEXT


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("<object object at 0x7f12a4c3d0b0>", "<object object at 0x…>"),
        ("<function f at 0x1a2b3c0>, <weakref at 0x55d0cafe; to 'A' at 0x55d0caff>",
         "<function f at 0x…>, <weakref at 0x…; to 'A' at 0x…>"),
        ("hex: 0x7f12a4c3d0b0, at 0x12", "hex: 0x7f12a4c3d0b0, at 0x12"),
    ],
)  # fmt: skip
def test_text_is_free_of_addresses(text, arrives):
    assert text_of(text) == arrives
    assert failure_of(["ValueError", text, 1, 2, "", ""]).message == arrives


def test_text_is_free_of_lone_surrogates():
    assert text_of("a\udc80b") == "a?b"


@pytest.mark.parametrize("data", [None, 1, b"x", ["x"], {"x": 1}, np.array("x"), Opaque("str")])
def test_what_is_no_text_is_refused(data):
    with pytest.raises(CodecError):
        text_of(data)


def test_failures_are_cut():
    long = Failure("T" * 9999, "m" * 9999, 1, 2, "c" * 9999, "f" * 9999)
    got = evidence_of(crossed(data_of(Evidence("raised", None, long)))).failure
    assert [len(text) for text in (got.type_name, got.message, got.code, got.function)] == [
        *(200, 2000, 200, 200)
    ]


def test_size_is_of_what_is_kept_in_memory():
    assert size_of(np.zeros(1000)) >= 8000
    assert size_of([[]] * 1000) >= 56_000
    assert size_of({"a": "x" * 1000}) >= 1000


WRONG_FAILURES = [
    ["ValueError", "message", True, 2, "code", "function"],
    ["ValueError", "message", -1, 2, "code", "function"],
    ["ValueError", "message", 1, 2**40, "code", "function"],
    "ValueError",
    [],
    ["ValueError", "message", 1, 2, "code"],
    ["ValueError", "message", 1, 2, "code", "function", 3],
    ["ValueError", None, 1, 2, "code", "function"],
    ["ValueError", "message", "1", 2, "code", "function"],
    ["ValueError", "message", 1.0, 2, "code", "function"],
    {"type_name": "ValueError"},
    np.zeros(6),
]


@pytest.mark.parametrize("data", WRONG_FAILURES, ids=repr)
def test_what_is_no_failure_is_refused(data):
    with pytest.raises(CodecError):
        failure_of(data)


def test_no_failure_is_none():
    assert failure_of(None) is None


WRONG_EVIDENCE: list[Any] = [
    None,
    [],
    "ok",
    {},
    {"status": "passed"},
    {"status": None},
    {"status": ["ok"]},
    {"status": {"ok": 1}},
    {"status": np.zeros(3)},
    {"status": np.zeros(0)},
    {"status": Opaque("ok")},
    {"status": "ok", "failure": "ValueError"},
    {"status": "ok", "output": 1},
    {"status": "ok", "output": ["a"]},
]


@pytest.mark.parametrize("data", WRONG_EVIDENCE, ids=repr)
def test_what_is_no_evidence_is_refused(data):
    with pytest.raises(CodecError):
        evidence_of(data)


@pytest.mark.parametrize("seconds", [-1.0, -1e300, math.nan, math.inf, "1", [1], np.array([1, 2])])
def test_a_time_that_cannot_be_is_not_believed(seconds):
    assert 0 <= evidence_of({"status": "ok", "seconds": seconds}).seconds < math.inf


@given(st.dictionaries(st.sampled_from(["status", "value", "failure", "output", "seconds"]), trees))
def test_any_reply_is_evidence_or_refused(data):
    try:
        found = evidence_of(data)
        assert found.status in evidence.STATUSES and type(found.output) is str
        assert math.isfinite(found.seconds) and found.seconds >= 0
    except CodecError:
        pass
