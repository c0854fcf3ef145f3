"""Texts and attributes of an XML message replaced, every tag left as it came.

The message is cut and not parsed: what is odd in a vendor's documents (undeclared prefixes, blanks, order) is what a
trace is made for.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection
from typing import Final
from xml.sax.saxutils import escape

Replace = Callable[[str, str], str]
"""From the local name of an element or attribute, and a value, to what is to stand there."""

_PIECE: Final = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(?P<cdata>.*?)\]\]>|(?P<prolog><\?xml\b[^>]*\?>)|<\?.*?\?>|<!(?:[^>\"']|\"[^\"]*\"|'[^']*')*>|"
    r"(?P<tag><(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>)|(?P<text>[^<]+)",
    re.DOTALL,
)
_NAME: Final = re.compile(r"</?(?:[\w.-]*:)?([\w.-]+)")
_ATTRIBUTE: Final = re.compile(r"([\w.:-]+)(\s*=\s*)(\"[^\"]*\"|'[^']*')")


def replaced(xml: str, text: Replace, attribute: Replace, whole: Collection[str] = ()) -> str:
    """`xml` with every text and every attribute's value replaced; comments and document types are left out.

    What stands inside of an element of `whole`, in small letters, is replaced by the name of that one.
    """
    return "".join(_pieces(xml, text, attribute, whole))


def _pieces(xml: str, text: Replace, attribute: Replace, whole: Collection[str]) -> list[str]:
    pieces, path = [], [""]

    def told(found: re.Match[str]) -> str:
        return _attribute(found, attribute, path[-1] if path[-1].lower() in whole else None)

    for found in _PIECE.finditer(xml):
        said = found["text"] if found["text"] is not None else found["cdata"]
        if said is not None:
            pieces.append(_text(said if found["text"] is None else html.unescape(said), path[-1], text))
        elif tag := found["tag"]:
            pieces.append(_ATTRIBUTE.sub(told, tag))
            if tag.startswith("</"):
                del path[max(1, len(path) - 1) :]
            elif not tag.endswith("/>"):
                path.append(path[-1] if path[-1].lower() in whole else _local(tag))
        elif found["prolog"]:
            pieces.append(found["prolog"])
    return pieces


def _local(tag: str) -> str:
    found = _NAME.match(tag)
    return found[1] if found else ""


def _text(said: str, element: str, text: Replace) -> str:
    bare = said.strip()
    if not bare:
        return said
    before = said[: len(said) - len(said.lstrip())]
    return before + escape(text(element, bare)) + said[len(said.rstrip()) :]


def _attribute(found: re.Match[str], attribute: Replace, inside: str | None) -> str:
    name, equals, quoted = found.groups()
    if name == "xmlns" or name.startswith("xmlns:"):
        return found[0]
    value = html.unescape(quoted[1:-1])
    new = escape(attribute(inside or name.rpartition(":")[2], value), {'"': "&quot;", "'": "&apos;"})
    return f"{name}{equals}{quoted[0]}{new}{quoted[0]}"
