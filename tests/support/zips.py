"""Zips made in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

Content = str | bytes | zipfile.ZipInfo


def zip_of(files: Mapping[str, Content], packing: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The bytes of a zip; for a member's own header it holds some text."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, content in files.items():
            if isinstance(content, zipfile.ZipInfo):
                archive.writestr(content, "/etc/passwd")
            else:
                archive.writestr(name, content)
    return stream.getvalue()
