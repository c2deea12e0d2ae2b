"""The text of functions that run beside student code, and that it needs nothing else."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from autograder.errors import UserError

# What an observation finds in its world besides its arguments and the builtins.
WORLD: Final = ("np", "keras", "ops", "probes")


class ExerciseError(UserError):
    """A mistake in a course's exercises or `notebook.py`, found when it is loaded."""


def measure_source(function: Callable[..., Any]) -> str:
    """Return the text of a judge's or symptom's function, which finds `np` and nothing else."""
    return observation_source(function, ("np",))


def source_with(observation: Callable[..., Any], helpers: Sequence[Callable[..., Any]]) -> str:
    """Return the text of an observation and, after it, of the functions that it calls."""
    world = (*WORLD, *map(name_of, helpers))
    return "\n\n".join(observation_source(part, world) for part in (observation, *helpers))


def observation_source(observation: Callable[..., Any], world: tuple[str, ...] = WORLD) -> str:
    """Return the text of a function without decorators, annotations and docstring.

    Raises:
        ExerciseError: It uses names that do not exist beside student code.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(observation)))
        function = tree.body[0]
    except (OSError, SyntaxError, TypeError):
        function = None
    if not isinstance(function, ast.FunctionDef):
        raise ExerciseError(f"`{name_of(observation)}` must be a plain `def`, not a lambda.")
    function.decorator_list = []
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:] or [ast.Pass()]
    for node in ast.walk(function):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            raise ExerciseError(f"`{function.name}` imports something: pass it in the case.")
    ast.fix_missing_locations(tree)
    foreign = _globals_of([compile(tree, "<observation>", "exec")], set())
    foreign -= {*world, *dir(builtins)}
    if foreign:
        raise ExerciseError(
            f"`{function.name}` uses {', '.join(sorted(foreign))}. It runs beside student code "
            f"and sees only its arguments, builtins and {', '.join(world)}: pass what it needs "
            "in the case, or judge it in the grader."
        )
    return ast.unparse(tree)


def _globals_of(constants: Iterable[Any], found: set[str]) -> set[str]:
    """Add to `found` the names of global variables that code objects load, and return it."""
    for constant in constants:
        if inspect.iscode(constant):
            steps = list(dis.get_instructions(constant))
            own = {step.argval for step in steps if step.opname == "STORE_NAME"}
            loads = ("LOAD_GLOBAL", "LOAD_NAME")
            found |= {step.argval for step in steps if step.opname in loads} - own
            _globals_of(constant.co_consts, found)
    return found


def name_of(function: Any) -> str:
    return getattr(function, "__name__", repr(function))
