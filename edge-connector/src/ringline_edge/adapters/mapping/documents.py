"""Messages as trees to take values from: header lines, JSON, XML, plain text. Pure.

Nothing is fetched, and no entity expanded.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import parse_qsl

from lxml import etree

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping import plain
from ringline_edge.adapters.mapping.headers import Headers
from ringline_edge.adapters.mapping.values import Format, Scalar

Node = Any


class Where(Protocol):
    """A message, and the thing inside of it that paths begin at."""

    @property
    def root(self) -> Node:
        """The message."""

    @property
    def item(self) -> Node:
        """The thing."""


Path = Callable[[Where], Scalar]
"""Takes a value from a message."""

Many = Callable[[Where], Sequence[Node]]
MOST_FIELDS: Final = 1000
_JSON_PART: Final = re.compile(r"\.?([^.\[\]'\"$]+)|\[(-?\d{1,6})\]|\['([^']*)'\]")
_XML_FUNCTIONS: Final = {
    *("string", "normalize-space", "concat", "substring", "substring-before", "substring-after", "translate"),
    *("contains", "starts-with", "not", "true", "false", "boolean", "number", "count", "position", "last"),
    *("text", "node", "name", "local-name", "namespace-uri"),
}
_NOBODY: Final = etree.Element("nobody")
_DOCTYPE: Final = re.compile(r"<!DOCTYPE", re.IGNORECASE)
_CALLED: Final = re.compile(r"([A-Za-z][\w:.-]*)\s*\(")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")
_PREDICATE: Final = re.compile(r"\[[^\[\]]*\]")
_NAME: Final = re.compile(r"(?<![\w.-])[^\W\d][\w.-]*")
_WORDS_OF_XPATH: Final = frozenset({"and", "or", "div", "mod"})


def parse(form: Format, text: str, *, strip_namespaces: bool = True) -> Node:
    """A message as a tree.

    Raises:
        PbxProtocolError: It is none of this form, or holds a DTD.
    """
    return parser(form, strip_namespaces=strip_namespaces)(text)


def parser(form: Format, *, strip_namespaces: bool = True) -> Callable[[str], Node]:
    """`parse` for one form."""
    match form:
        case "fields":
            return Headers
        case "json":
            return _json
        case "xml":
            return partial(_xml, strip_namespaces=strip_namespaces)
        case "form":
            return _form
        case "plain":
            return str


def nothing(form: Format) -> Node:
    """A message without any value."""
    match form:
        case "xml":
            return etree.Element("nothing")
        case "plain":
            return ""
        case "fields" | "json" | "form":
            return {}


def path(form: Format, text: str, between: str = "") -> Path:
    """A compiled path; `between` are the signs that part the fields of plain text.

    Raises:
        ValueError: It is none of this form.
    """
    match form:
        case "fields":
            name = _header(text)
            return lambda where: where.item.get(name)
        case "json":
            found = _json_path(text)
            if text.startswith("$"):
                return lambda where: _scalar(_walk(where.root, found))
            return lambda where: _scalar(_walk(where.item, found))
        case "xml":
            asked = _xpath(text)
            return lambda where: _xml_value(asked(where.item))
        case "form":
            return lambda where: where.item.get(text)
        case "plain":
            found_in = plain.value(text, between)
            return lambda where: found_in(where.item)


def many(form: Format, text: str) -> Many:
    """A compiled path to several things inside of a message; of plain text, the signs that part them.

    Raises:
        ValueError: It is none of this form, or the form has nothing inside.
    """
    if form in ("fields", "form"):
        raise ValueError("a message of lines or of a form has nothing inside: no each")
    if form == "plain":
        if not text:
            raise ValueError("what parts the things inside of plain text?")
        return lambda where: [piece for each in where.item.split(text) if (piece := each.strip())]
    if form == "xml":
        asked = _xpath(text)
        return lambda where: _elements(asked(where.item))
    found = _json_path(text)
    whole = text.startswith("$")
    return lambda where: _list(_walk(where.root if whole else where.item, found))


def end_of(form: Format, text: str) -> frozenset[str]:
    """Names, in small letters, of the fields that a path ends at; none where it has no name.

    Raises:
        ValueError: It is none of this form.
    """
    match form:
        case "fields":
            return frozenset({_header(text)})
        case "form":
            return frozenset({text.lower()})
        case "json":
            return frozenset([part.lower() for part in _json_path(text) if isinstance(part, str)][-1:])
        case "xml":
            return _ends_of_xpath(text)
        case "plain":
            return frozenset()


def _ends_of_xpath(text: str) -> frozenset[str]:
    bare = _QUOTED.sub("''", text)
    while (inner := _PREDICATE.sub("", bare)) != bare:
        bare = inner
    steps = (_NAME.findall(_CALLED.sub("(", each)) for each in re.split(r"[|,]", bare))
    found = {each[-1].lower() for each in steps if each}
    # A name that stands in a predicate alone, *[local-name()='pin'].
    return frozenset(found or {each.lower() for each in re.findall(r"['\"]([\w.-]+)['\"]", text)})


def _header(text: str) -> str:
    name = text.strip().lower()
    if not name or ":" in name or not name.isprintable():
        raise ValueError(f"no name of a header: {text!r}")
    return name


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise PbxProtocolError("a message of the PBX is not JSON") from None
    if not isinstance(found, dict):
        raise PbxProtocolError("a message of the PBX is no JSON object")
    return found


def _form(text: str) -> dict[str, str]:
    """Fields by their names; one that comes again is joined with a line feed."""
    try:
        pairs = parse_qsl(text.strip(), keep_blank_values=True, strict_parsing=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise PbxProtocolError("a message of the PBX is no form") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def _xml(text: str, *, strip_namespaces: bool) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False,
        remove_comments=True, remove_pis=True, encoding="utf-8",
    )  # fmt: skip
    try:
        root = etree.fromstring(text.strip().encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        raise PbxProtocolError("a message of the PBX is not XML") from None
    if _DOCTYPE.search(text):
        raise PbxProtocolError("a message of the PBX holds a DTD")
    if strip_namespaces:
        for each in root.iter(etree.Element):
            each.tag = etree.QName(each).localname
    return root


def _json_path(text: str) -> tuple[str | int, ...]:
    rest, found, end = text.removeprefix("$"), list[str | int](), 0
    while end < len(rest):
        part = _JSON_PART.match(rest, end)
        if part is None:
            raise ValueError(f"no JSON path of ours: {text!r}; write a.b[0]['c d'], from the message itself $.a")
        name, index, quoted = part.groups()
        found.append(int(index) if index is not None else name if name is not None else quoted)
        end = part.end()
    return tuple(found)


def _walk(node: Node, parts: tuple[str | int, ...]) -> Node:
    for part in parts:
        if isinstance(part, str):
            node = node.get(part) if isinstance(node, dict) else None
        elif isinstance(node, list) and -len(node) <= part < len(node):
            node = node[part]
        else:
            return None
    return node


def _scalar(node: Node) -> Scalar:
    if isinstance(node, float):
        return int(node) if node.is_integer() else str(node)
    if isinstance(node, str):
        # JSON can write half signs, which no text of ours may hold.
        return node if node.isascii() else node.encode("utf-8", "replace").decode()
    return node if isinstance(node, int | bool) else None if node is None else ""


def _list(node: Node) -> Sequence[Node]:
    return [each for each in node if isinstance(each, dict)] if isinstance(node, list) else []


def _xpath(text: str) -> Callable[[etree._Element], Any]:
    called = [name for name in _CALLED.findall(_QUOTED.sub("", text)) if name not in _WORDS_OF_XPATH]
    if unknown := sorted(set(called) - _XML_FUNCTIONS):
        raise ValueError(f"XPath functions that may not be used here: {', '.join(unknown)}")
    if text.count("//") > 1:
        raise ValueError("at most one // in an XPath")
    try:
        asked = etree.XPath(text, regexp=False, smart_strings=False)
        asked(_NOBODY)
    except etree.XPathError as err:
        raise ValueError(
            f"no XPath: {text!r}: {err}; of namespaces kept ask local-name() and namespace-uri()"
        ) from None

    def found_in(element: etree._Element) -> Any:
        try:
            return asked(element)
        except etree.XPathError:
            return []  # a part that is only asked where something stands, and cannot be

    return found_in


def _xml_value(found: Any) -> Scalar:
    if isinstance(found, list):
        if not found:
            return None
        found = found[0]
    if isinstance(found, etree._Element):
        return "".join(str(each) for each in found.itertext())
    if isinstance(found, float):
        return int(found) if found.is_integer() else str(found)
    return found if isinstance(found, bool) else str(found)


def _elements(found: Any) -> Sequence[Node]:
    return [each for each in found if isinstance(each, etree._Element)] if isinstance(found, list) else []
