"""Files are written whole or not at all."""

import threading

import pytest
from support.places import files_in

from autograder.files import write_whole


def test_what_is_written_can_be_read(tmp_path):
    path = tmp_path / "new" / "folder" / "file"
    for content in (b"old", b"new and longer", b"", bytes(2**20)):
        write_whole(path, content)
        assert path.read_bytes() == content
    assert files_in(tmp_path) == [path]
    assert path.stat().st_mode & 0o777 == 0o644


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
