"""Asterisk's manager interface: header by header; a header that is not known here is replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ringline_core.domain.holds import REASONS
from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.members import LOGGED_OFF
from ringline_edge.adapters.asterisk.protocol import BANNER, MAX_BANNER, MAX_MESSAGE
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.redaction import UNTOLD, address, data, kept, name, number, unknown, words

_END: Final = b"\r\n\r\n"
_ASKS: Final = words(
    "Challenge Login CoreSettings ListCommands ShowDialPlan Filter Events QueueStatus DeviceStateList Status "
    "CoreShowChannels Ping Logoff"
)
"""Actions that read, or concern our own session alone."""

_READING: Final = ("station", "trunk", "feature_prefix", "consult_context")
_ROLES: Final = re.compile(
    r"^(?:dest|origtransferer|secondtransferer|transfertarget|transferer|transferee|localone|localtwo|parkee|parker|"
    r"retriever|target|swap|source)(?=[a-z])"
)
"""Of a second channel in an event: its headers are those of the first with its part put before."""

_IDENTS: Final = words(
    "event privilege timestamp systemname actionid response eventlist uniqueid linkedid bridgeuniqueid bridgeid "
    "lastcall lastpause logintime eventtime starttime answertime endtime "
    "asteriskversion"
)
"""Ids, times and the version, which stay."""

_PLAIN: Final = words(
    "listitems channelstate channelstatedesc language priority context isexternal bridgetype bridgetechnology "
    "bridgenumchannels bridgevideosourcemode cause cause-txt techcause dialstatus result duration state status "
    "statustext class eventname amaflags queue membership penalty paused ringinuse wrapuptime incall callstaken "
    "position count holdtime ringtime talktime max strategy calls completed abandoned servicelevel servicelevelperf "
    "servicelevelperf2 weight items channels direction durationms cid-callingpres application variable "
    "coreversion amiversion eventmask type ping disposition billableseconds bridgecount"
)
_SECRETS: Final = words("challenge secret key password md5 authsecret")
_FREE: Final = frozenset({"UserEvent", "ListDialplan", "DBGetResponse"})
"""Events whose headers somebody else thought up."""

_NUMBERS: Final = words("calleridnum connectedlinenum exten extension calleridani calleridrdnis calleriddnid dnid "
                            "callerid destination effectiveconnectedlinenum connectednum number")  # fmt: skip
_NAMES: Final = words("calleridname connectedlinename membername name effectiveconnectedlinename")
_CHANNELS: Final = words(
    "channel interface location stateinterface device hint dialstring peer bridgecreator bridgename"
)
_HEAD, _TAIL = re.compile(r"[A-Za-z0-9]+/|hint:|Queue:|Custom:(?:ringline-)?"), re.compile(r"-[0-9a-f]{8}(?:;[12])?$")
_PLACE: Final = re.compile(r"@[A-Za-z_][A-Za-z_-]*(?=$|[-;/:&,])")
_LONG: Final = re.compile(r"\+?[0-9]{5,}")
_HEADER: Final = re.compile(r"(?!.*\d{5})[A-Za-z][\w. ()-]{0,63}", re.ASCII)
"""What is no header is left out: nobody can say what it holds."""

_IDENT: Final = re.compile(r"[\w.,:;~-]{1,128}|[0-9.]+[+~][\w.+~-]+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)
_LABEL: Final = re.compile(r"[a-z-]{1,32}")
_QUEUE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


class AmiRedaction:
    """See `Redaction`."""

    extension = "ami"

    def __init__(self, settings: Mapping[str, Any], names: Pseudonyms) -> None:
        """`settings` are those of `[pbx.asterisk]`."""
        config = AsteriskConfig.model_validate({"username": "-", "secret": "", **settings})
        self.settings = {name: settings[name] for name in _READING if name in settings}
        self._naming = Naming(config.station, config.feature_prefix, config.trunk, config.consult_context)
        self._has_trunk = bool(config.trunk)
        self._names, self._rest, self._greeted = names, bytearray(), False
        self._stamps = False

    def heard(self, data: bytes, now_ms: int) -> bytes:
        """See `Redaction.heard`; where the PBX tells no times, those of arrival are put in, as the adapter does."""
        self._rest += data
        if not self._greeted and not self._take_banner():
            return b""
        *whole, rest = bytes(self._rest).split(_END)
        self._rest = bytearray(rest)
        if len(rest) > MAX_MESSAGE:
            raise PbxProtocolError(f"a message of the PBX is above {MAX_MESSAGE} bytes")
        blocks = (block.strip(b"\r\n") for block in whole)
        return b"".join(self._message(block.decode("utf-8", "replace"), now_ms) for block in blocks if block)

    def _take_banner(self) -> bool:
        """The banner is no part of a recording; one that is there none is cut from a message."""
        line, newline, rest = bytes(self._rest).partition(b"\r\n")
        if not line.startswith(BANNER[: len(line)]):
            self._greeted = True
        elif newline or len(line) > MAX_BANNER:
            self._rest, self._greeted = bytearray(rest), True
        return self._greeted

    def says(self, data: bytes) -> bytes:
        """See `Redaction.says`; nothing is kept, a replay needs no question to read an answer."""
        asked = data.partition(b"\r\n")[0].removeprefix(b"Action: ").decode("utf-8", "replace")
        if asked not in _ASKS:
            raise CommandError(ErrorCode.NOT_ALLOWED, f"A recording only listens: {asked} is not sent.")
        return b""

    def _message(self, text: str, now_ms: int) -> bytes:
        parts = (line.partition(":") for line in text.split("\r\n"))
        pairs = [(name, value.strip()) for name, colon, value in parts if colon and _HEADER.fullmatch(name)]
        if not pairs:
            return b""
        first = dict(reversed(pairs))
        lines = [f"{name}: {self._value(name, value, first)}" for name, value in pairs]
        self._stamps = self._stamps or "Timestamp" in first
        if "Event" in first and not self._stamps:
            lines.insert(1, f"Timestamp: {now_ms // 1000}.{now_ms % 1000:03}000")
        return "\r\n".join(lines).encode() + _END

    def _value(self, header: str, value: str, message: Mapping[str, str]) -> str:
        names, small = self._names, header.lower()
        if message.get("Event") in _FREE and small not in _IDENTS:
            return data(names, value)
        plain = small if small in _PLAIN | _IDENTS else _ROLES.sub("", small)
        if plain.endswith("chanvariable"):
            variable, equals, said = value.partition("=")
            return f"{kept(names, variable)}{equals}{data(names, said)}"
        if plain == "applicationdata" and message.get("Application") == "Queue":
            queue = value.partition(",")[0]
            return queue if _QUEUE.fullmatch(queue) else unknown(names, queue)
        if small == "exten" and self._naming.is_consult(message.get("Context", "")) and _LABEL.fullmatch(value):
            return value  # places in the dial plan of consultations, which is ours
        if plain == "message" and "Response" in message:
            return kept(names, value)
        how = self._how(plain)
        return value if value.lower() in UNTOLD else how(value)

    def _how(self, header: str) -> Callable[[str], str]:
        names = self._names
        if header in ("reason", "pausedreason"):
            return lambda value: value if value in REASONS or value == LOGGED_OFF else unknown(names, value)
        if header in _IDENTS:
            return lambda value: value if _IDENT.fullmatch(value) else kept(names, value)
        if header in _PLAIN:
            return lambda value: kept(names, value)
        if header in _NUMBERS:
            return lambda value: number(names, value)
        if header in _NAMES:
            return lambda value: name(names, value)
        if header in _CHANNELS:
            return self._channel
        if header in _SECRETS:
            return lambda _: "gone"
        if header in ("value", "val", "digit"):
            return lambda value: data(names, value)
        return lambda value: unknown(names, value)

    def _channel(self, value: str) -> str:
        """`PJSIP/1001-00000012`, `Local/1001@agents-00000003;1`, `hint:1001@agents`, and lists of them."""
        return "&".join(self._one_channel(part) for part in value.split("&"))

    def _one_channel(self, value: str) -> str:
        head, tail = _HEAD.match(value), _TAIL.search(value)
        before, after = head[0] if head else "", tail[0] if tail else ""
        body = value[len(before) : len(value) - len(after)]
        station = self._naming.station(value)
        if station is not None or (self._has_trunk and self._naming.is_outside(value)):
            # As the site's own patterns know it, for they have to know it again.
            return before + _LONG.sub(lambda found: self._names.number(found[0]), body) + after
        places = [place[1:] for place in _PLACE.findall(body)] if before in ("Local/", "hint:") else ()
        return before + address(self._names, body, places) + after
