"""A zip that a student handed in, in the zip of the class: as if that one had been unpacked."""

from __future__ import annotations

import os
import random
import stat
import struct
import threading
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from support.zips import Content, zip_of

from autograder.submissions import open_zips, places, zips
from autograder.submissions.content import UnreadableError
from autograder.submissions.file import MIB
from autograder.submissions.identify import discover
from autograder.submissions.open_zips import Archives

UNIT = "01_lines"
NB = f"{UNIT}.ipynb"


def link(name: str) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.external_attr = (stat.S_IFLNK | 0o777) << 16
    return member


def with_header(data: bytes, in_file: int, in_table: int, value: bytes) -> bytes:
    """A zip of one member in whose two headers something else stands."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x03\x04", in_file), (b"PK\x01\x02", in_table)):
        at = data.index(mark) + offset
        changed[at : at + len(value)] = value
    return bytes(changed)


def encrypted(data: bytes) -> bytes:
    return with_header(data, 6, 8, b"\1\0")


def said_size(data: bytes, size: int) -> bytes:
    return with_header(data, 22, 24, size.to_bytes(4, "little"))


def at_offset(name: str, offset: int) -> bytes:
    """A zip of one member that should lie where no file reaches."""
    where = struct.pack("<HHQ", 1, 8, offset)
    sizes = (1, 1, len(name), len(where))
    table = struct.pack("<4s16x2L5H2L", b"PK\1\2", *sizes, 0, 0, 0, 0, 2**32 - 1)
    table += name.encode() + where
    return table + struct.pack("<4s4x2H2L2x", b"PK\5\6", 1, 1, len(table), 0)


GOOD = zip_of({NB: "bo"})


def class_of(top: Path, files: Mapping[str, Content], own: bytes | None = None) -> Path:
    """The zip of a class in which there is a good hand-in, of `ada`."""
    path = top / "class.zip"
    path.write_bytes(own or zip_of({f"ada/{NB}": "ada", **files}))
    return path


def said_of(path: Path) -> dict[str, list[str]]:
    """What each student's notebooks hold, or why they can't be read."""
    archives = Archives()

    def each() -> Iterator[tuple[str, list[str]]]:
        for hand_in in discover([path], [UNIT]).hand_ins:
            texts = []
            for placed in hand_in.files:
                try:
                    texts.append(places.read(placed.file, archives).decode())
                except UnreadableError as error:
                    texts.append(str(error))
            yield hand_in.student, texts

    found = dict(each())
    archives.close()
    return found


def shown(value: str | bytes) -> str:
    return value if isinstance(value, str) else "zip"


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("name", ["bo.zip", "bo/homework.zip", "bo/a/b/Homework.ZIP"])
def test_it_is_opened(tmp_path: Path, name: str, packing: int) -> None:
    path = class_of(tmp_path, {}, zip_of({f"ada/{NB}": "ada", name: GOOD}, packing))
    assert said_of(path) == {"ada": ["ada"], "bo": ["bo"]}


def test_it_is_shown_by_its_whole_path(tmp_path: Path) -> None:
    path = class_of(tmp_path, {"bo/homework.zip": zip_of({f"deep/{NB}": "bo"})})
    (file,) = (one.files[0].file for one in discover([path], [UNIT]).hand_ins[1:])
    assert file.path == f"{path}/bo/homework.zip/deep/{NB}"


@pytest.mark.parametrize(
    ("inner", "words"),
    [
        (zip_of({"bo.zip": GOOD}), "An archive inside another archive is not opened."),
        (zip_of({f"../ada/{NB}": "bo"}), "leads out of the archive"),
        (zip_of({f"/ada/{NB}": "bo"}), "leads out of the archive"),
        (zip_of({NB: link(NB)}), f"The member `{NB}` of the archive is a link"),
        (encrypted(GOOD), "is encrypted"),
        (zip_of({NB: "bo"}, zipfile.ZIP_LZMA), "is packed by an unusual method"),
        (zip_of({NB: bytes(2 * MIB)}), "unpacks to more than 200 times its size"),
        (said_size(zip_of({NB: "bo" * 500}), 20), f"The member `bo/x.zip/{NB}` of the archive"),
        (at_offset(NB, 2**64 - 1), f"The member `bo/x.zip/{NB}` of the archive is damaged"),
        (GOOD[:60], "The archive is damaged: `File is not a zip file`"),
        (b"", "The archive is damaged"),
        (b"no zip", "The archive is damaged"),
        (zip_of({"x.py": ""}), "Handed in `x.py` (a Python script), not a notebook"),
        (zip_of({}), "The folder is empty"),
    ],
    ids=shown,
)
def test_what_is_wrong_with_it_is_its_owners_alone(
    tmp_path: Path, inner: bytes, words: str
) -> None:
    found = said_of(class_of(tmp_path, {"bo/x.zip": inner}))
    assert found["ada"] == ["ada"]
    assert set(found) == {"ada", "bo"}
    assert len(found["bo"]) == 1
    assert words in found["bo"][0]
    unpacked = tmp_path / "unpacked"
    (unpacked / "ada").mkdir(parents=True)
    (unpacked / "ada" / NB).write_text("ada")
    (unpacked / "bo").mkdir()
    (unpacked / "bo" / "x.zip").write_bytes(inner)
    assert said_of(unpacked) == found


@pytest.mark.parametrize(
    ("outer", "words"),
    [
        (encrypted(zip_of({"bo.zip": GOOD})), "The member `bo.zip` of the archive is encrypted"),
        (zip_of({"bo.zip": link("bo.zip")}), "is a link"),
        (zip_of({"bo.zip": GOOD}, zipfile.ZIP_LZMA), "is packed by an unusual method"),
        (zip_of({"bo.zip": bytes(2 * MIB)}), "unpacks to more than 200 times its size"),
        (said_size(zip_of({"bo.zip": GOOD}), len(GOOD) - 9), "The archive is damaged: `Bad CRC"),
        (said_size(zip_of({"bo.zip": GOOD}), 0xFFFFFF00), "unpacks to more than 200 times"),
    ],
    ids=shown,
)
def test_a_member_of_the_class_that_lies_gives_nothing(
    tmp_path: Path, outer: bytes, words: str
) -> None:
    found = said_of(class_of(tmp_path, {}, outer))
    assert set(found) == {"bo"}
    assert words in found["bo"][0]


def test_any_changed_byte_is_its_owners_alone(tmp_path: Path) -> None:
    chance = random.Random(1)
    inner = zip_of({NB: "bo" * 50, "x/y.py": ""})
    for at in range(len(inner)):
        changed = bytearray(inner)
        changed[at] ^= chance.randrange(1, 256)
        found = said_of(class_of(tmp_path, {"bo.zip": bytes(changed)}))
        assert set(found) == {"ada", "bo"}, at
        assert found["ada"] == ["ada"], at


# Limits.


def test_archives_of_a_hand_in_have_a_limit_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = zip_of({NB: os.urandom(700_000).hex()}, zipfile.ZIP_STORED)
    files = {"bo/a.zip": large, "bo/b.zip": large, "bo/c.zip": GOOD, "cy.zip": large}
    monkeypatch.setattr(zips, "MAX_INNER_BYTES", 2 * MIB)
    found = said_of(class_of(tmp_path, files))
    assert [len(text) for text in (found["bo"][0], *found["cy"])] == [1_400_000] * 2
    assert "This archive of 1.3 MiB is not opened" in found["bo"][1]
    assert "at most 2 MiB" in found["bo"][1]
    assert found["bo"][2] == "bo"


def test_what_is_not_opened_costs_nothing(tmp_path: Path) -> None:
    """A data set in an archive of 300 MiB beside the notebook, as the headers say."""
    data = zip_of({f"bo/{NB}": "bo", "bo/x.zip": GOOD})
    at = data.rindex(b"PK\x01\x02")
    sizes = (2**20 * 300).to_bytes(4, "little") * 2
    found = said_of(class_of(tmp_path, {}, data[: at + 20] + sizes + data[at + 28 :]))
    assert found["bo"][0] == "bo"
    assert "This archive of 300.0 MiB is not opened" in found["bo"][1]


def test_as_many_archives_as_notebooks_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "MAX_INNER", 3)
    files = {f"bo/{number}.zip": GOOD for number in range(5)}
    found = said_of(class_of(tmp_path, {**files, "cy.zip": GOOD}))
    assert (found["bo"][:3], found["cy"]) == (["bo"] * 3, ["bo"])
    assert all("at most 3 archives of a hand-in" in text for text in found["bo"][3:])


def test_what_lies_in_it_counts_for_the_hand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "MAX_ENTRIES", 20)
    ten = zip_of({f"{number}.py": "" for number in range(12)})
    many = zip_of({f"{number}.py": "" for number in range(30)})
    files: dict[str, Content] = {
        "bo/a.zip": ten,
        "bo/b.zip": ten,
        f"bo/{NB}": "bo",
        "cy.zip": ten,
        "di.zip": many,
    }
    found = said_of(class_of(tmp_path, files))
    assert "more than 20 files in this part of the archive" in found["bo"][0]
    assert "not a notebook" in found["cy"][0]
    assert "it has 30 members. The limit is 20" in found["di"][0]


def test_a_huge_table_of_members_is_refused_before_it_is_taken_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_zips, "_MAX_HAND_IN_DIRECTORY_BYTES", 1000)
    many = zip_of({f"{number}.py": "" for number in range(30)})
    found = said_of(class_of(tmp_path, {"bo.zip": many, "cy.zip": GOOD}))
    assert "its table of members has more than" in found["bo"][0]
    assert found["cy"] == ["bo"]


def test_members_are_counted_before_they_are_taken_in(tmp_path: Path) -> None:
    """Seven tables of 180,000 members each, which fit into a small archive."""
    entry = b"PK\1\2%c" + bytes(41)
    checks = random.Random(1).randbytes(8 * MIB // 46)  # without them it is a bomb by its ratio
    table = b"".join([entry % number for number in checks])
    end = b"PK\5\6" + bytes(8) + len(table).to_bytes(4, "little") + bytes(6)
    files = {f"bo/{number}.zip": table + end for number in range(7)}
    path = class_of(tmp_path, files)
    assert path.stat().st_size < 4 * MIB
    began = time.process_time()
    found = said_of(path)
    assert time.process_time() - began < 3  # and not 8 s
    assert found["ada"] == ["ada"]
    assert all("has more than 50,000" in text for text in found["bo"])
    assert len(found["bo"]) == 7
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "bo.zip").write_bytes(table + end)
    assert "has more than 50,000" in said_of(tmp_path / "folder")["bo"][0]


def test_one_that_grew_since_it_was_found_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, bo) = discover([class_of(tmp_path, {"bo.zip": GOOD})], [UNIT]).hand_ins
    monkeypatch.setattr(open_zips, "MAX_INNER_BYTES", 100)
    with (
        closing(Archives()) as archives,
        pytest.raises(UnreadableError, match="changed while it was read"),
    ):
        places.read(bo.files[0].file, archives)


def test_of_a_class_one_is_held_at_a_time(tmp_path: Path) -> None:
    size = 4 * MIB
    files = {
        f"s{number}.zip": zip_of({NB: os.urandom(size)}, zipfile.ZIP_STORED) for number in range(12)
    }
    path = class_of(tmp_path, files)
    files.clear()
    archives = Archives()
    tracemalloc.start()
    try:
        found = discover([path], [UNIT]).hand_ins
        assert tracemalloc.get_traced_memory()[1] < 2.5 * size  # it grows by an eighth at a time
        tracemalloc.reset_peak()
        assert len([places.read(one.files[0].file, archives) for one in found[1:4]]) == 3
        assert tracemalloc.get_traced_memory()[1] < 6.5 * size  # three notebooks among it
    finally:
        tracemalloc.stop()
    archives.close()


def test_it_is_unpacked_once_for_all_that_is_read_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {f"{number}.ipynb": "x" for number in range(30)} | {"helper.py": ""}
    path = class_of(tmp_path, {"bo.zip": zip_of(files)})
    (_, bo) = discover([path], [UNIT]).hand_ins
    unpacked, times = open_zips._zip_in, []

    def counted(outer: zipfile.ZipFile, index: int) -> zipfile.ZipFile:
        times.append(index)
        return unpacked(outer, index)

    monkeypatch.setattr(open_zips, "_zip_in", counted)
    with closing(Archives()) as archives:
        for placed in bo.files:
            assert places.read(placed.file, archives) == b"x"
            assert places.beside(placed.file, archives) == ("helper.py",)
    assert times == [1]


def test_threads_and_processes_read_their_own(tmp_path: Path) -> None:
    names = [f"s{number}" for number in range(8)]
    files = {f"{name}.zip": zip_of({NB: name * 10_000}) for name in names}
    found = discover([class_of(tmp_path, files)], [UNIT]).hand_ins[1:]
    archives = Archives()
    wrong: list[str] = []

    def read_all() -> None:
        for _ in range(20):
            wrong.extend(
                one.student
                for one in found
                if places.read(one.files[0].file, archives).decode() != one.student * 10_000
            )

    in_threads([read_all] * 4)
    if (child := os.fork()) == 0:
        read_all()
        os._exit(len(wrong))
    assert (os.waitpid(child, 0)[1], wrong) == (0, [])
    archives.close()


def in_threads(work: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
