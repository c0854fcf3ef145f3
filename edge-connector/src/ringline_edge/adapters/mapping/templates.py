"""Messages to the PBX from templates; values are escaped by the syntax, so that none can be more than a value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlencode
from xml.sax import saxutils

from lxml import etree

from ringline_edge.adapters.mapping.expressions import NAMED, Compiler
from ringline_edge.adapters.mapping.loading import Place
from ringline_edge.adapters.mapping.values import Scalar, Template, text

Values = Mapping[str, Scalar]
Render = Callable[[Values], str]
GROUPS: Final = frozenset({"leg", "other", "consult"})
"""Before the dot: memories of the legs that a command is about."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_NOT_IN_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARK: Final = "ringlinemark"
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_FIELD: Final = re.compile(r"\{([a-z][a-z0-9_.]*)(?::(.?)([<>])(\d{1,3}))?\}")
_NO_WIDTH: Final = re.compile(r"\{[a-z][a-z0-9_.]*:[^}]*\}")
_QUOTES: Final = {'"': "&quot;", "'": "&apos;"}


class MissingValueError(Exception):
    """A template needs a value that is not there, or one that this syntax cannot hold; the text says which."""


class MissingAnswerError(MissingValueError):
    """The same, of what the PBX was to answer before."""


def compiled(compiler: Compiler, template: Template, known: Collection[str], place: Place) -> Render:
    """A template as a function.

    Args:
        compiler: Of the profile.
        template: As written.
        known: Names that it may use, beside memories of legs.
        place: Where it stands.

    Raises:
        ProfileError: It uses other names, or is no message of the profile's format.
    """
    is_plain = compiler.form == "plain" and isinstance(template, str)
    check_names(compiler, _FIELD.sub(r"{\1}", str(template)) if is_plain else template, known, place)
    match compiler.form:
        case "xml":
            return _xml(compiler, template, place)
        case "json":
            if not isinstance(template, dict):
                raise compiler.fail(place, "a message of a JSON profile is written key by key")
            return lambda values: json.dumps(_filled(template, values), separators=(",", ":"))
        case "fields":
            return _fields(compiler, template, place)
        case "form":
            return _form(compiler, template, place)
        case "plain":
            return _plain(compiler, template, place)


def check_names(compiler: Compiler, template: Any, known: Collection[str], place: Place) -> None:
    """Refuse values that no message of ours can have.

    Raises:
        ProfileError: With all that there are.
    """
    if any(found[4] for said in _texts(template) for found in _FIELD.finditer(said)):
        raise compiler.fail(place, "widths are for messages of plain text")
    unknown = sorted(name for name in _names(template) if name not in known and name.partition(".")[0] not in GROUPS)
    if unknown:
        raise compiler.fail(
            place, f"no values of that name: {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )


def _names(template: Any) -> set[str]:
    return {name for said in _texts(template) for name in NAMED.findall(said)}


def _texts(template: Any) -> Iterator[str]:
    match template:
        case dict():
            for each in template.values():
                yield from _texts(each)
        case list():
            for each in template:
                yield from _texts(each)
        case str():
            yield template


def _value(values: Values, name: str) -> Scalar:
    found = values.get(name)
    group = name.partition(".")[0] if found is None else ""
    if group == "answer":
        raise MissingAnswerError(f"{name} is not known")
    if group in GROUPS:
        raise MissingValueError(f"{name} is not known")
    return found


def line(template: str, values: Values, escape: Callable[[str], str]) -> str:
    """Text with its values, each escaped.

    Raises:
        MissingValueError: One is not there, or cannot be escaped.
    """
    return NAMED.sub(lambda name: escape(text(_value(values, name[1]))), template)


def _fields(compiler: Compiler, template: Template, place: Place) -> Render:
    if not isinstance(template, dict):
        raise compiler.fail(place, "a message of header lines is written header by header")
    for name, value in template.items():
        if not _HEADER.fullmatch(name) or isinstance(value, dict | list):
            raise compiler.fail((*place, name), "no header: a word, and one line of text")
        if _CONTROL.search(text(value)):
            raise compiler.fail((*place, name), "a header is one line")
    headers = {name: text(value) for name, value in template.items()}

    def render(values: Values) -> str:
        lines = [(name, line(header, values, one_line), header) for name, header in headers.items()]
        # A header whose values are all missing is left out; one that is empty by itself stays.
        return "".join(f"{name}: {said}\r\n" for name, said, header in lines if said or not NAMED.search(header))

    return render


def one_line(value: str) -> str:
    """A value that may stand in a header line.

    Raises:
        MissingValueError: It would be more than a line.
    """
    if _CONTROL.search(value):
        raise MissingValueError("a value holds a line break or another sign that headers cannot hold")
    return value


def _form(compiler: Compiler, template: Template, place: Place) -> Render:
    if not isinstance(template, dict) or any(isinstance(value, dict | list) for value in template.values()):
        raise compiler.fail(place, "a message of a form is written field by field")

    def render(values: Values) -> str:
        return urlencode({name: text(_filled(value, values)) for name, value in template.items()}, errors="replace")

    return render


def _filled(template: Any, values: Values) -> Any:
    match template:
        case dict():
            return {name: _filled(each, values) for name, each in template.items()}
        case list():
            return [_filled(each, values) for each in template]
        case str():
            whole = NAMED.fullmatch(template)
            return _value(values, whole[1]) if whole else line(template, values, str)
        case _:
            return template


def _plain(compiler: Compiler, template: Template, place: Place) -> Render:
    """Values as they are, or filled up to a width: `{to:<12}` at its left, `{to:>12}` at its right, `{to:0>12}`."""
    if not isinstance(template, str):
        raise compiler.fail(place, "a message of plain text is written as text")
    if wrong := _NO_WIDTH.findall(_FIELD.sub("", template)):
        raise compiler.fail(place, f"no width: {', '.join(wrong)}; write {{to:<12}}, {{to:>12}} or {{to:0>12}}")
    between = compiler.between
    if between is None and _FIELD.search(template):
        raise compiler.fail(place, "between is missing: which signs part the fields, so that no value may hold one?")

    def field(found: re.Match[str], values: Values) -> str:
        name, fill, side, width = found.groups()
        value = one_line(text(_value(values, name)))
        if any(sign in value for sign in between or ""):
            raise MissingValueError(f"{name} holds a sign that parts the fields")
        return value if width is None else _filled_up(value, fill or " ", side, int(width))

    return lambda values: _FIELD.sub(lambda found: field(found, values), template)


def _filled_up(value: str, fill: str, side: str, width: int) -> str:
    if len(value) > width:
        raise MissingValueError("a value is longer than its columns")
    return value.ljust(width, fill) if side == "<" else value.rjust(width, fill)


def _xml(compiler: Compiler, template: Template, place: Place) -> Render:
    if not isinstance(template, str):
        raise compiler.fail(place, "a message of an XML profile is written as text")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(NAMED.sub(_MARK, template).strip().encode(), parser)
    except etree.XMLSyntaxError as err:
        raise compiler.fail(place, f"no XML: {err.msg}") from None
    held = [said for each in root.iter(etree.Element) for said in (each.text, each.tail, *each.attrib.values()) if said]
    if sum(said.count(_MARK) for said in held) != len(NAMED.findall(template)) or "<![CDATA[" in template:
        raise compiler.fail(place, "values stand in text and in attributes only")
    return lambda values: line(template.strip(), values, _escaped)


def _escaped(value: str) -> str:
    if _NOT_IN_XML.search(value):
        raise MissingValueError("a value holds a sign that XML cannot hold")
    return saxutils.escape(value, _QUOTES)
