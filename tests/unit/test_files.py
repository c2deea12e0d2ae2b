"""Files are written whole or not at all, and locked by one at a time."""

import os
import stat
import subprocess
import sys
import threading

import pytest
from support.places import files_in

from autograder.files import PRIVATE, locked, private_folder, write_whole


def test_what_is_written_can_be_read(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    for content in (b"old", b"new and longer", b"", bytes(2**20)):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert files_in(tmp_path) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


def modes(path):
    return [stat.S_IMODE(one.stat().st_mode) for one in (path, *path.parents)]


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_a_private_file_or_folder_is_for_the_account_alone(tmp_path, umask):
    before, folder = os.umask(umask), tmp_path / "new" / "folder"
    try:
        private_folder(folder)
        write_whole(folder / "file", b"", mode=PRIVATE)
        write_whole(folder / "page", b"")
    finally:
        os.umask(before)
    assert modes(folder / "file")[:3] == [0o600, 0o700, 0o700]
    assert modes(folder / "page")[0] == 0o644


def test_a_folder_that_is_there_keeps_its_groups_rights_only(tmp_path):
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(0o2775)
    private_folder(folder)
    assert modes(folder)[0] == 0o2770


def test_rights_that_can_not_be_changed_are_no_error(tmp_path, monkeypatch):
    def refused(*_, **__):
        raise PermissionError

    tmp_path.chmod(0o755)
    monkeypatch.setattr("pathlib.Path.chmod", refused)
    private_folder(tmp_path)
    write_whole(tmp_path / "file", b"", mode=PRIVATE)
    assert modes(tmp_path / "file")[:2] == [0o600, 0o755]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_content(tmp_path, monkeypatch, step, error):
    path = tmp_path / "file"
    write_whole(path, b"old")

    def interrupted(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(step, interrupted)
        with pytest.raises(type(error)):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old" and files_in(tmp_path) == [path]


def test_readers_never_see_a_part(tmp_path):
    path, contents = tmp_path / "file", [bytes([i]) * 200_000 for i in range(3)]
    write_whole(path, contents[0])

    def write():
        for content in contents * 20:
            write_whole(path, content)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert path.read_bytes() in contents


def test_one_holder_at_a_time_of_a_lock_in_threads_and_processes(tmp_path):
    path = tmp_path / "lock"
    ask = "import sys\nfrom pathlib import Path\nfrom autograder.files import locked\n"
    ask += "with locked(Path(sys.argv[1]), wait=False):\n    print('held')"

    def other_process():
        command = [sys.executable, "-c", ask, str(path)]
        return subprocess.run(command, capture_output=True, text=True)

    with locked(path):
        assert "Timeout" in other_process().stderr
        with pytest.raises(TimeoutError), locked(path, wait=False):
            pass
    assert other_process().stdout == "held\n"


def test_a_lock_whose_file_its_holder_removes_is_still_held_by_one(tmp_path):
    path, inside, most = tmp_path / "lock", [], []

    def hold():
        for _ in range(20):
            with locked(path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
                path.unlink()

    threads = [threading.Thread(target=hold) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 80 and max(most) == 1


def test_a_lock_that_can_not_be_made_is_an_error_and_no_wait(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError), locked(tmp_path / "file" / "lock"):
        pass
