"""The cache: what is kept, what is not, and that nothing half-written is ever read."""

import hashlib
import hmac
import multiprocessing
import os
import stat
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from support.places import files_in

from autograder.grading.cache import DAY, KEEP_DAYS, Draft, EvidenceCache, remove_unused
from autograder.wire.codec import MAX_DEPTH, MAX_MESSAGE, pack, unpack
from autograder.wire.evidence import Evidence, Failure, data_of, evidence_of

FOUND = [
    Evidence("ok", {"a": [1, None, "x"]}, None, "printed"),
    Evidence("raised", None, Failure("ValueError", "shapes", 2, 3, "a @ b", "f")),
    Evidence("stub"),
    Evidence("missing", ["forwrad"], Failure("MissingName", "forward")),
]


def never() -> NoReturn:
    raise AssertionError("It was computed again.")


def test_what_is_put_is_there(tmp_path):
    cache = EvidenceCache(tmp_path, "s")
    assert cache.peek("key") is None
    cache.put("key", FOUND)
    assert cache.peek("key") == FOUND and cache.get("key", never) == FOUND


def test_another_instance_reads_what_one_has_put(tmp_path):
    EvidenceCache(tmp_path, "s").put("key", FOUND)
    assert EvidenceCache(tmp_path, "s").peek("key") == FOUND
    assert EvidenceCache(tmp_path, "s").get("key", never) == FOUND


def test_arrays_come_back_from_disk(tmp_path):
    array = np.array([[1.0, np.nan], [np.inf, -0.0]], dtype="float32")
    EvidenceCache(tmp_path, "s").put("key", [Evidence("ok", array)])
    (found,) = EvidenceCache(tmp_path, "s").peek("key") or []
    assert found.value.dtype == array.dtype and found.value.tobytes() == array.tobytes()


def kept_file(folder: Path, key: str) -> Path:
    (path,) = folder.rglob(f"{key}.evidence")
    return path


def aged(path: Path, days: float) -> None:
    old = path.stat().st_mtime - days * DAY
    os.utime(path, (old, old))


def test_evidence_that_nobody_asks_for_goes(tmp_path):
    cache = EvidenceCache(tmp_path, "s")
    for key in ("used", "unused", "young"):
        cache.put(key, FOUND)
    for key, days in {
        "used": KEEP_DAYS + 1,
        "unused": KEEP_DAYS + 1,
        "young": KEEP_DAYS - 1,
    }.items():
        aged(kept_file(tmp_path, key), days)
    assert EvidenceCache(tmp_path, "s").peek("used") == FOUND
    remove_unused(tmp_path)
    assert [
        key for key in ("used", "unused", "young") if EvidenceCache(tmp_path, "s").peek(key)
    ] == [
        "used",
        "young",
    ]


def test_evidence_is_looked_through_once_a_day(tmp_path):
    remove_unused(tmp_path / "new")
    folder = tmp_path / "new"
    EvidenceCache(folder, "s").put("unused", FOUND)
    unused = kept_file(folder, "unused")
    aged(unused, KEEP_DAYS + 1)
    remove_unused(folder)
    assert unused.exists()
    aged(folder / ".looked", 1)
    remove_unused(folder)
    assert not unused.exists()


def test_keys_do_not_meet(tmp_path):
    cache = EvidenceCache(tmp_path, "s")
    cache.put("abc", FOUND[:1])
    cache.put("abd", FOUND[1:])
    again = EvidenceCache(tmp_path, "s")
    assert again.peek("abc") == FOUND[:1] and again.peek("abd") == FOUND[1:]
    assert again.peek("abe") is None


def test_without_a_folder_evidence_is_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = EvidenceCache(None)
    cache.put("key", FOUND)
    assert cache.get("key", never) == FOUND
    assert EvidenceCache(None).peek("key") is None and files_in(tmp_path) == []


@pytest.mark.parametrize("status", ["timeout", "memory", "died", "skipped", "forbidden"])
def test_what_may_be_the_machines_doing_is_not_kept(tmp_path, status):
    cache = EvidenceCache(tmp_path, "s")
    found = [*FOUND, Evidence(status)]
    assert cache.get("key", lambda: found) == found
    assert cache.peek("key") is None and EvidenceCache(tmp_path, "s").peek("key") is None
    assert files_in(tmp_path) == []


DAMAGE = {
    "empty": lambda content: b"",
    "cut": lambda content: content[:-1],
    "half": lambda content: content[: len(content) // 2],
    "longer": lambda content: content + b"\x00",
    "zeros": lambda content: bytes(len(content)),
    "noise": lambda content: bytes(i * 73 % 256 for i in range(500)),
    "text": lambda content: b"<html>",
    "a bit": lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
    "a page of zeros": lambda content: content[:40] + bytes(40) + content[80:],
    # Whole files, by somebody who can write but doesn't know the secret.
    "another status": lambda content: hashed(content[32:].replace(b"raised", b"passed")),
    "as it was, without a secret": lambda content: hashed(content[32:]),
    "with another secret": lambda content: marked(content[32:], secret="guess"),
    "of another name": lambda content: marked(content[32:], name="kez"),
    "no mark": lambda content: bytes(32) + content[32:],
}
ODD = {
    # By somebody who knows the secret: another version.
    "a number": lambda content: entry(1),
    "a dict": lambda content: entry({"status": "ok"}),
    "numbers": lambda content: entry([1, 2]),
    "three parts": lambda content: entry(["key", [], []]),
    "a list for a key": lambda content: entry([[], []]),
    "another key": lambda content: content.replace(b"key", b"kez"),
    "another status": lambda content: content.replace(b"raised", b"passed"),
    "an array": lambda content: entry(["key", [{"status": np.zeros(3)}]]),
    "of another length": lambda content: bytes([content[0] - 1]) + content[1:],
    "without lengths": lambda content: content[4:],
    "nothing": lambda content: b"",
}


def entry(value: Any) -> bytes:
    """One entry of a file's content."""
    packed = pack(value)
    return len(packed).to_bytes(4, "little") + packed


def hashed(content: bytes) -> bytes:
    """Content behind what anybody can compute."""
    return hashlib.sha256(content).digest() + content


def marked(content: bytes, name: str = "key", secret: str = "s") -> bytes:
    """Content as it stands in a file of this name, for who knows this secret."""
    key = hmac.digest(secret.encode(), b"autograder: mark of evidence", "sha256")
    return hmac.digest(key, name.encode() + b"\0" + content, "sha256") + content


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_file_is_as_good_as_absent(tmp_path, name):
    EvidenceCache(tmp_path, "s").put("key", FOUND)
    path = kept_file(tmp_path, "key")
    path.write_bytes(DAMAGE[name](path.read_bytes()))
    cache = EvidenceCache(tmp_path, "s")
    assert cache.peek("key") is None and cache.peek("key") is None
    assert cache.refused == 1
    assert EvidenceCache(tmp_path, "s").get("key", lambda: FOUND[:1]) == FOUND[:1]
    assert EvidenceCache(tmp_path, "s").peek("key") == FOUND[:1]


@pytest.mark.parametrize("name", ODD)
def test_a_file_of_another_version_is_as_good_as_absent(tmp_path, name):
    EvidenceCache(tmp_path, "s").put("key", FOUND)
    path = kept_file(tmp_path, "key")
    path.write_bytes(marked(ODD[name](path.read_bytes()[32:])))
    assert EvidenceCache(tmp_path, "s").peek("key") is None
    assert EvidenceCache(tmp_path, "s").get("key", lambda: FOUND[:1]) == FOUND[:1]


def test_who_knows_the_secret_alone_can_write_what_counts(tmp_path):
    """The marks of this file are right: those above fail for what they say."""
    EvidenceCache(tmp_path, "s").put("key", FOUND)
    path = kept_file(tmp_path, "key")
    assert path.read_bytes() == marked(path.read_bytes()[32:])
    path.write_bytes(marked(entry(["key", [data_of(FOUND[2])]])))
    assert EvidenceCache(tmp_path, "s").peek("key") == FOUND[2:3]


def test_a_file_of_another_program_is_not_taken_for_this_one(tmp_path):
    for name, found in {"right": FOUND[:1], "wrong": FOUND[2:3]}.items():
        draft = Draft(EvidenceCache(tmp_path, "s"), name)
        draft.put("check", found)
        draft.keep()
    wrong = kept_file(tmp_path, "wrong")
    wrong.write_bytes(kept_file(tmp_path, "right").read_bytes())
    cache = EvidenceCache(tmp_path, "s")
    assert Draft(cache, "wrong").peek("check") is None and cache.refused == 1


def test_secrets_do_not_disturb_each_other(tmp_path):
    for secret in ("one", "other"):
        EvidenceCache(tmp_path, secret).put("key", FOUND)
    for secret in ("one", "other", "third"):
        cache = EvidenceCache(tmp_path, secret)
        assert (cache.peek("key") == FOUND, cache.refused) == (secret != "third", 0)
    with pytest.raises(ValueError):
        EvidenceCache(tmp_path, "")


def test_files_are_for_the_account_alone_whatever_its_umask(tmp_path):
    before = os.umask(0)
    try:
        remove_unused(tmp_path / "autograder" / "evidence")
        EvidenceCache(tmp_path / "autograder" / "evidence", "s").put("key", FOUND)
    finally:
        os.umask(before)
    made = [path for path in tmp_path.rglob("*") if path.name != ".looked"]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()}
    assert modes == {0o700} and len(made) == 5
    assert stat.S_IMODE(kept_file(tmp_path, "key").stat().st_mode) == 0o600


def test_refused_files_of_all_processes_are_told_once(tmp_path, caplog):
    for key in ("one", "two"):
        EvidenceCache(tmp_path, "s").put(key, FOUND)
        kept_file(tmp_path, key).write_bytes(b"forged")
    cache = EvidenceCache(tmp_path, "s")
    child = os.fork()
    if child == 0:
        os._exit(0 if cache.peek("one") is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert cache.peek("one") is None and cache.peek("two") is None
    cache.warn_of_refused()
    cache.warn_of_refused()
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith("2 files of kept evidence")


def test_a_folder_in_the_place_of_a_file_is_as_good_as_absent(tmp_path):
    EvidenceCache(tmp_path, "s").put("key", FOUND)
    (path,) = files_in(tmp_path)
    path.unlink()
    path.mkdir()
    assert EvidenceCache(tmp_path, "s").peek("key") is None


def test_evidence_too_large_for_one_file_is_kept_in_memory_only(tmp_path):
    cache, array = EvidenceCache(tmp_path, "s"), np.zeros(MAX_MESSAGE // 8 - 1000)
    found = [Evidence("ok", array), Evidence("ok", array)]
    assert cache.get("key", lambda: found) == found
    assert cache.get("key", never) == found
    assert EvidenceCache(tmp_path, "s").peek("key") is None and files_in(tmp_path) == []


def test_evidence_nested_as_deeply_as_it_can_arrive_is_answered(tmp_path):
    value: Any = 1.0
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    found = [evidence_of(unpack(pack(data_of(Evidence("ok", value)))))]
    assert EvidenceCache(tmp_path, "s").get("key", lambda: found) == found


def test_threads_that_ask_at_once_share_one_computation(tmp_path):
    cache, computed, got = EvidenceCache(tmp_path, "s"), [], []
    barrier = threading.Barrier(8)

    def compute():
        computed.append(1)
        time.sleep(0.05)
        return FOUND

    def ask():
        barrier.wait()
        got.append(cache.get("key", compute))

    run_all([ask] * 8)
    assert len(computed) == 1 and got == [FOUND] * 8


def run_all(targets: Iterable[Callable[[], object]]) -> None:
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)


def test_computations_for_different_keys_run_at_once(tmp_path):
    cache, barrier = EvidenceCache(tmp_path, "s"), threading.Barrier(2, timeout=10)

    def compute():
        barrier.wait()
        return FOUND

    got = []

    def get(key: str) -> None:
        got.append(cache.get(key, compute))

    run_all([partial(get, key) for key in ("a", "b")])
    assert got == [FOUND, FOUND]


def test_one_computation_may_ask_for_another(tmp_path):
    cache = EvidenceCache(tmp_path, "s")
    assert cache.get("outer", lambda: cache.get("inner", lambda: FOUND)) == FOUND
    assert cache.peek("inner") == FOUND


@pytest.mark.timeout(20)
def test_computations_whose_files_lie_side_by_side_may_ask_for_each_other(tmp_path):
    cache = EvidenceCache(tmp_path, "s")
    assert cache.get("same", lambda: cache.get("sake", lambda: FOUND)) == FOUND


def test_processes_that_ask_at_once_share_one_computation(tmp_path):
    fork = multiprocessing.get_context("fork")
    computed, begin = fork.Value("i", 0), fork.Barrier(4)

    def compute():
        with computed.get_lock():
            computed.value += 1
        time.sleep(0.1)
        return FOUND

    def ask():
        begin.wait()
        os._exit(0 if EvidenceCache(tmp_path, "s").get("key", compute) == FOUND else 1)

    processes = [fork.Process(target=ask) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(20)
    assert [process.exitcode for process in processes] == [0] * 4
    assert computed.value == 1
    assert len(files_in(tmp_path)) == 1  # and no lock is left


def test_a_computation_that_fails_leaves_nothing_and_may_be_tried_again(tmp_path):
    cache = EvidenceCache(tmp_path, "s")
    with pytest.raises(ZeroDivisionError):
        cache.get("key", lambda: [FOUND[1 // 0]])
    assert cache.peek("key") is None
    assert cache.get("key", lambda: FOUND) == FOUND


def test_a_draft_is_kept_as_a_whole_in_one_file(tmp_path):
    draft = Draft(EvidenceCache(tmp_path, "s"), "program")
    draft.put("one", FOUND[:1])
    assert draft.get("two", lambda: FOUND) == FOUND
    assert draft.get("two", never) == FOUND and draft.peek("one") == FOUND[:1]
    assert files_in(tmp_path) == []
    draft.keep()
    assert len(files_in(tmp_path)) == 1
    again = Draft(EvidenceCache(tmp_path, "s"), "program")
    assert again.get("two", never) == FOUND and again.peek("one") == FOUND[:1]
    assert Draft(EvidenceCache(tmp_path, "s"), "another").peek("one") is None


def test_a_draft_keeps_what_was_asked_for_and_writes_only_news(tmp_path):
    first = Draft(EvidenceCache(tmp_path, "s"), "program")
    first.put("asked", FOUND)
    first.put("not asked", FOUND)
    first.keep()
    (path,) = files_in(tmp_path)
    path.chmod(0o640)  # which a file written anew does not have
    same = Draft(EvidenceCache(tmp_path, "s"), "program")
    assert same.get("asked", never) == FOUND
    same.keep()
    assert path.stat().st_mode & 0o777 == 0o640
    edited = Draft(EvidenceCache(tmp_path, "s"), "program")
    assert edited.get("asked", never) == FOUND
    assert edited.get("new", lambda: FOUND[:1]) == FOUND[:1]
    edited.keep()
    last = Draft(EvidenceCache(tmp_path, "s"), "program")
    assert last.peek("asked") == FOUND and last.peek("new") == FOUND[:1]
    assert last.peek("not asked") is None


def test_what_is_too_large_for_a_draft_leaves_the_rest(tmp_path):
    draft, array = Draft(EvidenceCache(tmp_path, "s"), "program"), np.zeros(MAX_MESSAGE // 8 - 1000)
    draft.put("large", [Evidence("ok", array), Evidence("ok", array)])
    draft.put("small", FOUND)
    draft.keep()
    again = Draft(EvidenceCache(tmp_path, "s"), "program")
    assert again.peek("large") is None and again.peek("small") == FOUND


@pytest.mark.parametrize("status", ["timeout", "memory", "died", "skipped", "forbidden"])
def test_nothing_of_a_draft_is_kept_where_something_may_be_the_machines_doing(tmp_path, status):
    draft = Draft(EvidenceCache(tmp_path, "s"), "program")
    draft.put("one", FOUND)
    draft.put("two", [Evidence(status)])
    draft.keep()
    assert files_in(tmp_path) == [] and draft.peek("two") == [Evidence(status)]
