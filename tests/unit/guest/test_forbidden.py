"""What an exercise forbids is noticed by whatever way it is reached."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from autograder.guest.forbidden import SWITCHED_OFF, Ban, place_of_module
from autograder.guest.worker import ObservedNamespace

OBSERVATION = "def observe(program):\n    return program.answer()\n"
# Its functions are Python's own, as those of frameworks are.
FORBIDS = ("statistics.mean", "statistics.NormalDist", "math.sqrt")

USES = {
    "plain": "import statistics\ndef answer():\n    return statistics.mean([1, 2])",
    "another name": "from statistics import mean as sum_of\ndef answer():\n    return sum_of([1])",
    "kept before": "import statistics\nkept = [statistics.mean]\n"
    "def answer():\n    return kept[0]([1])",
    "getattr": "import statistics\ndef answer():\n    return getattr(statistics, 'me' + 'an')([1])",
    "importlib": "import importlib\ndef answer():\n"
    "    return importlib.import_module('statis' + 'tics').mean([1])",
    "reload": "import importlib, statistics\ndef answer():\n"
    "    return importlib.reload(statistics).mean([1])",
    "sys.modules": "import sys, statistics\ndef answer():\n"
    "    return vars(sys.modules['statistics'])['mean']([1])",
    "a copy of the function": "import statistics, types\n"
    "twin = types.FunctionType(statistics.mean.__code__, vars(statistics))\n"
    "def answer():\n    return twin([1])",
    "its code in another function": "import statistics\ndef answer():\n    return other([1])\n"
    "def other(data): ...\nother.__code__ = statistics.mean.__code__\n"
    "other.__globals__.update(vars(statistics))",
    "partial": "import functools, statistics\nhalf = functools.partial(statistics.mean, [1])\n"
    "def answer():\n    return half()",
    "map": "import statistics\ndef answer():\n    return list(map(statistics.mean, [[1]]))",
    "a thread": "import statistics, threading\ndef answer():\n"
    "    thread = threading.Thread(target=statistics.mean, args=([1],))\n"
    "    thread.start()\n    thread.join()",
    "swallowed": "import statistics\ndef answer():\n    try:\n        statistics.mean([])\n"
    "    except BaseException:\n        return 1.0",
    "a class": "import statistics\ndef answer():\n    return statistics.NormalDist(0, 1).mean",
    "an object made before": "import statistics\nlaw = statistics.NormalDist(0, 1)\n"
    "def answer():\n    return law.cdf(0.0)",
    "a subclass": "import statistics\nclass Law(statistics.NormalDist): ...\nlaw = Law()\n"
    "def answer():\n    return law.pdf(0.0)",
    "compiled": "from math import sqrt\ndef answer():\n    return sqrt(2.0)",
}


def observed(source: str, forbids: tuple[str, ...] = FORBIDS) -> Any:
    names: dict[str, Any] = {}
    exec(compile(source, "<cell 4>", "exec"), names)
    program = ObservedNamespace(names, lambda file_name: 4 if file_name == "<cell 4>" else 0)
    return program.observe(OBSERVATION, {}, 0, forbids)


@pytest.mark.parametrize("how", USES)
def test_a_use_is_noticed(how: str) -> None:
    evidence = observed(USES[how])
    assert (evidence.status, evidence.value) == ("forbidden", None)
    assert evidence.failure.message in FORBIDS
    assert sys.getprofile() is None


def test_it_is_located_in_the_students_code() -> None:
    failure = observed(USES["plain"]).failure
    assert (failure.cell, failure.line, failure.function) == (4, 3, "answer")
    assert failure.message == "statistics.mean"


@pytest.mark.parametrize(
    "source",
    [
        "import statistics\ndef answer():\n    return statistics.median([1, 2])",
        "import math\ndef answer():\n    return math.exp(1)",
        "def mean(x):\n    return x\ndef answer():\n    return mean(3)",
        "import statistics\nready = statistics.mean([1, 2])\ndef answer():\n    return ready",
        "def answer():\n    raise ValueError('mine')",
    ],
    ids=["another function", "its neighbour", "the same name", "before", "an error"],
)
def test_what_is_allowed_stays_so(source: str) -> None:
    assert observed(source).status == observed(source, ()).status in ("ok", "raised")


@pytest.mark.parametrize("call", ["sys.setprofile(None)", "sys.setprofile(lambda *a: None)"])
def test_switching_the_watch_off_is_told(call: str) -> None:
    source = f"import statistics, sys\ndef answer():\n    {call}\n    return statistics.mean([1])"
    assert observed(source).failure.message == SWITCHED_OFF


def test_a_package_that_was_not_there_before_is_told() -> None:
    sys.modules.pop("this", None)
    source = (
        "import contextlib, importlib, io\ndef answer():\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        importlib.import_module('th' + 'is')"
    )
    assert observed(source, ("this.anything",)).failure.message == "this"


@pytest.mark.parametrize(
    ("source", "forbidden", "status"),
    [
        ("import numpy.fft as f\ndef answer():\n    return f.fft([1.0]).real", "numpy.fft", True),
        ("def answer():\n    return np.polymul([1.0], [2.0])", "numpy.convolve", True),
        ("def answer():\n    return np.dot([1.0], [2.0])", "numpy.fft", False),
        ("def answer():\n    import json.tool\n    return 1.0", "json.tool", False),
        (
            "import json\nkept = json.decoder.scanner.c_make_scanner\ndef answer():\n"
            "    return json.JSONDecoder().decode('1')",
            "json.decoder",
            True,
        ),
    ],
    ids=["a package", "by another function", "beside it", "importing", "a module of one"],
)
def test_a_package_is_forbidden_by_its_folder(source: str, forbidden: str, status: bool) -> None:
    sys.modules.pop("json.tool", None)
    evidence = observed(f"import numpy as np\n{source}", (forbidden,))
    assert (evidence.status == "forbidden") == status, evidence.failure
    if status:
        assert evidence.failure.message == forbidden
        assert evidence.failure.cell == 4


def test_the_place_of_a_module_is_found_without_importing_it() -> None:
    sys.modules.pop("json.tool", None)
    place = place_of_module("json.tool")
    assert place is not None and place.endswith("/json/tool.py")
    assert "json.tool" not in sys.modules
    for name in ("json.loads", "json", "no_such_package.module", "numpy.dot"):
        assert place_of_module(name) is None, name


def test_a_ban_that_bans_nothing_is_an_error() -> None:
    for name in ("statistics.no_such_thing", "numpy.dot"):
        with pytest.raises(LookupError, match=name):
            Ban([name]).__enter__()


def test_without_bans_nothing_is_watched() -> None:
    with Ban([]) as ban:
        assert sys.getprofile() is None
    assert ban.seen is None


@pytest.mark.slow
def test_frameworks_compiled_functions_are_noticed_too() -> None:
    low = (
        "import tensorflow as tf\nfrom tensorflow.python import pywrap_tfe\n"
        "from tensorflow.python.eager import context\n"
        "def answer():\n"
        "    return pywrap_tfe.TFE_Py_FastPathExecute(\n"
        "        context.context(), 'Relu', None, tf.constant([1.0])).numpy()"
    )
    assert "TFE_Py_FastPathExecute" in observed(low, ("keras.ops.relu",)).failure.message
    raw = (
        "import tensorflow as tf\ndef answer():\n    return tf.raw_ops.Relu(features=[1.0]).numpy()"
    )
    assert observed(raw, ("tensorflow.raw_ops.Relu",)).failure.message == "tensorflow.raw_ops.Relu"
    layer = "import keras\nlayer = keras.layers.LSTM(2)\n"
    layer += "def answer():\n    layer(keras.ops.ones((1, 1, 1)))"
    assert observed(layer, ("keras.layers.LSTM",)).failure.message == "keras.layers.LSTM"
    fine = "import keras\ndef answer():\n    return keras.ops.tanh([1.0]).numpy()"
    assert observed(fine, ("keras.layers.LSTM", "keras.ops.relu")).status == "ok"


@pytest.mark.slow
class TestOperations:
    """TensorFlow is imported once for all of them."""

    FORBIDS = ("op:relu", "op:*matmul*")
    BEFORE = (
        "import tensorflow as tf\n"
        "traced = tf.function(lambda x: tf.nn.relu(x)).get_concrete_function(\n"
        "    tf.TensorSpec((1,)))\n"
        "nested = tf.function(lambda x: traced(x) + 1).get_concrete_function(tf.TensorSpec((1,)))\n"
        "one = tf.constant([1.0])\n"
    )

    def seen(self, answer: str) -> str:
        evidence = observed(f"{self.BEFORE}def answer():\n    return {answer}", self.FORBIDS)
        if evidence.status != "forbidden":
            assert evidence.status == "ok", evidence.failure
            return ""
        assert evidence.failure.cell == 4
        return str(evidence.failure.message)

    @pytest.mark.parametrize(
        "answer",
        [
            "tf.nn.relu(one).numpy()",
            "tf.raw_ops.Relu(features=one).numpy()",
            "traced(one).numpy()",
            "nested(one).numpy()",
            "tf.function(tf.nn.relu)(one).numpy()",
            "next(iter(tf.data.Dataset.from_tensors(one).map(tf.nn.relu))).numpy()",
        ],
    )
    def test_whatever_runs_it(self, answer: str) -> None:
        assert self.seen(answer) == "TensorFlow's operation Relu"

    def test_patterns_are_of_whole_names(self) -> None:
        assert self.seen("tf.nn.relu6(one).numpy()") == ""
        assert self.seen("tf.matmul([[1.0]], [[2.0]]).numpy()") == "TensorFlow's operation MatMul"

    def test_a_students_own_function_of_the_name_is_none(self) -> None:
        own = "(lambda relu: tf.function(relu)(one).numpy())(lambda x: x + 1)"
        assert self.seen(own) == ""
        assert (
            self.seen(
                "exec('def relu(x): return x + 1', globals()) or tf.function(relu)(one).numpy()"
            )
            == ""
        )

    def test_switching_the_watch_off_is_told(self) -> None:
        before = "from tensorflow.python.eager import context\nimport tensorflow as tf\n"
        source = (
            f"{before}def answer():\n    context.context().op_callbacks.clear()\n    return 1.0"
        )
        assert observed(source, self.FORBIDS).failure.message == SWITCHED_OFF

    def test_nothing_is_left_of_the_watch(self) -> None:
        from tensorflow.python.eager import context

        assert self.seen("1.0") == ""
        assert not context.context().op_callbacks
