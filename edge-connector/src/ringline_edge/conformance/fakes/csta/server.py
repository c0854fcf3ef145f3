"""A fake CSTA server on a real socket: sessions, monitors and services after the notes, with a small switch behind."""

from __future__ import annotations

import asyncio
import itertools
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from ringline_edge.conformance.fakes.csta.engine import Engine
from ringline_edge.conformance.fakes.csta.services import Services
from ringline_edge.conformance.fakes.csta.state import KEYS, Call, RefusedError
from ringline_edge.conformance.fakes.csta.text import AVAYA, EVENT_ID, SESSION, Dialect, Request, bare, frame, requests
from ringline_edge.conformance.mischief import Mischief

USER, PASSWORD = "cti", "s3cret"
STATIONS = ("4750", "4751", "4752")
_GARBAGE = frame(EVENT_ID, "<DeliveredEvent><monitorCrossRefID>1</") + frame(EVENT_ID, "<HeldEvent/>")
_CONNECTION = re.compile("<(callID|deviceID)[^>]*>([^<]*)<")


@dataclass
class Session:
    """An application session and what it monitors: numbers by cross reference."""

    ident: str
    monitors: dict[str, str] = field(default_factory=dict)


class FakeCsta:
    """One server.

    Attributes:
        asked: Requests that came, oldest first.
        refuse: Answers by request name instead of doing it: category and value of a CSTA error.
        mute: Requests that are not answered.
        known: Protocol version endings that the server speaks.
        forgets: Old session ids are refused.
        unknown: Numbers that may not be monitored.
        mischief: Spoils the events of monitors.
        chop: Events are sent in pieces of that many bytes; 0 sends each whole.
    """

    def __init__(self, kind: str = "dmcc", stations: tuple[str, ...] = STATIONS, granted_s: int = 180) -> None:
        """A server of that kind, `dmcc`, `standard`, `openscape` or `openscape_business`; nothing listens yet."""
        self.kind, self.granted_s = kind, granted_s
        self.x = Dialect("plain" if kind == "standard" else "openscape" if kind.startswith("openscape") else kind)
        self.engine = Engine(self.x, stations, self._tell)
        self._at_calls = Services(self.x, self.engine)
        self.asked: list[Request] = []
        self.refuse: dict[str, tuple[str, str]] = {}
        self.mute: set[str] = set()
        self.known: tuple[str, ...] = ("priv7", "ed4")
        self.forgets = False
        self.unknown: set[str] = set()
        self.chop = 0
        self.port = 0
        self.links = 0
        self._sessions: dict[str, Session] = {}
        self._session: Session | None = None
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._refs = itertools.count(1)
        self.mischief = Mischief(self.send, _GARBAGE)

    async def open(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen; `port` says where, and stays the same after `shut`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = int(self._server.sockets[0].getsockname()[1])

    def forget(self) -> None:
        """The switch and the server have restarted: no calls, no sessions; agents and phones stay."""
        self.engine.forget()
        self._sessions.clear()
        self._session = None

    def shut(self) -> None:
        """Cut the link, and take no new one."""
        self.cut()
        if self._server:
            self._server.close()

    async def close(self) -> None:
        """Cut the link and stop listening."""
        self.cut()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    # --- neutral words

    def outside_call(self, number: str, to: str) -> Call:
        """A caller from outside dials."""
        call = self.engine.new_call(number, to)
        call.legs[number] = "connected"
        self.engine.route(call, to)
        return call

    def dial(self, station: str, number: str) -> Call:
        """A phone dials."""
        return self.engine.dial(station, number)

    def answer(self, party: str) -> None:
        """Whoever rings there answers."""
        self.engine.answer(self.engine.at(party, "alerting"), party)

    def answer_prompt(self, station: str) -> None:
        """The phone that asked for it is picked up, and dials."""
        self.engine.answer(self.engine.at(station, "initiated"), station)

    def hold(self, station: str) -> None:
        """The phone holds its call."""
        self.engine.hold(self.engine.at(station, "connected"), station)

    def resume(self, station: str) -> None:
        """The phone takes its held call back."""
        self.engine.retrieve(self.engine.at(station, "hold"), station)

    def hang_up(self, party: str) -> None:
        """A phone, or a party outside, hangs up."""
        self.engine.clear(self.engine.at(party, "connected", "alerting", "hold", "initiated"), party)

    def no_answer(self, station: str) -> None:
        """The phone has rung long enough: back to the queue it came from, or the caller hears so."""
        call = self.engine.at(station, "alerting")
        if call.called in self.engine.stations:
            self.engine.clear(call, station, releasing=call.calling, cause="callNotAnswered")
        else:
            self.engine.divert(call, station, call.called, "callForwardNoAnswer")

    def forward(self, station: str, to: str) -> None:
        """The phone sends its ringing call on."""
        self.engine.divert(self.engine.at(station, "alerting"), station, to, "callForwardImmediate")

    def pick_up(self, station: str, rung: str) -> None:
        """Take at `station` what rings at `rung`."""
        self.engine.pick_up(self.engine.at(rung, "alerting"), station, rung)

    def consult(self, station: str, to: str) -> Call:
        """The phone asks somebody about its call."""
        return self.engine.consult(self.engine.at(station, "connected"), station, to)

    def transfer(self, station: str) -> None:
        """The phone puts its held call and its active one together."""
        self.engine.transfer(self.engine.at(station, "hold"), self.engine.at(station, "connected"), station)

    def blind_transfer(self, station: str, to: str) -> None:
        """The phone passes its call on and is out of it."""
        self.engine.single_step(self.engine.at(station, "connected"), station, to)

    def conference(self, station: str) -> None:
        """The phone has both its calls in one."""
        self.engine.conference(self.engine.at(station, "hold"), self.engine.at(station, "connected"), station)

    def log_on(self, station: str, login: str) -> None:
        """An agent logs on at the phone."""
        self.engine.agents[station].login = login
        self.engine.set_agent(station, "agentNotReady", "auxWork")

    def press(self, station: str, key: str, reason: str = "0") -> None:
        """The agent presses a key for a state: one of `KEYS`."""
        state, mode = KEYS[key]
        self.engine.set_agent(station, state, mode, reason, pending=bool(self.engine.of(station)))

    def unplug(self, station: str) -> None:
        """The phone is out of service."""
        self.engine.out.add(station)
        self._tell(station, "OutOfServiceEvent", self.x.subject("device", station) + "<cause>maintenance</cause>")

    def plug_in(self, station: str) -> None:
        """The phone is back."""
        self.engine.out.discard(station)
        self._tell(station, "BackInServiceEvent", self.x.subject("device", station) + "<cause>normal</cause>")

    # --- the link

    def cut(self) -> None:
        """Cut the link."""
        if self._writer:
            self._writer.close()
        self._writer = None

    def say(self, body: str, invoke: bytes = EVENT_ID) -> None:
        """Send any message."""
        self.send(frame(invoke, body))

    def send(self, data: bytes) -> None:
        """Send any bytes."""
        writer = self._writer
        if writer is None or writer.is_closing():
            return
        for start in range(0, len(data), self.chop or len(data)):
            writer.write(data[start : start + (self.chop or len(data))])

    def names(self) -> list[str]:
        """Names of all requests that came."""
        return [each.name for each in self.asked]

    def last(self, name: str) -> Request:
        """The newest request of that name."""
        return [each for each in self.asked if each.name == name][-1]

    def _tell(self, device: str, name: str, body: str) -> None:
        monitors = self._session.monitors if self._session else {}
        for ref, monitored in monitors.items():
            if monitored == device:
                told = self.x.root(name, f"<monitorCrossRefID>{ref}</monitorCrossRefID>", body)
                # Call events begin with the connection that they are about; all others are about the device.
                about = frozenset(_CONNECTION.findall(body.partition("Device>")[0])) or device
                self.mischief.send(about, frame(EVENT_ID, told))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.links += 1
        self._writer, buffer = writer, bytearray()
        self._session = None if self._has_sessions else Session("none")
        try:
            while data := await reader.read(65_536):
                buffer += data
                for request in requests(buffer):
                    self._take(request)
        except OSError:
            pass  # the link ended
        finally:
            writer.close()

    @property
    def _has_sessions(self) -> bool:
        return self.kind != "standard"

    def _take(self, request: Request) -> None:
        self.asked.append(request)
        if request.name in self.mute:
            return
        try:
            service = self._services().get(request.name, _unknown)
            refused = self.refuse.get(request.name)
            answer = self.x.error(*refused) if refused else service(request)
        except RefusedError as err:
            answer = self.x.error(*err.args)
        if answer:
            self.mischief.flush()
            self.say(answer, request.invoke)

    def _services(self) -> dict[str, Callable[[Request], str]]:
        return {
            "StartApplicationSession": self._start,
            "ResetApplicationSessionTimer": self._reset,
            "StopApplicationSession": lambda r: self.x.root("StopApplicationSessionPosResponse", ns=SESSION),
            "TransferMonitorObjects": self._move_monitors,
            "GetThirdPartyDeviceId": self._device,
            "MonitorStart": self._monitor,
            "SystemRegister": lambda r: self.x.root("SystemRegisterResponse"),
            "RequestSystemStatus": lambda r: self.x.root("RequestSystemStatusResponse",
                                                         "<systemStatus>normal</systemStatus>"),
            "SystemStatusResponse": lambda r: "",
            **self._at_calls.table(),
        }  # fmt: skip

    # --- sessions and monitors

    def _start(self, request: Request) -> str:
        if self.kind == "dmcc" and (request.anywhere("userName"), request.anywhere("password")) != (USER, PASSWORD):
            return self._negative("invalidApplicationInfo")
        if self.kind == "openscape_business" and request.anywhere("user") != USER:
            return self._negative("invalidApplicationInfo")
        offered = [e.text or "" for e in request.root.iter() if e.tag.endswith("}protocolVersion")]
        version = next((each for each in offered if each.endswith(self.known)), "")
        if not version:
            return self._negative("requestedProtocolVersionNotSupported")
        wanted = request.anywhere("sessionID")
        if wanted and (self.forgets or wanted not in self._sessions):
            return self._negative("invalidApplicationInfo")
        ident = wanted or f"469421A9364D46D6444524AE41BEAD72-{len(self._sessions)}"
        self._session = self._sessions.setdefault(ident, Session(ident))
        parts = (f"<sessionID>{ident}</sessionID><actualProtocolVersion>{version}</actualProtocolVersion>"
                 f"<actualSessionDuration>{self.granted_s}</actualSessionDuration>")  # fmt: skip
        if self.x.kind == "openscape":
            # As captured: the default namespace is missing, a prefix is declared and not used.
            return (f'<StartApplicationSessionPosResponse xmlns:aps="{SESSION}">{parts}'
                    "</StartApplicationSessionPosResponse>")  # fmt: skip
        return self.x.root("StartApplicationSessionPosResponse", parts, ns=SESSION)

    def _negative(self, code: str, name: str = "StartApplicationSessionNegResponse") -> str:
        return self.x.root(name, f"<errorCode><definedError>{code}</definedError></errorCode>", ns=SESSION)

    def _reset(self, request: Request) -> str:
        if self._session is None or request.anywhere("sessionID") != self._session.ident:
            return self._negative("invalidSessionID", "ResetApplicationSessionTimerNegResponse")
        parts = f"<actualSessionDuration>{self.granted_s}</actualSessionDuration>"
        return self.x.root("ResetApplicationSessionTimerPosResponse", parts, ns=SESSION)

    def _move_monitors(self, request: Request) -> str:
        old = self._sessions.get(request.anywhere("fromSessionID"))
        if old is None or self._session is None:
            raise RefusedError("operation", "generic")
        self._session.monitors.update(old.monitors)
        return self.x.root("TransferMonitorObjectsResponse", ns=AVAYA)

    def _device(self, request: Request) -> str:
        if request.anywhere("switchName") != "CM1":
            raise RefusedError("operation", "invalidDeviceID")
        device = self.x.device(request.anywhere("extension"))
        return self.x.root("GetThirdPartyDeviceIdResponse", f"<device>{device}</device>", ns=AVAYA)

    def _monitor(self, request: Request) -> str:
        number = bare(request.text("monitorObject", "deviceObject"))
        if number not in {*self.engine.stations, "5100"} - self.unknown or self._session is None:
            raise RefusedError("operation", "invalidDeviceID")
        ref = str(next(self._refs))
        self._session.monitors[ref] = number
        return self.x.root("MonitorStartResponse", f"<monitorCrossRefID>{ref}</monitorCrossRefID>")


def _unknown(_request: Request) -> str:
    raise RefusedError("operation", "serviceNotSupported")
