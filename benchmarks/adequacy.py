"""How well the checks of a unit tell wrong answers from right ones: mutants of the reference.

    python benchmarks/adequacy.py UNIT ... [--exercise NAME ...] [--seeds 20] [--here] [--json FILE]
    python benchmarks/adequacy.py --read FILE ...    shows verdicts, runs nothing

Each mutant is the reference with one small change (`OPERATORS`).  One that keeps full points is
put to the cases of further seeds: where none of them tells it either, it is listed as equivalent,
to be looked at by a person; else it has survived by chance.  Also: how often a variant is explained
by its own name first, whether two variants at once lose points and one of them is named, and
whether an equivalent is ever failed or explained; the reference on two threads, and with other
random seeds than it was asked with, counts as one.  Training is left out: a floor of accuracy is no
check of a line.

`--here` runs all of it in this process instead of the sandbox, one program after the other, which
takes a tenth of the CPU time: they are the unit's own programs, and judged as in the sandbox.  The
reference on two threads is then left out, and mutants are not explained.
"""

from __future__ import annotations

import argparse
import ast
import copy
import json
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from itertools import combinations, islice, pairwise
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from scipy.stats import binomtest

from autograder.authoring.rows import SEED, assessed, without_training
from autograder.backends import DEFAULT, Backend
from autograder.course.course import Course
from autograder.course.exercise import Alternative, Exercise
from autograder.course.unit import LoadedUnit
from autograder.grading.assessment import Assessment
from autograder.grading.cache import EvidenceCache
from autograder.grading.reference_oracle import ReferenceOracle
from autograder.grading.trial import observe_all
from autograder.guest.worker import ObservedNamespace as Worked
from autograder.results.result import ExerciseResult
from autograder.sandbox.limits import Limits
from autograder.sandbox.observer import Observer
from autograder.sandbox.pool import Pool
from autograder.sandbox.watch import Stopped
from autograder.wire.codec import unpack
from autograder.wire.evidence import Evidence, data_of
from autograder.wire.observation import Observation
from autograder.wire.program import Program, ProgramCell

COURSE = Path(__file__).parents[1]

# A cell before the first: the sandbox starts every library with one thread.  (threadpoolctl needs
# /proc, which a child does not have; this is the OpenBLAS of numpy's wheel.)
_OPENBLAS = """\
import ctypes, pathlib, numpy
_found = next(pathlib.Path(numpy.__file__).parents[1].glob("numpy.libs/libscipy_openblas64_*"))
ctypes.CDLL(str(_found)).scipy_openblas_set_num_threads64_(2)
"""
_TENSORFLOW = """\
import tensorflow
tensorflow.config.threading.set_intra_op_parallelism_threads(2)
"""
TWO_THREADS = {"numpy": _OPENBLAS, "keras": _OPENBLAS + _TENSORFLOW}
OTHER_SEEDS = 5
KINDS = ("mutants", "variants", "equivalents", "pairs")

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


def keyword(node: ast.AST, names: Names) -> Made:
    """A keyword argument is forgotten: no axis, no padding, no activation."""
    if isinstance(node, ast.Call):
        for index, argument in enumerate(node.keywords):
            if argument.arg is not None:
                rest = node.keywords[:index] + node.keywords[index + 1 :]
                told = f"`{argument.arg}` of `{ast.unparse(node.func)}` is missing"
                yield told, _changed(node, keywords=rest)


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
    keyword,
    bound,
    arguments,
    function,
    transposed,
    variable,
    statement,
)


def _with(node: ast.AST, **fields: Any) -> Change:
    return _told(node, _changed(node, **fields))


def _changed(node: ast.AST, **fields: Any) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


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


# -------------------------------------------------------------------------------- in this process


class Here:
    """A pool that forks nothing: the unit's own programs run in this process, in its main thread.

    An observation without an end is stopped after five seconds of CPU time.
    """

    limits = Limits()
    seconds = 5.0
    backend = DEFAULT
    gpus = None

    def __init__(self) -> None:
        signal.signal(signal.SIGVTALRM, self._stop)

    def fork(self, backend: Backend, share: None = None) -> _Unforked:
        return _Unforked()

    def _stop(self, *_: Any) -> None:
        raise Stopped("timeout", "It does not end.")


class _Unforked:
    """A program in this process, asked as a child is asked."""

    cpu_seconds = 0.0

    def __init__(self) -> None:
        self._worked = Worked({"__name__": "__main__"}, lambda _: 0)

    def request(self, op: str, limit: float, packed: bytes = b"", **request: Any) -> dict[str, Any]:
        seconds = limit if op == "cell" else Here.seconds
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        try:
            if op == "cell":
                return data_of(self._cell(request["source"]))
            return data_of(self._worked.observe(**unpack(packed)))
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _cell(self, source: str) -> Evidence:
        try:
            exec(source, self._worked.names)
        except Stopped:
            raise
        except Exception as error:  # the next cell runs all the same
            return Evidence("raised", output=str(error))
        return Evidence("ok")

    def close(self) -> None:
        self._worked.names.clear()


# ----------------------------------------------------------------------------------- the verdicts


@dataclass(frozen=True)
class Found:
    """What became of a program.

    A mutant: `killed`, `by chance` (on a further seed) or `equivalent`.  A variant: `top 1`,
    `named`, `not named` or `trains` (only training tells it).  A pair: `top 1` (one of the two),
    `another` (a third explains it best), `unexplained` or `accepted`.  An equivalent: `passed` or
    `failed`.  `lost` names the checks that it did not pass, and their verdicts.
    """

    exercise: str
    name: str
    verdict: str
    operator: str = ""
    change: str = ""
    explained_by: tuple[str, ...] = ()
    seeds: int = 1
    lost: str = ""


class Study:
    """The mutants, variants and equivalents of one unit."""

    def __init__(self, loaded: LoadedUnit, pool: Any, seeds: int) -> None:
        self.loaded = loaded
        self.here = isinstance(pool, Here)
        cache = EvidenceCache(None)
        self.oracles = [
            ReferenceOracle(loaded, f"{SEED}-{index}", pool, cache) for index in range(seeds)
        ]

    def mutant(self, exercise: Exercise, mutant: Mutant) -> Found:
        cell = self.loaded.solution_cell(exercise.name).source
        alternative = Alternative(mutant.name, "", {cell: mutant.source})
        for index, oracle in enumerate(self.oracles):
            if self.here:
                lost, explained = self._lost_here(oracle, exercise, alternative), ()
            else:
                lost, explained = self._assessed(oracle, exercise, alternative)
            if lost:
                verdict = "by chance" if index else "killed"
                break
        else:
            verdict = "equivalent"
        told = (mutant.operator, mutant.change)
        return Found(exercise.name, mutant.name, verdict, *told, explained, index + 1, lost)

    def variant(self, exercise: Exercise, variant: Alternative) -> Found:
        lost, explained = self._assessed(self.oracles[0], exercise, variant)
        own = _own_names(exercise, variant)
        verdict = "named" if own & set(explained) else "not named"
        if not lost:
            verdict = "trains"
        elif explained and explained[0] in own:
            verdict = "top 1"
        return Found(exercise.name, variant.name, verdict, explained_by=explained, lost=lost)

    def equivalent(self, exercise: Exercise, equivalent: Alternative) -> Found:
        lost, explained = self._assessed(self.oracles[0], exercise, equivalent)
        verdict = "failed" if lost else "passed"
        return Found(exercise.name, equivalent.name, verdict, explained_by=explained, lost=lost)

    def pair(self, exercise: Exercise, one: Alternative, other: Alternative) -> Found:
        """Two mistakes at once."""
        cell = self.loaded.solution_cell(exercise.name).source
        both = Alternative(f"{one.name} + {other.name}", "", {cell: together(cell, one, other)})
        lost, explained = self._assessed(self.oracles[0], exercise, both)
        verdict = "another" if explained else "unexplained"
        if not lost:
            verdict = "accepted"
        elif explained and explained[0] in _own_names(exercise, one) | _own_names(exercise, other):
            verdict = "top 1"
        return Found(exercise.name, both.name, verdict, explained_by=explained, lost=lost)

    def reference(self, exercise: Exercise, seed: int) -> Found:
        """The reference with random seeds of its own; with 0, on two threads instead."""
        oracle = self.oracles[0]
        cells = self.loaded.reference.cells
        if not seed:
            cells = ((0, TWO_THREADS[self.loaded.unit.framework]), *cells)
        program = Program(cells)
        with oracle.observer(program) as observer:
            asked = _Reseeded(observer, seed)
            numbered = tuple(ProgramCell(number, source, False) for number, source in cells)
            assessment = Assessment(numbered, program.digest, oracle, asked)
            result = assessment.exercises([without_training(exercise)])[0]
            if any(cell.status != "ok" for cell in observer.cells.values()):
                raise SystemExit(f"A cell of the reference of {self.loaded.name} fails.")
        name = f"reference, other seeds ({seed})" if seed else "reference, 2 threads"
        lost, explained = _losses(result, name)
        verdict = "failed" if lost else "passed"
        return Found(exercise.name, name, verdict, explained_by=explained, lost=lost)

    def _lost_here(
        self, oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative
    ) -> str:
        """The first check that fails, each judged as it is when grading; without explanation."""
        program = self.loaded.alternative(exercise, alternative)
        with oracle.observer(program) as observer:
            for check in without_training(exercise).checks:
                trial = oracle.trial(exercise, check)
                wanted = oracle.wanted(trial)
                found = trial.judged(observe_all(observer, trial))
                for item, want in zip(found, wanted, strict=True):
                    if item.status != "ok":
                        return f"{check.name} {item.status}"
                    if not check.judge(item.value, want).passed:
                        return f"{check.name} failed"
        return ""

    def _assessed(
        self, oracle: ReferenceOracle, exercise: Exercise, alternative: Alternative
    ) -> tuple[str, tuple[str, ...]]:
        rest = without_training(exercise)
        program = self.loaded.alternative(exercise, alternative)
        return _losses(assessed(oracle, rest, program), alternative.name)

    def close(self) -> None:
        for oracle in self.oracles:
            oracle.close()


class _Reseeded:
    """An observer that seeds every observation differently than it is asked to."""

    def __init__(self, observer: Observer, seed: int) -> None:
        self._observer = observer
        self._seed = seed
        self.patience = observer.patience

    @property
    def cells(self) -> Mapping[int, Evidence]:
        return self._observer.cells

    def observe(self, observation: Observation, cpu_seconds: float) -> Evidence:
        seed = (observation.seed + self._seed) % 2**32
        return self._observer.observe(replace(observation, seed=seed), cpu_seconds)


def _losses(result: ExerciseResult, name: str) -> tuple[str, tuple[str, ...]]:
    """Where points are lost, "" if nowhere, and what explains it, best first."""
    failed = [finding for finding in result.findings if finding.verdict != "passed"]
    if any(finding.verdict == "fault" for finding in failed):
        raise SystemExit(f"The grader failed on `{name}` of `{result.exercise}`.")
    names = dict.fromkeys(name for finding in failed for name in finding.explained_by)
    lost = ", ".join(f"{finding.check} {finding.verdict}" for finding in failed)
    return lost, tuple(names)


def _own_names(exercise: Exercise, variant: Alternative) -> set[str]:
    """The variant, and those that no case can tell from it."""
    others = {other.name for other in exercise.variants if variant.name in other.same_as}
    return {variant.name, *variant.same_as} | others


def together(cell: str, one: Alternative, other: Alternative) -> str | None:
    """A cell with the edits of two variants; None where they touch, or replace the function."""
    if not isinstance(one.edit, Mapping) or not isinstance(other.edit, Mapping):
        return None
    edits = [*one.edit.items(), *other.edit.items()]
    places = sorted((cell.find(old), len(old), new) for old, new in edits)
    if any(start + length > after for (start, length, _), (after, *_) in pairwise(places)):
        return None
    if places[0][0] < 0:
        return None  # a later edit of a text that an earlier one made
    for start, length, new in reversed(places):
        cell = cell[:start] + new + cell[start + length :]
    return cell


def pairs(loaded: LoadedUnit, most: int) -> list[tuple[Exercise, Alternative, Alternative]]:
    """Pairs of variants of one exercise, at most so many of a unit, drawn by its name."""
    found = [
        (exercise, one, other)
        for exercise in loaded.unit.exercises
        for one, other in combinations(exercise.variants, 2)
        if together(loaded.solution_cell(exercise.name).source, one, other) is not None
    ]
    return random.Random(loaded.name).sample(found, min(most, len(found)))


def studied(
    study: Study,
    exercises: Sequence[Exercise],
    jobs: int,
    progress: Progress,
    most_mutants: int | None = None,
    most_pairs: int = 40,
) -> dict[str, list[Found]]:
    """What became of all programs, by kind.

    Args:
        study: of the unit.
        exercises: those to study.
        jobs: how many programs run at once.
        progress: where it is shown.
        most_mutants: of an exercise, drawn by its name; None for all.
        most_pairs: of the whole unit.
    """
    work: list[tuple[str, Callable[[], Found]]] = []
    for exercise in exercises:
        cell = study.loaded.solution_cell(exercise.name).source
        made = list(mutants(cell, exercise.name))
        if most_mutants is not None and most_mutants < len(made):
            made = random.Random(exercise.name).sample(made, most_mutants)
        for mutant in made:
            work.append(("mutants", lambda e=exercise, m=mutant: study.mutant(e, m)))
        for variant in exercise.variants:
            work.append(("variants", lambda e=exercise, v=variant: study.variant(e, v)))
        for same in exercise.equivalents:
            work.append(("equivalents", lambda e=exercise, s=same: study.equivalent(e, s)))
        for seed in range(int(study.here), OTHER_SEEDS + 1):
            work.append(("equivalents", lambda e=exercise, s=seed: study.reference(e, s)))
    for pair in pairs(study.loaded, most_pairs):
        if pair[0] in exercises:
            work.append(("pairs", lambda p=pair: study.pair(*p)))
    about = exercises[0].name if len(exercises) == 1 else ""
    task = progress.add_task(f"{study.loaded.name} {about}", total=len(work))
    found: dict[str, list[Found]] = {kind: [] for kind in KINDS}
    with ThreadPoolExecutor(jobs) as executor:
        run = map if study.here else executor.map
        for (kind, _), one in zip(work, run(lambda job: job[1](), work), strict=True):
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
    rates(found)
    for one in found["mutants"]:
        if one.verdict != "killed":
            print(f"- `{one.exercise}` {one.verdict} ({one.operator}) {one.change}")
    for kind, fine in (("variants", "top 1"), ("equivalents", "passed"), ("pairs", "top 1")):
        for one in found[kind]:
            if one.verdict != fine and (kind, one.verdict) != ("pairs", "unexplained"):
                named = ", ".join(one.explained_by) or "nothing"
                lost = f" ({one.lost})" if one.verdict == "failed" else ""
                print(f"- `{one.exercise}` {one.name}: {one.verdict}{lost}, explained by {named}")


def rates(found: dict[str, list[Found]]) -> None:
    """How often right is told from wrong, and how often the right explanation is given."""
    verdicts = {kind: Counter(one.verdict for one in found[kind]) for kind in KINDS}
    mutants_, variants, pairs_ = (verdicts[kind] for kind in ("mutants", "variants", "pairs"))
    known = sum(variants.values()) - variants["trains"]
    both = sum(pairs_.values())
    wrong = mutants_["killed"] + mutants_["by chance"]
    accepted = mutants_["by chance"] + pairs_["accepted"]
    same = found["equivalents"]
    failed = sum(one.verdict == "failed" or bool(one.explained_by) for one in same)
    others = sum(bool(one.explained_by) for one in found["variants"] if one.verdict == "not named")
    print(f"\n- killed: {share(mutants_['killed'], wrong)}")
    given = wrong + known + both
    print(f"- mutants, variants and pairs accepted: {share(accepted, given)}")
    print(f"- variants explained by their own name first: {share(variants['top 1'], known)}")
    print(f"- variants explained by other names alone: {share(others, known)}")
    print(f"- pairs of variants explained by one of the two first: {share(pairs_['top 1'], both)}")
    print(f"- pairs explained by a third name alone or first: {share(pairs_['another'], both)}")
    print(f"- equivalents that lose points or are explained: {share(failed, len(same))}\n")


def write(units: Mapping[str, dict[str, list[Found]]], file: Path) -> None:
    """The verdicts of units, for `read`."""
    record = {
        unit: {kind: [asdict(one) for one in all_] for kind, all_ in found.items()}
        for unit, found in units.items()
    }
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read(files: Sequence[Path]) -> dict[str, dict[str, list[Found]]]:
    """Records of earlier runs; a later one replaces what an earlier one has of an exercise."""
    units: dict[str, dict[str, list[Found]]] = {}
    for file in files:
        for unit, record in json.loads(file.read_text(encoding="utf-8")).items():
            found = units.setdefault(unit, {kind: [] for kind in KINDS})
            for kind in KINDS:
                new = [
                    Found(**{**one, "explained_by": tuple(one["explained_by"])})
                    for one in record.get(kind, [])
                ]
                again = {one.exercise for one in new}
                found[kind] = [one for one in found[kind] if one.exercise not in again] + new
    return units


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("units", nargs="*")
    parser.add_argument("--exercise", nargs="+", help="these alone")
    parser.add_argument("--seeds", type=int, default=20, help="for mutants that keep full points")
    parser.add_argument("--sample", type=int, help="mutants of an exercise; else all")
    parser.add_argument("--pairs", type=int, default=40, help="pairs of variants of a unit")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--here", action="store_true", help="in this process, one by one")
    parser.add_argument("--json", type=Path, help="write all verdicts here")
    parser.add_argument("--read", type=Path, nargs="+", help="show these verdicts, run nothing")
    options = parser.parse_args()
    if options.read:
        units = read(options.read)
        for name, found in units.items():
            show(name, found)
        if len(units) > 1:
            print("\n## All of these units")
            rates(
                {kind: [one for found in units.values() for one in found[kind]] for kind in KINDS}
            )
        return
    course = Course.find(COURSE)
    record: dict[str, dict[str, list[Found]]] = {}
    pools = nullcontext(Here()) if options.here else Pool()
    with pools as pool, Progress(console=Console(stderr=True)) as progress:
        for name in options.units:
            loaded = course.load(name)
            found = record[name] = {kind: [] for kind in KINDS}
            study = Study(loaded, pool, options.seeds)
            try:
                for exercise in loaded.unit.exercises:
                    if options.exercise is not None and exercise.name not in options.exercise:
                        continue
                    most = options.sample, options.pairs
                    part = studied(study, [exercise], options.jobs, progress, *most)
                    for kind in KINDS:
                        found[kind] += part[kind]
                    if options.json is not None:  # what an interrupted run has seen is kept
                        write(record, options.json)
            finally:
                study.close()
            show(name, found)


if __name__ == "__main__":
    main()
