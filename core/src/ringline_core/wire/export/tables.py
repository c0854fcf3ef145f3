"""The tables of `docs/protocol.md`, made from the schemas and the closed sets of words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final

from ringline_core.ids import ID_PATTERN, STATION_PATTERN
from ringline_core.wire import codes, document, policy
from ringline_core.wire.base import MAX_NOTE_BYTES
from ringline_core.wire.command import REQUIRED
from ringline_core.wire.export.schemas import DIRECTIONS, Direction, Schema, messages_of, models_of, schema_of

PATTERNS: Final = {ID_PATTERN: "id", STATION_PATTERN: "station"}
WORDS: Final[dict[str, type[StrEnum]]] = {
    "`leg`": codes.LegState,
    "`direction`": codes.Direction,
    "`remote.presentation`": codes.Presentation,
    "`agent.state`": codes.AgentStateName,
    "`event`": codes.EventName,
    "`cause`": codes.Cause,
    "`by` (or a station)": codes.By,
    "`verb`": codes.Verb,
    "`reject.reason`": codes.RejectReason,
    "`stage`": codes.Stage,
    "`error.code`": codes.ErrorCode,
}


def tables() -> dict[str, str]:
    """Every generated table by the name that its markers carry."""
    made: dict[str, Callable[[], str]] = {
        "parts": _parts,
        "words": _words,
        "limits": _limits,
        "arguments": _arguments,
        "policy": _policy,
    }
    return {each.name: _messages(each) for each in DIRECTIONS} | {name: make() for name, make in made.items()}


def _messages(direction: Direction) -> str:
    schema = schema_of(direction)
    models = models_of(schema)
    rows = (
        (f"`{kind}`", _first_line(models[name]), _fields(models[name])) for kind, name in messages_of(schema).items()
    )
    return _table(("message", "says", "fields"), rows)


def _parts() -> str:
    """Everything that messages are made of; what several directions share is listed once, as clients may send it."""
    found: dict[str, Schema] = {}
    for direction in sorted(DIRECTIONS, key=lambda each: not each.is_closed):
        schema = schema_of(direction)
        shown = set(messages_of(schema).values())
        found = {name: each for name, each in models_of(schema).items() if name not in shown} | found
    return _table(
        ("part", "says", "fields"), ((name, _first_line(each), _fields(each)) for name, each in sorted(found.items()))
    )


def _words() -> str:
    rows = ((where, " ".join(f"`{word.value}`" for word in words)) for where, words in WORDS.items())
    byes = " ".join(f"`{code.value}` {code.name.lower()}" for code in codes.ByeCode)
    return _table(("where", "words"), [*rows, ("`bye.code`", byes)])


def _limits() -> str:
    return _table(
        ("what", "limit"),
        (
            ("a frame towards the cloud", f"{codes.MAX_FRAME_BYTES} bytes"),
            ("a note", f"{MAX_NOTE_BYTES} bytes of UTF-8"),
            ("`data` of a call, as compact JSON", f"{document.MAX_DATA_BYTES} bytes"),
            ("calls at a station", str(document.MAX_CALLS)),
            ("parties of a call", str(document.MAX_PARTIES)),
            ("newest transitions kept", f"at least {document.MIN_RECENT}"),
        ),
    )


def _arguments() -> str:
    rows = ((f"`{verb.value}`", _named(REQUIRED.get(verb, ())) or "none") for verb in codes.Verb)
    return _table(("verb", "arguments it cannot do without"), rows)


def _policy() -> str:
    rows = (
        (f"`{name}`", "none" if value is None else f"`{_plain(value)}`")
        for name, value in policy.DEFAULTS.model_dump(mode="json").items()
    )
    return _table(("key", "default"), rows)


def _fields(model: Schema) -> str:
    needed = model.get("required", ())
    shown = ((name, each) for name, each in model["properties"].items() if name != "t")
    return "<br>".join(_field(name, each, name in needed) for name, each in shown) or "none"


def _field(name: str, field: Schema, needed: bool) -> str:
    default = field.get("default")
    told = "" if needed or default in (None, [], "") or isinstance(default, dict) else f", else `{_plain(default)}`"
    return f"`{name}`{'' if needed else '?'} {_type(field)}{told}"


def _type(field: Schema) -> str:
    if "$ref" in field:
        return str(field["$ref"].rpartition("/")[2])
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if "enum" in field:
        return " ".join(f"`{word}`" for word in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    return _simple(field)


def _simple(field: Schema) -> str:
    match field.get("type"):
        case "string":
            return _text(field)
        case "array":
            return f"list of {_type(field['items'])}{_most(field.get('maxItems'))}"
        case "object":
            return "object"
        case "integer" | "number":
            return f"{field['type']}{_range(field)}"
        case None:
            return "any"
        case other:
            return str(other)


def _text(field: Schema) -> str:
    if field.get("format") == "date-time":
        return "time"
    if field.get("pattern") in PATTERNS:
        return PATTERNS[field["pattern"]]
    if field.get("maxLength") == MAX_NOTE_BYTES:
        return f"text, at most {MAX_NOTE_BYTES} bytes"
    pattern = f" like `{field['pattern']}`" if "pattern" in field else ""
    return f"text{pattern}{_most(field.get('maxLength'))}"


def _most(most: int | None) -> str:
    return "" if most is None else f" (at most {most})"


def _range(field: Schema) -> str:
    low, high, below = field.get("minimum"), field.get("maximum"), field.get("exclusiveMaximum")
    parts = [f"from {low:g}" if low is not None else "", f"to {high:g}" if high is not None else "", _power(below)]
    told = " ".join(part for part in parts if part)
    return f" ({told})" if told else ""


def _power(below: int | None) -> str:
    return "" if below is None else f"below 2^{below.bit_length() - 1}"


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _first_line(model: Schema) -> str:
    return str(model.get("description", "")).partition("\n")[0].replace("|", "\\|")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
