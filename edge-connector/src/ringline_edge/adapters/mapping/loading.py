"""Profiles from YAML: no aliases, no tags, bounded; every error names the line and the key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError

from ringline_core.errors import ConfigError
from ringline_edge.adapters.mapping.profile import Profile

SHIPPED: Final = Path(__file__).parent / "profiles"
LARGEST_BYTES: Final = 1024 * 1024
DEEPEST: Final = 40
Place = tuple[str | int, ...]


class ProfileError(ConfigError):
    """A profile that cannot be used; each line of the text is `file:line: key: reason`."""


class Lines:
    """Where the keys of one file stand."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._lines: dict[Place, int] = {(): 1}

    def note(self, place: Place, line: int) -> None:
        """The key at `place` stands in `line`, counted from 1."""
        self._lines.setdefault(place, line)

    def error(self, place: Place, reason: str) -> str:
        """One line of an error text; parts of `place` that the file does not have are left out."""
        known: Place = ()
        for part in place:
            known = (*known, part) if (*known, part) in self._lines else known
        key = ".".join(str(part) for part in known) or "profile"
        missing = place[-1] if place and known != place and "required" in reason else None
        told = f"{reason}: {missing}" if missing is not None else reason
        return f"{self.file}:{self._lines[known]}: {key}: {told}"


def find(name: str) -> Path:
    """The file of a shipped profile by its name, or of any other by its path.

    Raises:
        ProfileError: There is none.
    """
    path = SHIPPED / f"{name}.yaml" if name.isidentifier() or name.replace("-", "_").isidentifier() else Path(name)
    if not path.is_file():
        shipped = ", ".join(sorted(each.stem for each in SHIPPED.glob("*.yaml")))
        raise ProfileError(f"{name}: no such profile; shipped are {shipped}; else give a path that ends in .yaml")
    return path


def load(name: str) -> tuple[Profile, Lines]:
    """The profile of that name or path.

    Raises:
        ProfileError: It is not there, too large, no YAML, or does not fit.
    """
    path = find(name)
    if path.stat().st_size > LARGEST_BYTES:
        raise ProfileError(f"{path}:1: profile: larger than {LARGEST_BYTES} bytes")
    try:
        written = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProfileError(f"{path}:1: profile: not UTF-8") from None
    return parse(written, str(path))


def parse(written: str, file: str) -> tuple[Profile, Lines]:
    """A profile from its text.

    Raises:
        ProfileError: It is no YAML, or does not fit.
    """
    lines = Lines(file)
    try:
        for event in yaml.parse(written, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                raise ProfileError(f"{file}:{_line(event.start_mark)}: profile: aliases are not allowed")
        node = yaml.compose(written, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as err:
        raise ProfileError(f"{file}:{_line(err.problem_mark)}: profile: no YAML: {err.problem}") from None
    except (yaml.YAMLError, RecursionError):
        raise ProfileError(f"{file}:1: profile: no YAML") from None
    data = _plain(node, (), lines)
    try:
        return Profile.model_validate(data), lines
    except ValidationError as err:
        raise ProfileError("\n".join(_told(err, lines))) from None


def _line(mark: Any) -> int:
    """Line of a mark of the YAML reader, counted from 1."""
    return 1 if mark is None else int(mark.line) + 1


def _told(err: ValidationError, lines: Lines) -> Iterator[str]:
    for each in err.errors(include_url=False, include_input=False):
        reason = str(each["msg"]).removeprefix("Value error, ")
        extra = each["type"] == "extra_forbidden"
        yield lines.error(each["loc"], "unknown key" if extra else reason)


def _plain(node: yaml.Node | None, place: Place, lines: Lines) -> Any:
    if node is not None:
        lines.note(place, node.start_mark.line + 1)
    if len(place) > DEEPEST:
        raise ProfileError(lines.error(place[:1], "nested too deeply"))
    match node:
        case yaml.MappingNode():
            return _mapping(node, place, lines)
        case yaml.SequenceNode():
            return [_plain(each, (*place, number), lines) for number, each in enumerate(node.value)]
        case yaml.ScalarNode():
            return _scalar(node, place, lines)
        case _:
            return None


def _mapping(node: yaml.MappingNode, place: Place, lines: Lines) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise ProfileError(lines.error(place, "a key is a word"))
        # `on` and `yes` are truth values to YAML; as keys they are meant as words.
        key = str(key_node.value)
        inner = (*place, key)
        if key in found:
            lines.note((*inner, "again"), key_node.start_mark.line + 1)
            raise ProfileError(lines.error((*inner, "again"), "given twice"))
        lines.note(inner, key_node.start_mark.line + 1)
        found[key] = _plain(value_node, inner, lines)
    return found


def _scalar(node: yaml.ScalarNode, place: Place, lines: Lines) -> Any:
    match node.tag.rpartition(":")[2]:
        case "null":
            return None
        case "bool":
            return node.value.lower() in ("true", "yes", "on")
        case "int":
            try:
                return int(node.value.replace("_", ""), 0)
            except ValueError:
                return str(node.value)
        case "str" | "float" | "timestamp" | "value":
            return str(node.value)
        case _:
            raise ProfileError(lines.error(place, f"the tag {node.tag} is not allowed"))
