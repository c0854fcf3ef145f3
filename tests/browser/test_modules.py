"""What holds for every file of the web room, without a browser."""

from __future__ import annotations

import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[2] / "web"
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser|srcdoc|\bstyle=|<style"
)


def _files(*kinds: str) -> list[Path]:
    return [path for kind in kinds for path in WEB.rglob(kind) if "dist" not in path.parts]


def test_no_file_of_the_web_room_is_longer_than_four_hundred_lines() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in _files("*.js", "*.mjs", "*.css", "*.html")}
    assert lengths
    assert {name: length for name, length in lengths.items() if length >= 400} == {}


def test_no_file_makes_markup_or_code_of_text() -> None:
    files = _files("*.js", "*.html")
    assert files
    assert {path.name: found for path in files if (found := MARKUP.findall(path.read_text()))} == {}


def test_pages_load_nothing_from_elsewhere() -> None:
    files = _files("*.js", "*.html", "*.css")
    assert {
        path.name for path in files if re.search(r"(src|href)=\"(https?:)?//|@import|import\(.https", path.read_text())
    } == set()
