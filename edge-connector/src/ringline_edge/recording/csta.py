"""CSTA XML: element by element; an element that is not known here is replaced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.protocol import Frame, FrameProtocol, encode
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.redaction import UNTOLD, address, data, kept, name, unknown, words
from ringline_edge.recording.xmltext import replaced

_QUESTIONS: Final = words("MonitorStart SnapshotDevice SnapshotCall GetAgentState")
"""Requests without which a replay cannot read the answers; they name a device or a call and nothing else."""

_ASKS: Final = _QUESTIONS | words(
    "StartApplicationSession StopApplicationSession ResetApplicationSessionTimer GetThirdPartyDeviceId "
    "RequestSystemStatus SystemStatusResponse SystemRegister"
)
"""Requests that read, or concern our own session alone."""

_READING: Final = ("stations", "queues", "internal", "recorders", "reasons")
_ROOT: Final = re.compile(rb"\s*(?:<\?.*?\?>\s*)?<(?:[\w.-]*:)?([\w.-]+)", re.DOTALL)
_IDENTS: Final = words(
    "callID monitorCrossRefID globallyUniqueCallLinkageID ucid globalCallLinkageID timestamp eventTime "
    "actualProtocolVersion actualSessionDuration"
)
_PLAIN: Final = words(
    "cause localConnectionInfo localConnectionState simpleCallState connectionState monitorType agentState talkState "
    "workMode pendingWorkMode reasonCode pendingReasonCode loggedOnState agentStatus systemStatus tlinkStatus "
    "trunkGroup trunkMember operation security stateIncompatibility systemResourceAvailability "
    "subscribedResourceAvailability "
    "systemResourceAvailibility subscribedResourceAvailibility performanceManagement unspecified definedError "
    "definedTermReason eventCause forwardingType mediaClass routeingCallID ringPattern hookswitch"
)
_DEVICE: Final = re.compile(
    r".*(?:[dD]evice|[dD]eviceI[dD]|deviceIdentifier|[nN]umber|Object|DN)|number.*|forwardTo|acdGroup"
)
_NAME: Final = re.compile(r".*[nN]ame|label|display.*")
_DATA: Final = words("string hexBinary userData correlatorData userInfo data digits charactersToSend uuiData")
_ATTRIBUTES: Final = words("typeOfNumber mediaClass type nil schemaLocation")
_WORDS: Final = words("N D noa nk sip sips tel user phone VDN T")


class CstaRedaction:
    """See `Redaction`."""

    extension = "csta"

    def __init__(self, settings: Mapping[str, Any], names: Pseudonyms) -> None:
        """`settings` are those of `[pbx.csta]`."""
        config = CstaConfig.model_validate(settings)
        self.settings = {name: settings[name] for name in _READING if name in settings}
        self._words = _WORDS | {config.switch_name}
        self._names, self._protocol = names, FrameProtocol()

    def heard(self, data: bytes, now_ms: int) -> bytes:
        """See `Redaction.heard`."""
        return b"".join(self._frame(frame) for frame in self._protocol.receive_data(data))

    def says(self, data: bytes) -> bytes:
        """See `Redaction.says`; questions are kept that name what an answer is about."""
        (frame,) = FrameProtocol().receive_data(data)
        root = _ROOT.match(frame.body)
        asked = root[1].decode() if root else ""
        if asked not in _ASKS:
            raise CommandError(ErrorCode.NOT_ALLOWED, f"A recording only listens: {asked} is not sent.")
        return self._frame(frame) if asked in _QUESTIONS else b""

    def _frame(self, frame: Frame) -> bytes:
        try:
            code = "utf-8"
            body = frame.body.decode(code)
        except UnicodeDecodeError:
            code = "latin-1"
            body = frame.body.decode(code)
        try:
            return encode(frame.invoke, replaced(body, self._text, self._attribute).encode(code, "replace"))
        except CommandError:
            raise PbxProtocolError("a message of the PBX is too long once it is redacted") from None

    def _text(self, element: str, value: str) -> str:
        names = self._names
        if value.lower() in UNTOLD or element in _IDENTS:
            return value
        if element in _PLAIN:
            return kept(names, value)
        if element == "agentID":
            return names.login(value)
        if element == "sessionID":
            return "0"
        if _DEVICE.fullmatch(element):
            return address(names, value, self._words)
        if element in _DATA:
            return data(names, value)
        return name(names, value) if _NAME.fullmatch(element) else unknown(names, value)

    def _attribute(self, attribute: str, value: str) -> str:
        return (
            value if attribute in _ATTRIBUTES or attribute in ("version", "encoding") else unknown(self._names, value)
        )
