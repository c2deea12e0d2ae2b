"""The rows of `check-course` that need no sandbox; the rest is in test_course.py."""

from types import SimpleNamespace

import pytest

from autograder.course_check import HOLLOW, _hollowed

STUB = '''
class Counter:
    """Counts."""

    start = 3

    def __init__(self, step):
        # YOUR CODE HERE
        raise NotImplementedError()

    def add(self, x):
        """Adds."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def total(self):
        return self.start
'''


def made(source, name):
    names = {}
    exec(source, names)
    return names[name]


@pytest.mark.parametrize(
    ("kind", "wanted"), [("none", None), ("zero", 0.0), ("echo", 7), ("echo_all", (7,))]
)
def test_a_hollow_class_keeps_what_is_given(kind, wanted):
    counter = made(_hollowed(STUB, "Counter", HOLLOW[kind]), "Counter")(2)
    assert counter.add(7) == wanted
    assert counter.total() == 3


def test_a_hollow_class_starts_as_its_base_does():
    class Base:
        def __init__(self):
            self.ready = True

    names = {"lib": SimpleNamespace(Base=Base)}
    exec(_hollowed(STUB.replace("Counter:", "Counter(lib.Base):"), "Counter", "return None"), names)
    assert names["Counter"](2).ready


def test_a_hollow_function_takes_anything():
    stub = "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()\n"
    double = made(_hollowed(stub, "double", HOLLOW["echo"]), "double")
    assert double(3, other=4) == 3
