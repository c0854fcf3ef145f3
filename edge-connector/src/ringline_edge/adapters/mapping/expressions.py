"""Values and conditions of a profile as functions. Pure."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_plus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping import documents, patterns
from ringline_edge.adapters.mapping.documents import Node
from ringline_edge.adapters.mapping.loading import Lines, Place, ProfileError
from ringline_edge.adapters.mapping.values import Condition, Format, Scalar, Step, Value, text

Memory = Callable[[str, str], Scalar]
"""What is remembered of a leg, by its key and a name."""

NAMED: Final = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
_HEX: Final = re.compile(r"\s*(?:0[xX])?([0-9A-Fa-f]{1,15})\s*")
_INT: Final = re.compile(r"\s*[+-]?\d{1,15}\s*")


@dataclass(slots=True)
class Scope:
    """What a value is taken from.

    Attributes:
        root: The message.
        item: The thing inside of it that paths begin at.
        leg: Key of the rule's leg.
        header: What stands in the header before the message.
    """

    root: Node
    item: Node
    now_ms: int
    memory: Memory
    settings: Mapping[str, str] = field(default_factory=dict)
    leg: str = ""
    header: Mapping[str, Scalar] | None = None


Getter = Callable[[Scope], Scalar]
Test = Callable[[Scope], bool]
Doer = Callable[[Scalar], Scalar]


class Compiler:
    """Makes functions of one profile's values; faults are told with the line of the key."""

    def __init__(
        self,
        form: Format,
        lines: Lines,
        settings: tuple[str, ...] = (),
        between: str | None = None,
        header: Collection[str] = (),
    ) -> None:
        """For the parts of one profile.

        Args:
            form: Of messages.
            lines: Where keys stand.
            settings: The names that the profile says it needs.
            between: Signs that part the fields of its plain text; None where it does not say.
            header: Names of the fields of its messages' headers.
        """
        self.form, self.lines, self.between = form, lines, between
        self._settings, self._header = settings, header

    def fail(self, place: Place, reason: str) -> ProfileError:
        """A fault at `place`."""
        return ProfileError(self.lines.error(place, reason))

    def value(self, value: Value, place: Place) -> Getter:
        """A value as a function.

        Raises:
            ProfileError: A path, pattern, format or setting that is none.
        """
        source = self._source(value, place)
        doers = [self._step(step, (*place, "steps", number)) for number, step in enumerate(value.steps)]
        return _piped(source, doers) if doers else source

    def maybe(self, value: Value | None, place: Place) -> Getter:
        """A value that need not be there."""
        return self.value(value, place) if value is not None else lambda _: None

    def table(self, values: Mapping[Any, Value], place: Place) -> dict[str, Getter]:
        """A table of values."""
        return {name: self.value(value, (*place, name)) for name, value in values.items()}

    def all_of(self, conditions: tuple[Condition, ...], place: Place) -> Test:
        """Conditions that must all hold."""
        return every(self.tests(conditions, place))

    def tests(self, conditions: tuple[Condition, ...], place: Place) -> list[Test]:
        """Conditions as functions, one by one."""
        return [self.test(each, (*place, number)) for number, each in enumerate(conditions)]

    def test(self, condition: Condition, place: Place) -> Test:
        """A condition as a function.

        Raises:
            ProfileError: As for `value`.
        """
        if condition.any is not None:
            tests = [self.test(each, (*place, "any", number)) for number, each in enumerate(condition.any)]
            return lambda scope: any(test(scope) for test in tests)
        if condition.negate is not None:
            inner = self.test(condition.negate, (*place, "not"))
            return lambda scope: not inner(scope)
        return self._tested(condition, self.value(condition, place), place)

    def _tested(self, condition: Condition, get: Getter, place: Place) -> Test:
        if condition.regex is not None:
            pattern = self._pattern(condition.regex, (*place, "regex"))
            return lambda scope: patterns.match(pattern, text(get(scope))) is not None
        if condition.exists is not None:
            wanted = condition.exists
            return lambda scope: (get(scope) is not None) is wanted
        known = condition.words
        return lambda scope: (found := get(scope)) is not None and text(found) in known

    def _source(self, value: Value, place: Place) -> Getter:
        if value.get is not None:
            try:
                return documents.path(self.form, value.get, self.between or "")
            except ValueError as err:
                raise self.fail((*place, "get"), str(err)) from None
        if value.header is not None:
            return self._headed(value.header, place)
        if value.memory is not None:
            return self._remembered(value, place)
        if value.setting is not None:
            name = value.setting
            if name not in self._settings:
                raise self.fail((*place, "setting"), f"{name} is not listed in settings")
            return lambda scope: scope.settings.get(name)
        if value.now:
            return lambda scope: scope.now_ms
        if value.coalesce is not None:
            getters = [self.value(each, (*place, "coalesce", number)) for number, each in enumerate(value.coalesce)]
            return lambda scope: next((found for get in getters if (found := get(scope)) not in (None, "")), None)
        if value.template is not None:
            return self._template(value.template, self.table(value.parts, (*place, "parts")), (*place, "template"))
        return lambda _: value.const

    def _headed(self, name: str, place: Place) -> Getter:
        if name not in self._header:
            raise self.fail((*place, "header"), f"framing.fields has no {name}")
        return lambda scope: None if scope.header is None else scope.header.get(name)

    def _remembered(self, value: Value, place: Place) -> Getter:
        name = value.memory or ""
        if value.of is None:
            return lambda scope: scope.memory(scope.leg, name)
        whose = self.value(value.of, (*place, "of"))
        return lambda scope: scope.memory(text(whose(scope)), name)

    def _template(self, template: str, parts: dict[str, Getter], place: Place) -> Getter:
        if unknown := sorted(set(NAMED.findall(template)) - parts.keys()):
            raise self.fail(place, f"no parts of that name: {', '.join(unknown)}")
        return lambda scope: NAMED.sub(lambda name: text(parts[name[1]](scope)), template)

    def _pattern(self, pattern: str, place: Place) -> re.Pattern[str]:
        try:
            return patterns.compiled(pattern)
        except ValueError as err:
            raise self.fail(place, str(err)) from None

    def _step(self, step: Step, place: Place) -> Doer:
        if step.do is not None:
            return _DOERS[step.do]
        if step.regex is not None:
            pattern = self._pattern(step.regex, (*place, "regex"))
            return _on_text(lambda found: patterns.match(pattern, found))
        if step.split is not None:
            separator, part = step.split, step.part
            return _on_text(lambda found: _part(found.split(separator), part))
        if step.map is not None:
            table, default = step.map, step.default
            return lambda found: table.get(text(found), default)
        if step.date is not None:
            return self._date(step.date, step.zone, place)
        if step.inside is not None:
            return self._inside(step.inside, step.get or "", place)
        if step.template is not None:
            template = step.template
            return _on_text(lambda found: template.replace("{}", found))
        return lambda found: step.otherwise if found in (None, "") else found

    def _inside(self, form: Format, get: str, place: Place) -> Doer:
        try:
            path, parse = documents.path(form, get, self.between or ""), documents.parser(form)
        except ValueError as err:
            raise self.fail((*place, "get"), str(err)) from None

        def found_in(found: str) -> Scalar:
            try:
                root = parse(found)
            except PbxProtocolError:
                return None
            return path(Scope(root, root, 0, _nothing))

        return _on_text(found_in)

    def _date(self, form: str, zone: str, place: Place) -> Doer:
        try:
            where = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise self.fail((*place, "zone"), f"no such time zone: {zone}") from None

        def moment(found: str) -> Scalar:
            try:
                told = datetime.fromisoformat(found) if form == "iso" else datetime.strptime(found, form)  # noqa: DTZ007
                return int((told if told.tzinfo else told.replace(tzinfo=where)).timestamp() * 1000)
            except (ValueError, OverflowError):
                return None

        return _on_text(moment)


def every(tests: Sequence[Test]) -> Test:
    """Tests that must all hold; none always do."""
    match tests:
        case []:
            return lambda _: True
        case [only]:
            return only
        case [first, second]:
            return lambda scope: first(scope) and second(scope)
        case _:
            return lambda scope: all(test(scope) for test in tests)


def _piped(source: Getter, doers: list[Doer]) -> Getter:
    def piped(scope: Scope) -> Scalar:
        found = source(scope)
        for do in doers:
            found = do(found)
        return found

    return piped


def _on_text(do: Callable[[str], Scalar]) -> Doer:
    return lambda found: None if found is None else do(text(found))


def _part(pieces: list[str], number: int) -> str | None:
    return pieces[number] if -len(pieces) <= number < len(pieces) else None


def _int(found: str) -> Scalar:
    return int(found) if _INT.fullmatch(found) else None


def _hex(found: str) -> Scalar:
    digits = _HEX.fullmatch(found)
    return int(digits[1], 16) if digits else None


def _hex_text(found: str) -> Scalar:
    try:
        return bytes.fromhex(found).decode("utf-8", "replace")
    except ValueError:
        return None


def _nothing(_key: str, _name: str) -> None:
    return None


def _base64(found: str) -> Scalar:
    try:
        return base64.b64decode(found, validate=True).decode("utf-8", "replace")
    except ValueError:
        return None


def _entities(found: str) -> Scalar:
    return html.unescape(found)


def _url(found: str) -> Scalar:
    return unquote_plus(found, errors="replace")


def _times(factor: int) -> Callable[[str], Scalar]:
    def moment(found: str) -> Scalar:
        try:
            return int(float(found[:32]) * factor)
        except (ValueError, OverflowError):
            return None

    return moment


_DOERS: Final[dict[str, Doer]] = {
    "trim": _on_text(str.strip),
    "lower": _on_text(str.lower),
    "upper": _on_text(str.upper),
    "int": _on_text(_int),
    "hex": _on_text(_hex),
    "hex_text": _on_text(_hex_text),
    "base64": _on_text(_base64),
    "url": _on_text(_url),
    "entities": _on_text(_entities),
    "seconds": _on_text(_times(1000)),
    "milliseconds": _on_text(_times(1)),
}
