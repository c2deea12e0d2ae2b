"""Zip archives whose bytes depend on what is in them alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say
_UNIX = 3  # so that the members' modes below are read as such
_MODE = 0o100644


def packed(files: Mapping[str, bytes], compress: bool = True) -> bytes:
    """Return a zip archive of files by their path in it, in the order given.

    Compressed bytes are the same for one version of zlib; uncompressed ones are always the same.
    """
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method, compresslevel=9) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.compress_type = method
            entry.create_system = _UNIX
            entry.external_attr = _MODE << 16
            archive.writestr(entry, content, compresslevel=9)
    return written.getvalue()
