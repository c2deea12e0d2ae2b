"""Where the tests find what they use."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "tests" / "data"
SAMPLES = DATA / "submissions"
SAMPLE_SOURCES = DATA / "sources"  # what the samples are made of
ESCAPES = DATA / "escapes"
TINY = DATA / "course"  # a course of two small units


def files_in(folder: Path) -> list[Path]:
    """Return all files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]
