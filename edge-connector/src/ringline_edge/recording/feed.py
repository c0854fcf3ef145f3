"""Feeds that a profile describes: only the profile knows what a field means, so its words stay and all others go.

Every other part of a value, letters or digits, is replaced by one that looks alike: as many characters, of the same
kinds, and the same for the same wherever it stands, so that ids are told apart as before. Times stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from ringline_core.errors import ConfigError, PbxProtocolError
from ringline_edge.adapters.mapping import documents
from ringline_edge.adapters.mapping import plan as plans
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.headed import header_of
from ringline_edge.adapters.mapping.profile import Profile
from ringline_edge.adapters.mapping.protocol import Framer, frame
from ringline_edge.adapters.mapping.values import Scalar
from ringline_edge.recording.columns import Columns, covered
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.redaction import UNTOLD, kept, written
from ringline_edge.recording.xmltext import replaced

_WORD: Final = re.compile(r"[^\W_]+")
_LAST: Final = re.compile(r"([\w-]+)[^\w]*$")
_UNITS: Final = frozenset({"seconds", "milliseconds"})
_HEADER: Final = re.compile(r"([^:\r\n]*:[ \t]*)([^\r\n]*)")


class FeedRedaction:
    """See `Redaction`."""

    extension = "feed"

    def __init__(self, settings: Mapping[str, Any], names: Pseudonyms) -> None:
        """`settings` are those of `[pbx.mapping]`."""
        config = MappingConfig.model_validate(settings)
        plan = plans.load(config.profile)
        self._profile = plan.profile
        if self._profile.framing.kind == "whole":
            raise ConfigError(
                f"the profile {self._profile.name} cannot be recorded yet: posts and messages of a WebSocket have no "
                "frames by which a file could tell them apart"
            )
        self.settings = {"profile": config.profile}
        self._words, self._times = _words(self._profile), _last_names(_timed_paths(self._profile))
        form = self._profile.format
        self._secrets = frozenset(name for path in self._profile.redact for name in documents.end_of(form, path))
        parts = _by_class(self._profile)
        read, times = (
            {name: {parted: frozenset(found(each)) for parted, each in part.items()} for name, part in parts.items()}
            for found in (_gets, _timed)
        )
        self._columns = Columns(plan, read, times)
        self._names, self._framer = names, Framer(self._profile)

    def heard(self, data: bytes, now_ms: int) -> bytes:
        """See `Redaction.heard`."""
        try:
            return b"".join(
                frame(self._profile, self._message(text), self._header(header_of(text)))
                for text in self._framer.receive_data(data)
            )
        except (ValueError, OverflowError, RecursionError) as err:
            raise PbxProtocolError("a message of the PBX cannot be framed again once it is redacted") from err

    def _header(self, fields: Mapping[str, Scalar]) -> dict[str, Scalar]:
        """Numbers of bytes stay: nobody is called by one."""
        forms = {name: self._profile.framing.fields[name].form for name in fields}
        return {
            name: self._alike(said) if isinstance(said, str)
            else int(self._alike(str(said))) if forms[name] == "decimal" and said is not None
            else said
            for name, said in fields.items()
        }  # fmt: skip

    def says(self, data: bytes) -> bytes:
        """See `Redaction.says`; beside commands, which a recording never gives, a profile only logs in and asks."""
        return b""

    def _message(self, text: str) -> str:
        match self._profile.format:
            case "xml":
                return replaced(text, self._value, self._value, self._secrets)
            case "json":
                try:
                    found = json.loads(text)
                except ValueError:
                    return self._alike(text)
                return json.dumps(self._tree("", found), ensure_ascii=False)
            case "fields":
                return "\n".join(self._line(line) for line in text.splitlines())
            case "form":
                pairs = parse_qsl(text, keep_blank_values=True)
                return urlencode([(kept(self._names, name), self._value(name, value)) for name, value in pairs])
            case "plain":
                return self._columns.replaced(text, self._alike, covered)

    def _line(self, line: str) -> str:
        found = _HEADER.fullmatch(line)
        if found is None:
            return self._alike(line)
        return kept(self._names, found[1]) + self._value(found[1].partition(":")[0], found[2])

    def _tree(self, key: str, node: Any) -> Any:
        match node:
            case dict():
                return {
                    # What stands inside of a secret is one.
                    kept(self._names, each): self._tree(key if key.lower() in self._secrets else each, value)
                    for each, value in node.items()
                }
            case list():
                return [self._tree(key, each) for each in node]
            case str():
                return self._value(key, node)
            case int() if not isinstance(node, bool):
                return int(self._value(key, str(node)))
            case float() if key.lower() in self._secrets:
                return 0.0
            case float() if node.is_integer():
                return float(self._value(key, str(int(node))))
            case _:
                return node

    def _value(self, field: str, value: str) -> str:
        if field.strip().lower() in self._secrets:
            return covered(value)
        return value if field.lower() in self._times else self._alike(value)

    def _alike(self, value: str) -> str:
        return _WORD.sub(self._part, written(self._names, value))

    def _part(self, found: re.Match[str]) -> str:
        word = found[0]
        if word in self._words or word.lower() in UNTOLD or len(word) == 1:
            return word
        plus = found.string[: found.start()].endswith("+")
        if word.isascii() and word.isdigit():
            return self._names.number(f"+{word}").removeprefix("+") if plus else self._names.number(word)
        return self._names.alike(word)


def _words(profile: Profile) -> frozenset[str]:
    """All words that the profile itself compares, makes or names; not those of its samples."""
    told = profile.model_dump(mode="json", exclude={"samples", "source", "name", "commands"})
    return frozenset(word for text in _texts(told) for word in _WORD.findall(text) if not word.isdigit())


def _texts(node: Any) -> Iterator[str]:
    match node:
        case dict():
            for key, value in node.items():
                yield str(key)
                yield from _texts(value)
        case list():
            for each in node:
                yield from _texts(each)
        case str():
            yield node


def _last_names(paths: Iterable[str]) -> frozenset[str]:
    """Names, in small letters, of the fields that paths end at."""
    return frozenset(last[1].lower() for path in paths if (last := _LAST.search(path)))


def _by_class(profile: Profile) -> dict[str, dict[str, Any]]:
    """What the profile reads of the messages of each class: by the signs that part its pieces, by none of the whole."""
    told = profile.model_dump(mode="json", exclude={"samples", "commands"}, exclude_defaults=True)
    of_all = {key: told["session"].get(key) for key in ("sequence", "once")} if "session" in told else {}
    of_replies = [told.get("replies"), told.get("session")]
    found: dict[str, dict[str, Any]] = {
        rule.name: {"": [told["messages"][number]["when"], of_replies if rule.reply else of_all]}
        for number, rule in enumerate(profile.messages)
    }
    for each in told.get("events", ()):
        for name in each["on"]:
            found[name].setdefault(each.get("each", "") if profile.format == "plain" else "", []).append(each)
    return found


def _gets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("get"), str):
            yield node["get"]
        node = [value for key, value in node.items() if key != "steps"]
    if isinstance(node, list):
        for each in node:
            yield from _gets(each)


def _timed_paths(profile: Profile) -> frozenset[str]:
    """What the profile reads as times."""
    return frozenset(_timed(profile.model_dump(mode="json", include={"events"}, exclude_defaults=True)))


def _timed(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        steps = [step for step in node.get("steps", ()) if step != {"do": "trim"}]
        # What steps take a time out of holds more than the time.
        if steps and ("date" in steps[0] or steps[0].get("do") in _UNITS):
            yield str(node.get("get", ""))
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _timed(each)
