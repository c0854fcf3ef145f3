"""Writes `schema/` and the generated parts of `docs/protocol.md`; with `--check` only says what differs."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ringline_core.wire.export.schemas import DIRECTIONS, schema_of
from ringline_core.wire.export.tables import tables

ROOT = Path(__file__).resolve().parents[5]
CONTRACT = Path("docs") / "protocol.md"
BLOCK = re.compile(r"(?P<head><!-- generated: (?P<name>\w+) -->\n).*?(?P<tail><!-- end -->)", re.DOTALL)
SHOWN_LINES = 40


class MarkersError(Exception):
    """`docs/protocol.md` has not exactly one place for each table."""


def exported(root: Path) -> dict[Path, str]:
    """Every generated file, by its path below `root`.

    Raises:
        MarkersError: The contract's text lacks a table's markers, or has some that nothing is made for.
    """
    made = {Path("schema") / f"{each.name}.json": _as_text(schema_of(each)) for each in DIRECTIONS}
    return {**made, CONTRACT: filled((root / CONTRACT).read_text(encoding="utf-8"), tables())}


def filled(text: str, made: dict[str, str]) -> str:
    """The contract's text with fresh tables between their markers.

    Raises:
        MarkersError: The text has not exactly one place for each table.
    """
    places = sorted(match["name"] for match in BLOCK.finditer(text))
    if places != sorted(made):
        raise MarkersError(f"{CONTRACT} has places for {', '.join(places)}; there are {', '.join(sorted(made))}")
    return BLOCK.sub(lambda match: f"{match['head']}{made[match['name']]}\n{match['tail']}", text)


def differences(root: Path) -> list[str]:
    """What differs between the files below `root` and what the models say, as lines of a diff."""
    lines: list[str] = []
    for path, wanted in exported(root).items():
        there = root / path
        found = there.read_text(encoding="utf-8") if there.is_file() else ""
        named = (f"{path} (committed)", f"{path} (models)")
        lines += difflib.unified_diff(found.splitlines(), wanted.splitlines(), *named, lineterm="", n=1)
    return lines


def write(root: Path) -> None:
    """Bring the files below `root` up to date."""
    for path, text in exported(root).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """The command line; 1 when `--check` found a difference."""
    parser = argparse.ArgumentParser(prog="python -m ringline_core.wire.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when files differ")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    asked = parser.parse_args(words)
    if not asked.check:
        write(asked.root)
        return 0
    lines = differences(asked.root)
    if not lines:
        return 0
    more = f"\n... {len(lines) - SHOWN_LINES} lines more" if len(lines) > SHOWN_LINES else ""
    sys.stdout.write("\n".join(lines[:SHOWN_LINES]) + more + "\nrun `make schema` and commit what it writes\n")
    return 1


def _as_text(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main())
