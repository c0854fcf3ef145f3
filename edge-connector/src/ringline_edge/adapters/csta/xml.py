"""XML as it is read: by local name, whatever the namespace; without DTD, entities or network.

Servers are lax. One declares a prefix and leaves the default namespace out [C], one client sends an undeclared prefix
and is understood [K]. So an undeclared prefix is forgiven, and nothing else is.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from lxml import etree

from ringline_core.errors import PbxProtocolError

Element = etree._Element


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


_STRICT: Final = _parser(recover=False)
_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_USUAL: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
_LATIN: Final = frozenset({"iso-8859-1", "latin1", "windows-1252"})
_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_NAMESPACE_FAULT: Final = 201
"""libxml2's XML_NS_ERR_UNDEFINED_NAMESPACE."""


def parse(body: bytes) -> Element:
    """The root element of a message.

    Raises:
        PbxProtocolError: It is no XML, or XML that may do harm.
    """
    # Before libxml2 sees them: entities, files and the network come by a document type.
    if b"<!DOCTYPE" in body:
        raise PbxProtocolError("a message of the PBX has a document type; such messages are refused")
    if b"\0" in body:
        raise PbxProtocolError("a message of the PBX is not in UTF-8")
    if body.startswith(b"<?xml") and not body.startswith(_USUAL):
        body = _as_utf8(body)
    try:
        return etree.fromstring(body, _STRICT)
    except etree.XMLSyntaxError:
        return _forgive(body)
    except (ValueError, LookupError) as err:
        raise PbxProtocolError("a message of the PBX is not XML") from err


def _as_utf8(body: bytes) -> bytes:
    """The parser is told UTF-8, so that no other code can hide what was looked for above."""
    declared = _DECLARED.match(body)
    code = declared[1].decode().lower() if declared else "utf-8"
    if code in _LATIN:
        return body.decode("latin-1").encode()
    if code not in _UTF8:
        raise PbxProtocolError("a message of the PBX is in a character code that is not read here")
    return body


def _forgive(body: bytes) -> Element:
    """The root where undeclared prefixes are all that is wrong."""
    # A parser of its own: the list of faults that libxml2 keeps goes on from one message to the next.
    lax = _parser(recover=True)
    try:
        root: Element | None = etree.fromstring(body, lax)
    except etree.XMLSyntaxError:
        root = None
    if root is None or any(entry.type != _NAMESPACE_FAULT for entry in lax.error_log):
        raise PbxProtocolError("a message of the PBX is not XML")
    for element in root.iter():
        tag = str(element.tag)
        if ":" in tag and not tag.startswith("{"):
            element.tag = tag.rpartition(":")[2]
    return root


@functools.lru_cache(maxsize=1024)
def _name(tag: str) -> str:
    return tag[tag.rfind("}") + 1 :]


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return _name(element.tag)


def fields(element: Element | None) -> dict[str, Element]:
    """Children by local name; of several with the same name the last."""
    return {} if element is None else {_name(child.tag): child for child in element}


def text(element: Element | None) -> str:
    """The element's own text without blanks around it; empty where it, or the element, is lacking."""
    value = None if element is None else element.text
    return "" if value is None else value.strip()


def find(element: Element | None, *path: str) -> Element | None:
    """The first element at the end of a path of local names."""
    for name in path:
        if element is None:
            return None
        element = next((child for child in element if _name(child.tag) == name), None)
    return element


def children(element: Element | None, name: str) -> list[Element]:
    """All children of one local name, in order."""
    return [] if element is None else [child for child in element if _name(child.tag) == name]


def anywhere(element: Element | None, name: str) -> Element | None:
    """The first element of one local name at any depth."""
    return None if element is None else next(element.iter("{*}" + name), None)


def picked(element: Element | None, *names: str) -> dict[str, Element]:
    """The first element of each local name at any depth: one walk in C, in place of one per name."""
    found: dict[str, Element] = {}
    if element is not None:
        for each in element.iter(*names):
            found.setdefault(_name(each.tag), each)
    return found
