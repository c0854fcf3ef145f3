"""Bytes of a CSTA server, made by hand after the schema's element order, independently of the connector's own codec."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from html import escape

SESSION = "http://www.ecma-international.org/standards/ecma-354/appl_session"
AVAYA = "http://www.avaya.com/csta"
EVENT_ID = b"9999"


def frame(invoke: bytes, body: str) -> bytes:
    """Version 0, length with the header, four digits, XML."""
    data = body.encode()
    return struct.pack(">HH", 0, 8 + len(data)) + invoke + data


@dataclass(frozen=True)
class Request:
    """What the other end asked."""

    invoke: bytes
    name: str
    root: ET.Element

    def text(self, *names: str) -> str:
        """Text of the element at the end of a path of local names; empty where it lacks."""
        element: ET.Element | None = self.root
        for name in names:
            element = None if element is None else next((e for e in element if _local(e) == name), None)
        return "" if element is None else element.text or ""

    def anywhere(self, name: str) -> str:
        """Text of the first element of that name."""
        return next((e.text or "" for e in self.root.iter() if _local(e) == name), "")

    def connection(self, name: str) -> tuple[str, str]:
        """Call id and number of a connection."""
        return self.text(name, "callID"), bare(self.text(name, "deviceID"))


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def requests(buffer: bytearray) -> list[Request]:
    """All whole requests, taken out of the buffer."""
    found = []
    while len(buffer) >= 8:
        _, length = struct.unpack(">HH", buffer[:4])
        if len(buffer) < length:
            break
        root = ET.fromstring(bytes(buffer[8:length]))  # noqa: S314 - our own adapter wrote it
        found.append(Request(bytes(buffer[4:8]), _local(root), root))
        del buffer[:length]
    return found


def bare(device: str) -> str:
    """The number in a device id that we gave out."""
    return device.removeprefix("N<").split(">")[0].split(":")[0].split(";")[0]


class Dialect:
    """How one kind of server writes."""

    def __init__(self, kind: str) -> None:
        """`dmcc`, `openscape` or `plain`."""
        self.kind = kind
        edition = "ed3" if kind == "dmcc" else "ed4"
        self.ns = f"http://www.ecma-international.org/standards/ecma-323/csta/{edition}"

    def root(self, name: str, *parts: str, ns: str = "") -> str:
        """A whole message."""
        return f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{ns or self.ns}">{"".join(parts)}</{name}>'

    def device(self, number: str) -> str:
        """A device id as text."""
        return f"{number}:CM1::0" if self.kind == "dmcc" else number

    def device_id(self, tag: str, number: str) -> str:
        """A device id."""
        more = ' typeOfNumber="other" mediaClass="notKnown"' if self.kind == "dmcc" else ""
        text = f"N<{number}>;noa=nk" if self.kind == "openscape" and tag == "deviceIdentifier" else self.device(number)
        return f"<{tag}{more}>{escape(text)}</{tag}>"

    def subject(self, tag: str, number: str) -> str:
        """A party; `anonymous` withholds its number."""
        if number == "anonymous":
            return f"<{tag}><restricted/></{tag}>"
        return f"<{tag}>{self.device_id('deviceIdentifier', number)}</{tag}>"

    def connection(self, tag: str, call: str, number: str) -> str:
        """A ConnectionID."""
        call_id, device = f"<callID>{call}</callID>", self.device_id("deviceID", number)
        # The schema allows either order.
        return f"<{tag}>{device}{call_id}</{tag}>" if self.kind == "plain" else f"<{tag}>{call_id}{device}</{tag}>"

    def linkage(self, ucid: str, tag: str = "callLinkageData") -> str:
        """A UCID, where this kind of server has such."""
        if self.kind != "dmcc" or not ucid:
            return ""
        inner = f"<globallyUniqueCallLinkageID>{ucid}</globallyUniqueCallLinkageID>"
        return f"<{tag}><globalCallData><globalCallLinkageID>{inner}</globalCallLinkageID></globalCallData></{tag}>"

    def private(self, name: str, *parts: str) -> str:
        """Private data of Avaya; nothing at others."""
        if self.kind != "dmcc":
            return ""
        inner = f'<{name} xmlns="{AVAYA}">{"".join(parts)}</{name}>'
        return f"<extensions><privateData><private>{inner}</private></privateData></extensions>"

    def user_data(self, text: str) -> str:
        """User data, hexBinary."""
        return f"<userData><string>{text.encode().hex().upper()}</string></userData>" if text else ""

    def listing(self, tag: str, lines: list[tuple[str, str, str, str]]) -> str:
        """Connection list: new call, number, old call, old number; an empty old call is left out."""
        items = []
        for new, number, old, old_number in lines:
            before = self.connection("oldConnection", old, old_number) if old else ""
            end = f"<endpoint>{self.device_id('deviceID', number)}</endpoint>"
            items.append(f"<connectionListItem>{self.connection('newConnection', new, number)}{before}{end}"
                         "</connectionListItem>")  # fmt: skip
        return f"<{tag}>{''.join(items)}</{tag}>"

    def error(self, category: str, value: str) -> str:
        """A refusal."""
        return self.root("CSTAErrorCode", f"<{category}>{value}</{category}>")
