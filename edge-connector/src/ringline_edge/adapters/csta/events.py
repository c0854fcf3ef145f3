"""One event as the handlers take it: fields by local name, and what many events have in common."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Final

from ringline_edge.adapters.csta.naming import number_of
from ringline_edge.adapters.csta.xml import Element, anywhere, children, fields, find, picked, text

_PRIVATE: Final = ("{*}acdGroup", "{*}distributingVDN", "{*}trunkGroup")
_LINKAGE: Final = "globallyUniqueCallLinkageID"


@dataclass(slots=True)
class Event:
    """An event and by whose monitor it came; not to be changed.

    Attributes:
        name: Root element, `DeliveredEvent` and the like.
        fields: Its children.
        monitor: `monitorCrossRefID`.
        device: Number of the monitored device; empty where the monitor is not known.
    """

    name: str
    fields: dict[str, Element]
    monitor: str
    device: str
    at_ms: int
    _private: dict[str, Element] | None = None

    @property
    def private(self) -> dict[str, Element]:
        """What is wanted of Avaya's private data, by local name."""
        if self._private is None:
            self._private = picked(self.fields.get("extensions"), *_PRIVATE)
        return self._private

    def word(self, name: str) -> str:
        """A child's text."""
        return text(self.fields.get(name))

    def connection(self, name: str) -> tuple[str, str]:
        """Call id and device id of a connection."""
        return connection(self.fields.get(name))

    @property
    def ucid(self) -> str:
        """The call's UCID; empty where there is none. Servers put it in several places, so any is read [K]."""
        place = self.fields.get("callLinkageData")
        if place is None:
            place = find(self.fields.get("callLinkageDataList"), "newCallLinkageData")
        if place is None:
            place = self.fields.get("extensions")
        return text(anywhere(place, _LINKAGE))


def connection(element: Element | None) -> tuple[str, str]:
    """Call id and device id of a ConnectionID; they come in either order [S]."""
    ident = device = ""
    if element is not None:
        for part in element:
            if part.tag.endswith("callID"):
                ident = text(part)
            else:
                device = text(part)
    return ident, device


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of a list of connections: who is in the new call, and who that was before, where it is told."""

    ident: str
    number: str
    device: str
    old_ident: str
    old_number: str


def moved(element: Element | None) -> list[Moved]:
    """`transferredConnections` or `conferenceConnections`; the old connection may be lacking (OpenScape [C])."""
    lines = []
    for item in children(element, "connectionListItem"):
        parts = fields(item)
        ident, device = connection(parts.get("newConnection"))
        old_ident, old_device = connection(parts.get("oldConnection"))
        device = device or text(find(parts.get("endpoint"), "deviceID"))
        lines.append(Moved(ident, number_of(device), device, old_ident, number_of(old_device)))
    return lines


def user_data(element: Element | None) -> str:
    """The text in `userData` or `correlatorData`: hexBinary, white space allowed; not hex is taken as it is."""
    value = "".join(text(element[0] if element is not None and len(element) else None).split())
    try:
        return binascii.unhexlify(value).decode()
    except (ValueError, UnicodeDecodeError):
        return value
