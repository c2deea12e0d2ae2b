"""`prepare(…)` in the first cell of a released notebook: fetch what should lie beside it.

Loads nothing slow until it is called.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from autograder.errors import CheckError

_SECONDS = 60.0  # without an answer
_CASES = ".cases"


def prepare(archive: str, files: Mapping[str, str], wheel: str) -> None:
    """Fetch the files that are missing in the notebook's folder; leave everything else alone.

    Public cases of another release are replaced.  Data that is there is never touched: it may have
    been changed on purpose.

    Args:
        archive: URL of the unit's archive, a zip whose members lie in a folder of its own name.
        files: the sha256 of each file, in hexadecimal, by its path in the notebook's folder.
        wheel: URL of the package that was released with the notebook.

    Raises:
        CheckError: something is missing, and the archive can't be fetched, is not the one that was
            released with the notebook, or can't be unpacked here; or the package that is installed
            can't read the public cases.
    """
    folder = Path.cwd()
    missing = [name for name in files if not _is_there(folder, name, files[name])]
    if missing:
        content = _download(archive, folder, missing)
        found = {name: _member(content, archive, name, files[name]) for name in missing}
        _write(folder, found)
        from autograder.report import output

        output.say(f"Fetched from {archive}: {', '.join(missing)}")
    for name in files:
        if name.endswith(_CASES):
            _require_readable(folder / name, wheel)


def _is_there(folder: Path, name: str, digest: str) -> bool:
    path = folder / name
    if not path.is_file():
        return False
    return not name.endswith(_CASES) or _sha256(path.read_bytes()) == digest


def _download(archive: str, folder: Path, missing: list[str]) -> bytes:
    import urllib.request
    from http.client import HTTPException
    from urllib.error import HTTPError

    try:
        with urllib.request.urlopen(archive, timeout=_SECONDS) as answer:
            content: bytes = answer.read()
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()  # it is the answer, too
        listed = " and ".join(f"`{name}`" for name in missing)
        raise CheckError(
            f"{listed} of this release must lie in `{folder}`, beside the notebook, and {archive} "
            f"can't be fetched: {error}. Is this computer online (on Kaggle: switch on Internet in "
            "the notebook's settings)? Then run this cell again. Otherwise download that file with "
            f"a browser, and unpack what lies in its folder `{_stem(archive)}` into `{folder}`."
        ) from None
    return content


def _member(content: bytes, archive: str, name: str, digest: str) -> bytes:
    """Return a file of the archive.

    Raises:
        CheckError: it is not there, or not what was released with the notebook.
    """
    import io
    import zipfile
    import zlib

    path = PurePosixPath(_stem(archive)) / name
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            found = opened.read(str(path))
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, RuntimeError) as error:
        raise _refused(archive, f"`{path}` can't be read from it ({error})") from None
    if (seen := _sha256(found)) != digest:
        raise _refused(archive, f"the sha256 of its `{path}` is {seen}, expected {digest}")
    return found


def _refused(archive: str, seen: str) -> CheckError:
    return CheckError(
        f"{archive} is not what was released with this notebook: {seen}. Nothing was written. Run "
        "this cell again. If it says the same, get the notebook itself again, where you got it; if "
        "that does not help, show this message to your teacher."
    )


def _write(folder: Path, found: Mapping[str, bytes]) -> None:
    from autograder.files import write_whole

    try:
        for name, content in found.items():
            write_whole(folder / name, content)
    except OSError as error:
        raise CheckError(
            f"The files of this unit can't be written to `{folder}`: {error.strerror or error}. "
            "Copy the notebook to a folder that you can write to, and open it there."
        ) from None


def _require_readable(cases: Path, wheel: str) -> None:
    """Raise CheckError if this package is of another version than these public cases.

    They are whole, as their sha256 says.
    """
    from autograder import __version__
    from autograder.student.public_cases import PublicCases

    if PublicCases.read(cases.read_bytes()) is None:
        released = PurePosixPath(wheel).name.split("-")[1]
        raise CheckError(
            f"`autograder` {__version__}, which is installed here, can't read `{cases.name}`; this "
            f"notebook was released with `autograder` {released}. Run in a new cell: %pip install "
            f"{wheel} and then restart the kernel, and run this cell again."
        )


def _stem(archive: str) -> str:
    return PurePosixPath(archive).stem


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
