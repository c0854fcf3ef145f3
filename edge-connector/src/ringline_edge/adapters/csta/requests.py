"""The messages that we send: strictly in the schema's order and namespaces [S]. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from xml.sax.saxutils import escape

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode

SESSION: Final = "http://www.ecma-international.org/standards/ecma-354/appl_session"
AVAYA: Final = "http://www.avaya.com/csta"
CSTA: Final = "http://www.ecma-international.org/standards/ecma-323/csta/{}"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

CALL_EVENTS: Final = (
    "callCleared", "conferenced", "connectionCleared", "delivered", "diverted", "established", "failed", "held",
    "networkReached", "originated", "queued", "retrieved", "serviceInitiated", "transferred",
)  # fmt: skip
AGENT_EVENTS: Final = (
    "agentBusy", "agentLoggedOn", "agentLoggedOff", "agentNotReady", "agentReady", "agentWorkingAfterCall",
    "doNotDisturb", "forwarding",
)  # fmt: skip
SERVICE_EVENTS: Final = ("backInService", "outOfService")

Connection = tuple[str, str]
"""Call id and device id."""


def element(name: str, *parts: str, ns: str = "", more: str = "") -> str:
    """An element; `parts` are XML already."""
    head = f'{name} xmlns="{ns}"' if ns else name
    return f"<{head}{more}>{''.join(parts)}</{name}>"


def leaf(name: str, value: str) -> str:
    """An element with a text.

    Raises:
        CommandError: `message_invalid`: XML cannot carry the text.
    """
    if _FORBIDDEN.search(value):
        raise CommandError(ErrorCode.MESSAGE_INVALID, "A value has characters that cannot be sent.")
    return f"<{name}>{escape(value)}</{name}>"


def document(root: str) -> bytes:
    """A message as bytes."""
    return b'<?xml version="1.0" encoding="UTF-8"?>' + root.encode()


def hexed(value: str) -> str:
    """HexBinary of a text."""
    return value.encode().hex().upper()


class Requests:
    """Messages of one dialect."""

    def __init__(self, dialect: str, edition: str) -> None:
        """`edition` names the namespace of `plain`; Avaya's is edition 3."""
        self._avaya = dialect == "dmcc"
        self._ns = CSTA.format("ed3" if self._avaya else edition)

    def _root(self, name: str, *parts: str) -> bytes:
        return document(element(name, *parts, ns=self._ns))

    def _device(self, name: str, value: str) -> str:
        kind = ' typeOfNumber="other" mediaClass="notKnown"' if self._avaya else ""
        return leaf(name, value).replace(f"<{name}>", f"<{name}{kind}>", 1)

    def _connection(self, name: str, value: Connection) -> str:
        return element(name, leaf("callID", value[0]), self._device("deviceID", value[1]))

    @staticmethod
    def _private(content: str) -> str:
        return element("extensions", element("privateData", element("private", content)))

    @staticmethod
    def _user_data(value: str) -> str:
        return element("userData", leaf("string", hexed(value))) if value else ""

    def start_session(self, application: str, login: str, versions: Iterable[str], duration_s: int) -> bytes:
        """StartApplicationSession; `login` is the content of applicationSpecificInfo."""
        info = leaf("applicationID", application)
        if login:
            info += element("applicationSpecificInfo", login)
        return document(
            element(
                "StartApplicationSession",
                element("applicationInfo", info),
                element("requestedProtocolVersions", *(leaf("protocolVersion", each) for each in versions)),
                leaf("requestedSessionDuration", str(duration_s)),
                ns=SESSION,
            )
        )

    @staticmethod
    def avaya_login(user: str, password: str, cleanup_s: int, session: str) -> str:
        """SessionLoginInfo; `session` is the one to be taken up again, empty for none."""
        return element(
            "SessionLoginInfo",
            leaf("userName", user),
            leaf("password", password),
            leaf("sessionCleanupDelay", str(cleanup_s)),
            leaf("sessionID", session),
            ns=AVAYA,
            more=f' xmlns:xsi="{_XSI}" xsi:type="SessionLoginInfo"',
        )

    @staticmethod
    def plain_login(user: str, password: str) -> str:
        """OpenScape Business: user and password as they are [K]."""
        return leaf("user", user) + leaf("password", password)

    @staticmethod
    def reset_timer(session: str, duration_s: int) -> bytes:
        """ResetApplicationSessionTimer: the only message that keeps a session alive."""
        parts = leaf("sessionID", session), leaf("requestedSessionDuration", str(duration_s))
        return document(element("ResetApplicationSessionTimer", *parts, ns=SESSION))

    @staticmethod
    def stop_session(session: str) -> bytes:
        """StopApplicationSession."""
        reason = element("sessionEndReason", leaf("definedEndReason", "normal"))
        return document(element("StopApplicationSession", leaf("sessionID", session), reason, ns=SESSION))

    @staticmethod
    def third_party_device(switch: str, extension: str) -> bytes:
        """GetThirdPartyDeviceId."""
        parts = leaf("switchName", switch), leaf("extension", extension)
        return document(element("GetThirdPartyDeviceId", *parts, ns=AVAYA))

    @staticmethod
    def transfer_monitors(old: str, new: str) -> bytes:
        """TransferMonitorObjects: monitors of a lost session, for the one that follows it."""
        parts = leaf("fromSessionID", old), leaf("toSessionID", new)
        return document(element("TransferMonitorObjects", *parts, ns=AVAYA))

    def monitor(self, device: str) -> bytes:
        """MonitorStart of a device.

        By the standard the filter lists what is not to be sent. Avaya's `invertFilter` turns that round [K]; a server
        without it gets no filter, and sends all.
        """
        parts = [element("monitorObject", self._device("deviceObject", device))]
        if self._avaya:
            groups = {"callcontrol": CALL_EVENTS, "logicalDeviceFeature": AGENT_EVENTS, "maintenance": SERVICE_EVENTS}
            wanted = (element(name, *(leaf(each, "true") for each in flags)) for name, flags in groups.items())
            parts.append(element("requestedMonitorFilter", *wanted))
        parts.append(leaf("monitorType", "device"))
        if self._avaya:
            parts.append(self._private(element("AvayaEvents", leaf("invertFilter", "true"), ns=AVAYA)))
        return self._root("MonitorStart", *parts)

    def snapshot_device(self, device: str) -> bytes:
        """SnapshotDevice."""
        return self._root("SnapshotDevice", self._device("snapshotObject", device))

    def snapshot_call(self, connection: Connection) -> bytes:
        """SnapshotCall."""
        return self._root("SnapshotCall", self._connection("snapshotObject", connection))

    def get_agent_state(self, device: str) -> bytes:
        """GetAgentState."""
        return self._root("GetAgentState", self._device("device", device))

    def request_status(self) -> bytes:
        """RequestSystemStatus: is anybody there."""
        return self._root("RequestSystemStatus")

    def status_taken(self) -> bytes:
        """SystemStatusResponse: OpenScape Business drops links that do not say so [K]."""
        return self._root("SystemStatusResponse")

    def register_status(self) -> bytes:
        """SystemRegister for system status."""
        return self._root("SystemRegister", element("requestTypes", leaf("systemStatus", "true")))

    def set_agent_state(
        self,
        device: str,
        state: str,
        login: str = "",
        password: str = "",
        *,
        mode: str = "",
        reason: int | None = None,
        pending: bool = False,
    ) -> bytes:
        """SetAgentState; work mode, reason and pending are Avaya's own."""
        parts = [self._device("device", device), leaf("requestedAgentState", state)]
        if login:
            parts.append(leaf("agentID", login))
        if password:
            parts.append(leaf("password", hexed(password)))
        if self._avaya and mode:
            own = leaf("workMode", mode)
            own += "" if reason is None else leaf("reasonCode", str(reason))
            own += leaf("enablePending", "true") if pending else ""
            parts.append(self._private(element("SetAgentStatePrivateData", own, ns=AVAYA)))
        return self._root("SetAgentState", *parts)

    def make_call(self, device: str, number: str, *, prompt: bool, data: str = "") -> bytes:
        """MakeCall."""
        return self._root(
            "MakeCall",
            self._device("callingDevice", device),
            self._device("calledDirectoryNumber", number),
            leaf("autoOriginate", "prompt" if prompt else "doNotPrompt"),
            self._user_data(data),
        )

    def one(self, service: str, name: str, connection: Connection) -> bytes:
        """A service at one connection: AnswerCall, ClearConnection, HoldCall, RetrieveCall."""
        return self._root(service, self._connection(name, connection))

    def two(self, service: str, held: Connection, active: Connection) -> bytes:
        """TransferCall, ConferenceCall, AlternateCall; ReconnectCall names the active call first [S]."""
        parts = [self._connection("heldCall", held), self._connection("activeCall", active)]
        return self._root(service, *(reversed(parts) if service == "ReconnectCall" else parts))

    def consult(self, existing: Connection, number: str, data: str = "") -> bytes:
        """ConsultationCall."""
        return self._root(
            "ConsultationCall",
            self._connection("existingCall", existing),
            self._device("consultedDevice", number),
            self._user_data(data),
        )

    def transfer(self, active: Connection, number: str, data: str = "") -> bytes:
        """SingleStepTransferCall."""
        return self._root(
            "SingleStepTransferCall",
            self._connection("activeCall", active),
            self._device("transferredTo", number),
            self._user_data(data),
        )

    def deflect(self, connection: Connection, number: str) -> bytes:
        """DeflectCall; edition 6 made the destination a list of devices [S]."""
        target = self._device("newDestination", number)
        if self._ns.endswith("ed6"):
            target = element("newDestination", self._device("device", number))
        return self._root("DeflectCall", self._connection("callToBeDiverted", connection), target)

    def digits(self, connection: Connection, digits: str) -> bytes:
        """GenerateDigits; the mode is left out, tones are the default."""
        return self._root(
            "GenerateDigits", self._connection("connectionToSendDigits", connection), leaf("charactersToSend", digits)
        )

    def associate(self, connection: Connection, data: str) -> bytes:
        """AssociateData; ECMA-323's order as far as it is used here is a guess, AES has no such service [G]."""
        return self._root(
            "AssociateData",
            self._connection("existingCall", connection),
            element("correlatorData", leaf("string", hexed(data))),
        )
