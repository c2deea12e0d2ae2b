"""The sample class: the real command grades it, and every declaration beside a notebook holds.

`expected.toml` has one table a student:

    is          what the notebook is, in a line
    status      `graded` (default) or `ungradable`
    points      of the exercises that don't have all; a pair is the least and the most that is fair
    verdicts    of an exercise's checks that didn't pass, all of them; where nothing is said: failed
                (and skipped, where a check counts only beside another one)
    explained   the known mistakes that an exercise's findings name, all of them
    says        phrases that the student can read
    never       phrases that the student can't
    slow        true: grading takes long, so it isn't repeated with further seeds
"""

import csv
import fcntl
import json
import re
import sys
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.command import run_to_end
from support.make_submissions import SourceError, file_of, files_of_the_class
from support.places import ROOT, SAMPLE_SOURCES, SAMPLES

from autograder.results import record
from autograder.results.result import Result

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1100)]

UNITS = sorted(folder.name for folder in SAMPLES.iterdir() if folder.is_dir())
# The seed of `autograder check-course`: what the unit's own programs give is known from there.
SEED, FURTHER = "check-course-0", {"03_optimizers": ("another seed",)}
KEYS = {"is", "status", "points", "verdicts", "explained", "says", "never", "slow"}
# What an exercise is worth in each unit, as the notebooks say.
WORTH: dict[str, dict[str, float]] = {
    "01_two_layer_network": {
        "sigmoid": 2,
        "forward": 3,
        "cross_entropy": 2,
        "backward": 6,
        "gd_step": 2,
        "numerical_gradient": 2,
        "train_two_layer": 3,
    },
    "02_initialization": {
        "init_params": 7,
        "activation_stds": 4,
        "symmetry_report": 4,
        "keras_initializer": 3,
    },
    "03_optimizers": {
        "momentum_step": 4,
        "rmsprop_step": 4,
        "bias_correct": 3,
        "adam_step": 5,
        "minimise": 4,
    },
    "04_regularization": {
        "dropout_forward": 4,
        "dropout_backward": 3,
        "l2_penalty": 2,
        "l2_grad": 2,
        "l1_penalty": 1,
        "l1_grad": 2,
        "EarlyStopper": 4,
        "random_shift": 3,
        "random_flip": 2,
    },
    "05_batch_normalization": {
        "batchnorm_forward": 9,
        "batchnorm_backward": 5,
        "MyBatchNorm": 6,
    },
    "06_convolution_lenet_alexnet": {
        "conv_out_size": 2,
        "conv2d": 6,
        "pool2d": 4,
        "build_lenet5": 5,
        "build_alexnet_mini": 4,
    },
    "07_vgg_googlenet_resnet": {
        "vgg_block": 3,
        "build_vgg_mini": 4,
        "inception_block": 4,
        "build_googlenet_mini": 5,
        "identity_block": 4,
        "projection_block": 3,
        "build_resnet_mini": 4,
    },
    "08_sliding_windows_iou_nms": {
        "dense_to_conv": 2,
        "convolutionalise": 4,
        "sliding_window": 3,
        "iou": 3,
        "iou_matrix": 2,
        "nms": 4,
        "multiclass_nms": 3,
    },
    "09_yolo": {
        "encode_yolo": 4,
        "decode_yolo": 3,
        "yolo_loss": 4,
        "build_yolo": 4,
        "detect": 5,
    },
    "10_rcnn_family": {
        "propose_regions": 2,
        "crop_and_resize": 3,
        "svm_loss": 4,
        "roi_max_pool": 4,
        "generate_anchors": 3,
        "encode_deltas": 2,
        "decode_deltas": 2,
        "match_anchors": 4,
        "smooth_l1": 1,
        "rpn_loss": 3,
        "build_rpn": 5,
    },
    "11_style_transfer": {
        "content_cost": 3,
        "gram_matrix": 4,
        "style_layer_cost": 3,
        "style_cost": 2,
        "total_cost": 1,
        "style_step": 5,
    },
    "12_gru_lstm": {
        "gru_cell": 5,
        "lstm_cell": 5,
        "run_gru": 2.5,
        "run_lstm": 2.5,
        "gru_to_keras": 2,
        "build_own_rnn": 4,
        "build_classifier": 3,
    },
    "13_seq2seq_attention": {
        "teacher_inputs": 2,
        "additive_scores": 4,
        "attend": 4,
        "build_encoder_decoder": 4,
        "greedy_decode": 3,
        "beam_search": 6,
    },
    "14_ctc": {
        "ctc_collapse": 2,
        "ctc_greedy_decode": 2,
        "ctc_extend": 1,
        "ctc_nll": 5,
        "ctc_grad": 3,
        "ctc_prefix_beam": 4,
        "train_crnn": 3,
    },
}
EXPECTED = {
    unit: tomllib.loads((SAMPLES / unit / "expected.toml").read_text(encoding="utf-8"))
    for unit in UNITS
}
STUDENTS = [(unit, student) for unit in UNITS for student in EXPECTED[unit]]
QUICK = {
    unit: [student for student, expected in EXPECTED[unit].items() if not expected.get("slow")]
    for unit in UNITS
}


@pytest.fixture(scope="session")
def graded(shared: Path, shared_cache: Path) -> Any:
    """`graded(unit, seed)`: folder, exit status and output; each is graded once, by who asks."""

    @cache
    def grade(unit: str, seed: str = SEED) -> tuple[Path, int, str]:
        out = shared / "grades" / f"{unit} {seed}".replace(" ", "_")
        out.parent.mkdir(exist_ok=True)
        done = out.with_suffix(".done")
        with out.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                done.write_text(
                    json.dumps(graded_by_command(unit, seed, out, shared_cache)), encoding="utf-8"
                )
        status, output = json.loads(done.read_text(encoding="utf-8"))
        assert status in (0, 1), output
        return out, status, output

    return grade


def graded_by_command(unit: str, seed: str, out: Path, cache: Path) -> tuple[int, str]:
    """Exit status and output of the command that a teacher types."""
    quick = [SAMPLES / unit / f"{student}.ipynb" for student in QUICK[unit]]
    paths = [SAMPLES / unit] if seed == SEED else quick
    words = ["grade", *paths, "--seed", seed, "--out", out, "--course", ROOT]
    command = [sys.executable, "-m", "autograder", *map(str, words)]
    return run_to_end(command, 1000, XDG_CACHE_HOME=str(cache))


@pytest.fixture
def result(graded: Any) -> Any:
    """`result(unit, student)`: the record of a student."""

    def read(unit: str, student: str, seed: str = SEED) -> Result:
        path = graded(unit, seed)[0] / unit / f"{student}.json"
        return record.loads(path.read_text(encoding="utf-8"))

    return read


def texts(result: Result) -> list[str]:
    """All that a student reads, except code and what the program printed."""
    found = [result.problem, *result.notes, *(cell.error for cell in result.cells)]
    for finding in (finding for exercise in result.exercises for finding in exercise.findings):
        found += [finding.seen, finding.expected, finding.advice, *finding.remarks]
    return [text for text in found if text]


def points_of(result: Result) -> dict[str, float]:
    return {exercise.exercise: exercise.points for exercise in result.exercises}


# ------------------------------------------------------------------------------ the class itself


def test_notebooks_are_current():
    stale = [
        str(path.relative_to(ROOT))
        for path, content in files_of_the_class().items()
        if not path.is_file() or path.read_bytes() != content
    ]
    assert not stale, "not current: run `python tests/support/make_submissions.py`"


@pytest.mark.parametrize("unit", UNITS)
def test_every_notebook_is_declared(unit):
    folder = SAMPLES / unit
    declared = sorted(EXPECTED[unit])
    assert declared == sorted(path.stem for path in folder.glob("*.ipynb"))
    assert declared == sorted(path.stem for path in (SAMPLE_SOURCES / unit).glob("*.py"))
    assert len(declared) >= 14
    for student, expected in EXPECTED[unit].items():
        assert expected.keys() <= KEYS, student
        assert expected["is"].strip(), student
        named = {*expected.get("points", ()), *expected.get("explained", ())}
        assert named | expected.get("verdicts", {}).keys() <= WORTH[unit].keys(), student
        if expected.get("status", "graded") == "graded":
            nbformat.validate(nbformat.read(folder / f"{student}.ipynb", as_version=4))


@pytest.mark.parametrize("unit", UNITS)
def test_the_class_is_varied(unit):
    """At least six known mistakes over at least three exercises, and two in one notebook."""
    explained = [expected.get("explained", {}) for expected in EXPECTED[unit].values()]
    slips = Counter(name for own in explained for names in own.values() for name in names)
    assert len(slips) >= 6
    assert len({exercise for own in explained for exercise in own}) >= 3
    assert sum(len([n for names in own.values() for n in names]) >= 2 for own in explained) >= 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# %% nowhere\nx = 1\n", "names no cell"),
        ("# %% bias_correct\nx = 1\n", "needs a line"),
        ("# %% bias_correct twice\nx = 1\n", "what is `twice`"),
        ("#: colour = 3\n", "there are no settings ['colour']"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(tmp_path, text, message):
    release = json.loads((ROOT / "assignments/03_optimizers/03_optimizers.ipynb").read_text())
    source = tmp_path / "zoe.py"
    source.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=re.escape(message)):
        file_of(release, source)


# -------------------------------------------------------------------------------------- grading


@pytest.mark.parametrize(("unit", "student"), STUDENTS)
def test_points(result, unit, student):
    expected, got = EXPECTED[unit][student], result(unit, student)
    assert got.status == expected.get("status", "graded")
    if got.status == "ungradable":
        assert (got.points, got.exercises) == (0, ())
        return
    fair = {name: _range(expected, name, worth) for name, worth in WORTH[unit].items()}
    assert list(points_of(got)) == list(fair)
    off = {
        name: f"{points:g} instead of {fair[name]}"
        for name, points in points_of(got).items()
        if not fair[name][0] <= points <= fair[name][1]
    }
    assert not off
    assert got.points == pytest.approx(sum(points_of(got).values()))
    assert {e.exercise: e.max_points for e in got.exercises} == WORTH[unit]


def _range(expected: dict[str, Any], exercise: str, worth: float) -> list[float]:
    points = expected.get("points", {}).get(exercise, worth)
    return points if isinstance(points, list) else [points, points]


@pytest.mark.parametrize(("unit", "student"), STUDENTS)
def test_verdicts(result, unit, student):
    expected, got = EXPECTED[unit][student], result(unit, student)
    want = {name: ["failed"] for name in expected.get("points", {})}
    want |= expected.get("verdicts", {})
    seen = {}
    for exercise in got.exercises:
        verdicts = {finding.verdict for finding in exercise.findings} - {"passed"}
        if verdicts:
            # How much was skipped beside what was seen may depend on the machine's speed.
            beside = len(verdicts) > 1 and "skipped" not in want.get(exercise.exercise, ())
            seen[exercise.exercise] = verdicts - {"skipped"} if beside else verdicts
    assert seen == {name: set(verdicts) for name, verdicts in want.items()}


@pytest.mark.parametrize(("unit", "student"), STUDENTS)
def test_slips_are_recognised(result, unit, student):
    seen = {
        exercise.exercise: {name for finding in exercise.findings for name in finding.explained_by}
        for exercise in result(unit, student).exercises
    }
    want = EXPECTED[unit][student].get("explained", {})
    assert {name: names for name, names in seen.items() if names} == {
        name: set(names) for name, names in want.items()
    }


@pytest.mark.parametrize(("unit", "student"), STUDENTS)
def test_what_the_student_reads(result, unit, student):
    expected = EXPECTED[unit][student]
    read = "\n".join(texts(result(unit, student)))
    assert [phrase for phrase in expected.get("says", ()) if phrase not in read] == [], read
    assert [phrase for phrase in expected.get("never", ()) if phrase in read] == [], read


@pytest.mark.parametrize(("unit", "student"), STUDENTS)
def test_nothing_of_the_grader_shows(result, unit, student):
    """No machine's path, no traceback, no author's word, and nothing left unsaid."""
    got = result(unit, student)
    read = "\n".join(texts(got))
    for word in ("Traceback", "site-packages", "<check>", "left[", "`left`", "`right`", str(ROOT)):
        assert word not in read
    for finding in (finding for exercise in got.exercises for finding in exercise.findings):
        assert (finding.seen == "") == (finding.verdict == "passed"), finding.check


# ------------------------------------------------------------------------------- the whole class


@pytest.mark.parametrize("unit", UNITS)
def test_exit_status_says_that_some_are_not_gradable(graded, unit):
    out, status, output = graded(unit)
    assert status == 1
    assert str(out / "index.html") in output
    assert "Traceback" not in output


@pytest.mark.parametrize("unit", UNITS)
def test_csv_and_pages(graded, result, unit):
    out = graded(unit)[0]
    text = (out / "class.csv").read_text(encoding="utf-8-sig")
    rows = {row["student"]: row for row in csv.DictReader(text.splitlines())}
    assert list(rows) == sorted(EXPECTED[unit])
    index = (out / "index.html").read_text(encoding="utf-8")
    for student, row in rows.items():
        got = result(unit, student)
        assert (row["unit"], row["status"]) == (unit, got.status)
        assert float(row["points"]) == pytest.approx(got.points)
        for exercise, points in points_of(got).items():
            columns = [name for name in row if re.fullmatch(rf"{exercise}\b.*", name)]
            assert [float(row[name]) for name in columns] == [pytest.approx(points)]
        page = f"{unit}/{student}.html"
        assert page in index
        html = (out / page).read_text(encoding="utf-8")
        assert student in html
        assert SEED not in html  # the seed makes the hidden cases


@pytest.mark.parametrize("unit", UNITS)
def test_no_point_without_a_solution(result, unit):
    """What no cell answers earns nothing, whatever else the notebook holds."""
    unanswered = {
        (student, exercise)
        for student in EXPECTED[unit]
        for exercise in WORTH[unit]
        if not answered(SAMPLES / unit / f"{student}.ipynb", exercise)
    }
    assert len({student for student, _ in unanswered}) >= 3
    earned = {
        (student, exercise): points_of(result(unit, student)).get(exercise, 0)
        for student, exercise in unanswered
    }
    assert {key: points for key, points in earned.items() if points} == {}


def answered(path: Path, exercise: str) -> bool:
    """Whether a notebook has a cell that defines the exercise, other than the stub."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except nbformat.reader.NotJSONError:
        return False
    sources = [cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "code"]
    definition = rf"^(def|class) {exercise}[(:]"
    own = [source for source in sources if re.search(definition, source, re.MULTILINE)]
    return any("raise NotImplementedError()" not in source for source in own)


@pytest.mark.parametrize(
    ("unit", "seed"), [(unit, seed) for unit, seeds in FURTHER.items() for seed in seeds]
)
def test_another_seed_gives_the_same_points(result, unit, seed):
    students = QUICK[unit]
    assert len(students) >= 14
    first = {student: points_of(result(unit, student)) for student in students}
    assert {student: points_of(result(unit, student, seed)) for student in students} == first
