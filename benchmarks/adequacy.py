"""How well the checks of a unit tell wrong answers from right ones: mutants of the reference.

    python benchmarks/adequacy.py UNIT ... [--exercise NAME] [--seeds 20] [--jobs 2] [--json FILE]

Each mutant is the reference with one small change (`OPERATORS`).  One that keeps full points is
put to the cases of further seeds: where none of them tells it either, it is listed as equivalent,
to be looked at by a person; else it has survived by chance.  Also: how often a variant is explained
by its own name first, and whether an equivalent is ever failed or explained.  Training is left out:
a floor of accuracy is no check of a line.  docs/adequacy.md has the results.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from scipy.stats import binomtest

from autograder.bank import Bank
from autograder.cache import EvidenceCache
from autograder.course import Course, LoadedUnit
from autograder.course_check import SEED, assessed, without_training
from autograder.exercise import Alternative, Exercise
from autograder.sandbox.pool import Pool

COURSE = Path(__file__).parents[1]

# -------------------------------------------------------------------------------- the operators

Change = tuple[str, ast.AST]  # what was done, and the node in the place of the old one
Made = Iterator[Change]
Names = Sequence[str]  # of the function's own variables
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
}
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
_FUNCTIONS = {
    "sum": "mean",
    "mean": "sum",
    "maximum": "minimum",
    "minimum": "maximum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "zeros": "ones",
    "zeros_like": "ones_like",
    "ones": "zeros",
    "floor": "ceil",
    "ceil": "floor",
    "tanh": "sin",
    "exp": "expm1",
    "log": "log1p",
}


def operator(node: ast.AST, names: Names) -> Made:
    """`a + b` as `a - b`, `a * b` as `a / b`, and so on; in place as well."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in _ARITHMETIC:
        yield _with(node, op=_ARITHMETIC[type(node.op)]())


def operand(node: ast.AST, names: Names) -> Made:
    """`a + b` as `a`: one side of a sum or a product is forgotten."""
    if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Pow, ast.MatMult)):
        yield _told(node, node.left)
        if isinstance(node.op, (ast.Add, ast.Mult)):
            yield _told(node, node.right)


def sign(node: ast.AST, names: Names) -> Made:
    """`-a` as `a`, `not a` as `a`."""
    if isinstance(node, ast.UnaryOp):
        yield _told(node, node.operand)


def comparison(node: ast.AST, names: Names) -> Made:
    """`a < b` as `a <= b` and as `a > b`."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in _COMPARISONS.get(type(node.ops[0]), ()):
            yield _with(node, ops=[other()])


def connective(node: ast.AST, names: Names) -> Made:
    """`a and b` as `a or b`."""
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def constant(node: ast.AST, names: Names) -> Made:
    """A number as the next one, a number but 0 as 0, True as False."""
    if not isinstance(node, ast.Constant):
        return
    if isinstance(node.value, bool):
        yield _with(node, value=not node.value)
    elif isinstance(node.value, (int, float)):
        yield _with(node, value=node.value + 1)
        if node.value:
            yield _with(node, value=0)


def axis(node: ast.AST, names: Names) -> Made:
    """No axis: all of them.  (Another one is another constant.)"""
    if not isinstance(node, ast.Call):
        return
    for index, keyword in enumerate(node.keywords):
        if keyword.arg in ("axis", "axes"):
            rest = node.keywords[:index] + node.keywords[index + 1 :]
            yield _with(node, keywords=rest)


def bound(node: ast.AST, names: Names) -> Made:
    """`a[i:j]` as `a[i:]` and `a[:j]`."""
    if isinstance(node, ast.Slice):
        if node.lower is not None:
            yield _with(node, lower=None)
        if node.upper is not None:
            yield _with(node, upper=None)


def arguments(node: ast.AST, names: Names) -> Made:
    """The first two arguments exchanged, and the sides of `@` and of what does not commute."""
    if isinstance(node, ast.Call) and len(node.args) > 1:
        yield _with(node, args=[node.args[1], node.args[0], *node.args[2:]])
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div)):
        yield _with(node, left=node.right, right=node.left)


def function(node: ast.AST, names: Names) -> Made:
    """`sum` as `mean`, `maximum` as `minimum`, `zeros` as `ones`."""
    if isinstance(node, ast.Attribute) and node.attr in _FUNCTIONS:
        yield _with(node, attr=_FUNCTIONS[node.attr])


def transposed(node: ast.AST, names: Names) -> Made:
    """`A.T` as `A`."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield _told(node, node.value)


def variable(node: ast.AST, names: Names) -> Made:
    """A variable as the next one of the function, in the order of the alphabet."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        other = names[(names.index(node.id) + 1) % len(names)]
        if other != node.id:
            yield _with(node, id=other)


def statement(node: ast.AST, names: Names) -> Made:
    """A statement is missing."""
    if isinstance(node, (ast.Assign, ast.AugAssign, ast.If, ast.For, ast.While)) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    ):
        first = ast.unparse(node).split("\n")[0]
        yield f"`{first}` is missing", ast.Pass()


OPERATORS: tuple[Callable[[ast.AST, Names], Made], ...] = (
    operator,
    operand,
    sign,
    comparison,
    connective,
    constant,
    axis,
    bound,
    arguments,
    function,
    transposed,
    variable,
    statement,
)


def _with(node: ast.AST, **fields: Any) -> Change:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return _told(node, changed)


def _told(node: ast.AST, changed: ast.AST) -> Change:
    told = [ast.unparse(ast.fix_missing_locations(copy.deepcopy(item))) for item in (node, changed)]
    return " → ".join(f"`{text.splitlines()[0]}`" for text in told), changed


# ---------------------------------------------------------------------------------- the mutants


@dataclass(frozen=True)
class Mutant:
    """One change of one exercise's cell."""

    name: str
    operator: str
    change: str
    source: str


def mutants(source: str, name: str) -> Iterator[Mutant]:
    """Every mutant of what defines `name` in a cell, each source once, the cell's own not."""
    tree = ast.parse(source)
    target = next(node for node in tree.body if getattr(node, "name", None) == name)
    seen = {ast.unparse(tree)}
    names = sorted(_variables(target))
    for node in list(_inside(target)):
        for make in OPERATORS:
            for change, changed in make(node, names):
                text = _replaced(tree, node, changed)
                if text not in seen:
                    seen.add(text)
                    line = getattr(node, "lineno", getattr(target, "lineno", 0))
                    number = f"M{len(seen) - 1}"
                    yield Mutant(number, make.__name__, f"line {line}: {change}", text)


def _inside(target: ast.AST) -> Iterator[ast.AST]:
    """The nodes of bodies: not of defaults, annotations and decorators, which the stub gives."""
    for node in ast.walk(target):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            body = node.body if isinstance(node.body, list) else [node.body]
            for part in body:
                if not isinstance(part, (ast.FunctionDef, ast.ClassDef)):
                    yield from _but_functions(part)


def _but_functions(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from _but_functions(child)


def _variables(target: ast.AST) -> set[str]:
    found = {node.arg for node in ast.walk(target) if isinstance(node, ast.arg)}
    stored = (node for node in ast.walk(target) if isinstance(node, ast.Name))
    return found | {node.id for node in stored if isinstance(node.ctx, ast.Store)}


def _replaced(tree: ast.Module, old: ast.AST, new: ast.AST) -> str:
    """The text of a copy of the tree with `new` in the place of `old`."""
    place = next(index for index, node in enumerate(ast.walk(tree)) if node is old)
    other = copy.deepcopy(tree)
    there = next(islice(ast.walk(other), place, None))

    class Replacing(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return copy.deepcopy(new) if node is there else self.generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Replacing().visit(other)))


# ----------------------------------------------------------------------------------- the verdicts


@dataclass(frozen=True)
class Found:
    """What became of a program: `killed`, `by chance` (on a further seed), or `equivalent`."""

    exercise: str
    name: str
    verdict: str
    operator: str = ""
    change: str = ""
    explained_by: tuple[str, ...] = ()
    seeds: int = 1


class Study:
    """The mutants, variants and equivalents of one unit."""

    def __init__(self, loaded: LoadedUnit, pool: Pool, seeds: int) -> None:
        self.loaded = loaded
        cache = EvidenceCache(None)
        self.banks = [Bank(loaded, f"{SEED}-{index}", pool, cache) for index in range(seeds)]

    def mutant(self, exercise: Exercise, mutant: Mutant) -> Found:
        cell = self.loaded.solution_cell(exercise.name).source
        alternative = Alternative(mutant.name, "", {cell: mutant.source})
        for index, bank in enumerate(self.banks):
            lost, explained = self._assessed(bank, exercise, alternative)
            if lost:
                verdict = "by chance" if index else "killed"
                break
        else:
            verdict = "equivalent"
        told = (mutant.operator, mutant.change)
        return Found(exercise.name, mutant.name, verdict, *told, explained, index + 1)

    def variant(self, exercise: Exercise, variant: Alternative) -> Found:
        lost, explained = self._assessed(self.banks[0], exercise, variant)
        own = {variant.name, *variant.same_as}
        own |= {other.name for other in exercise.variants if variant.name in other.same_as}
        verdict = "named" if own & set(explained) else "not named"
        if not lost:
            verdict = "trains"
        elif explained and explained[0] in own:
            verdict = "top 1"
        return Found(exercise.name, variant.name, verdict, explained_by=explained)

    def equivalent(self, exercise: Exercise, equivalent: Alternative) -> Found:
        lost, explained = self._assessed(self.banks[0], exercise, equivalent)
        verdict = "failed" if lost else "passed"
        return Found(exercise.name, equivalent.name, verdict, explained_by=explained)

    def _assessed(
        self, bank: Bank, exercise: Exercise, alternative: Alternative
    ) -> tuple[bool, tuple[str, ...]]:
        """Whether points are lost, and what explains it, best first."""
        rest = without_training(exercise)
        result = assessed(bank, rest, self.loaded.alternative(exercise, alternative))
        failed = [finding for finding in result.findings if finding.verdict != "passed"]
        if any(finding.verdict == "fault" for finding in failed):
            raise SystemExit(f"The grader failed on `{alternative.name}` of `{exercise.name}`.")
        names = dict.fromkeys(name for finding in failed for name in finding.explained_by)
        return bool(failed), tuple(names)

    def close(self) -> None:
        for bank in self.banks:
            bank.close()


def studied(
    study: Study, exercises: Sequence[Exercise], jobs: int, progress: Progress
) -> dict[str, list[Found]]:
    """What became of all programs, by kind."""
    work: list[tuple[str, Callable[[], Found]]] = []
    for exercise in exercises:
        cell = study.loaded.solution_cell(exercise.name).source
        for mutant in mutants(cell, exercise.name):
            work.append(("mutants", lambda e=exercise, m=mutant: study.mutant(e, m)))
        for variant in exercise.variants:
            work.append(("variants", lambda e=exercise, v=variant: study.variant(e, v)))
        for same in exercise.equivalents:
            work.append(("equivalents", lambda e=exercise, s=same: study.equivalent(e, s)))
    task = progress.add_task(study.loaded.name, total=len(work))
    found: dict[str, list[Found]] = {"mutants": [], "variants": [], "equivalents": []}
    with ThreadPoolExecutor(jobs) as executor:
        for (kind, _), one in zip(work, executor.map(lambda job: job[1](), work), strict=True):
            found[kind].append(one)
            progress.advance(task)
    return found


def share(part: int, whole: int) -> str:
    """A share with its 95 % confidence bounds (Clopper and Pearson's)."""
    if not whole:
        return "none"
    low, high = binomtest(part, whole).proportion_ci(method="exact")
    return f"{part}/{whole} = {part / whole:.1%} ({low:.1%} to {high:.1%})"


def show(unit: str, found: dict[str, list[Found]]) -> None:
    """The unit's part of docs/adequacy.md."""
    print(f"\n## {unit}\n\n| exercise | mutants | killed | by chance | equivalent |")
    print("|---|---|---|---|---|")
    for exercise in dict.fromkeys(one.exercise for one in found["mutants"]):
        count = Counter(one.verdict for one in found["mutants"] if one.exercise == exercise)
        shown = [count["killed"], count["by chance"], count["equivalent"]]
        print(f"| `{exercise}` | {sum(shown)} | {' | '.join(map(str, shown))} |")
    verdicts = Counter(one.verdict for one in found["mutants"])
    print(f"\nkilled: {share(verdicts['killed'], verdicts['killed'] + verdicts['by chance'])}")
    named = Counter(one.verdict for one in found["variants"])
    known = sum(named.values()) - named["trains"]
    print(f"variants explained by their own name first: {share(named['top 1'], known)}")
    wrong = sum(one.verdict == "failed" or bool(one.explained_by) for one in found["equivalents"])
    print(f"equivalents failed or explained: {share(wrong, len(found['equivalents']))}\n")
    for one in found["mutants"]:
        if one.verdict != "killed":
            print(f"- `{one.exercise}` {one.verdict} ({one.operator}) {one.change}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="+")
    parser.add_argument("--exercise")
    parser.add_argument("--seeds", type=int, default=20, help="for mutants that keep full points")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write all verdicts here")
    options = parser.parse_args()
    course = Course.find(COURSE)
    record = {}
    with Pool() as pool, Progress(console=Console(stderr=True)) as progress:
        for name in options.units:
            loaded = course.load(name)
            exercises = [
                exercise
                for exercise in loaded.unit.exercises
                if options.exercise in (None, exercise.name)
            ]
            study = Study(loaded, pool, options.seeds)
            try:
                found = studied(study, exercises, options.jobs, progress)
            finally:
                study.close()
            show(name, found)
            record[name] = {kind: [asdict(one) for one in all_] for kind, all_ in found.items()}
    if options.json is not None:
        options.json.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
