"""What the README's first screen shows is there."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image
from support.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
SCRIPT = ROOT / "scripts" / "pictures.py"
# The text in brackets, and what it links to in this repository.
LINKS = re.findall(r"(!?)\[([^\]]*)\]\(([^)#:]+)(?:#[^)]*)?\)", README)
PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.png"))


def test_the_picture_of_a_finding_stands_on_the_first_screen_with_an_alternative_text() -> None:
    shown = {target: text for mark, text, target in LINKS if mark}
    assert "momentum_step" in shown["docs/pictures/finding.png"]
    assert all(len(text) > 40 for text in shown.values())
    assert README.index("docs/pictures/finding.png") < README.index("\n## Use")


def test_what_the_readme_links_to_is_there() -> None:
    targets = {target for _, _, target in LINKS}
    assert {"LICENSE", "CONTRIBUTING.md", "docs/pictures/class.png"} <= targets
    assert [target for target in sorted(targets) if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.name)
def test_pictures_are_sharp_light_and_small(path: Path) -> None:
    with Image.open(path) as image:
        assert image.format == "PNG" and image.width >= 1280
        corner = image.convert("RGB").getpixel((2, 2))
    assert isinstance(corner, tuple) and min(corner) > 230
    assert path.stat().st_size < 150_000
    assert f"docs/pictures/{path.name}" in README


def test_without_a_browser_the_script_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={"PATH": str(tmp_path), "HOME": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("No browser was found") and "apt-get install" in done.stderr


# Another project's: the package index has it under that name.
STRANGER = re.compile(r"pip3? install (?:-\S+ )*['\"]?autograder\b")


def test_no_text_recommends_to_install_what_is_not_ours() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    texts = [ROOT / name for name in listed.stdout.splitlines() if not name.startswith("tests/")]
    kinds = {".md", ".py", ".ipynb", ".yml", ".yaml", ".sh", ".txt", ".toml", ""}
    texts = [path for path in texts if path.suffix in kinds]
    assert len(texts) > 200
    for path in texts:
        assert not STRANGER.search(path.read_text(encoding="utf-8")), path
    assert STRANGER.search("`pip install 'autograder[jax]'`")


def test_the_license_is_the_one_that_the_package_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"[{declared['license']}](LICENSE)" in README
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith(f"{declared['license']} ")
