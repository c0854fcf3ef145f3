"""A fake CSTA server on a real socket: sessions, monitors and services after the notes, with a small switch behind."""

from __future__ import annotations

import asyncio
import itertools
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.fakes.csta_engine import KEYS, STATES, Call, Engine, RefusedError
from tests.support.fakes.csta_xml import AVAYA, EVENT_ID, SESSION, Dialect, Request, bare, frame, requests

USER, PASSWORD = "cti", "s3cret"
STATIONS = ("4750", "4751", "4752")


@dataclass
class Session:
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
        chop: Events are sent in pieces of that many bytes; 0 sends each whole.
    """

    def __init__(self, kind: str = "dmcc", stations: tuple[str, ...] = STATIONS, granted_s: int = 180) -> None:
        self.kind, self.granted_s = kind, granted_s
        self.x = Dialect("plain" if kind == "standard" else "openscape" if kind.startswith("openscape") else kind)
        self.engine = Engine(self.x, stations, self._tell)
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

    async def open(self, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self.cut()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    # --- neutral words

    def outside_call(self, number: str, to: str) -> Call:
        call = self.engine.new_call(number, to)
        call.legs[number] = "connected"
        self.engine.route(call, to)
        return call

    def dial(self, station: str, number: str) -> Call:
        return self.engine.dial(station, number)

    def answer(self, party: str) -> None:
        self.engine.answer(self.engine.at(party, "alerting"), party)

    def hold(self, station: str) -> None:
        self.engine.hold(self.engine.at(station, "connected"), station)

    def resume(self, station: str) -> None:
        self.engine.retrieve(self.engine.at(station, "hold"), station)

    def hang_up(self, party: str) -> None:
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
        return self.engine.consult(self.engine.at(station, "connected"), station, to)

    def transfer(self, station: str) -> None:
        self.engine.transfer(self.engine.at(station, "hold"), self.engine.at(station, "connected"), station)

    def blind_transfer(self, station: str, to: str) -> None:
        self.engine.single_step(self.engine.at(station, "connected"), station, to)

    def conference(self, station: str) -> None:
        self.engine.conference(self.engine.at(station, "hold"), self.engine.at(station, "connected"), station)

    def log_on(self, station: str, login: str) -> None:
        self.engine.agents[station].login = login
        self.engine.set_agent(station, "agentNotReady", "auxWork")

    def press(self, station: str, key: str, reason: str = "0") -> None:
        state, mode = KEYS[key]
        self.engine.set_agent(station, state, mode, reason, pending=bool(self.engine.of(station)))

    def unplug(self, station: str) -> None:
        self.engine.out.add(station)
        self._tell(station, "OutOfServiceEvent", self.x.subject("device", station) + "<cause>maintenance</cause>")

    def plug_in(self, station: str) -> None:
        self.engine.out.discard(station)
        self._tell(station, "BackInServiceEvent", self.x.subject("device", station) + "<cause>normal</cause>")

    # --- the link

    def cut(self) -> None:
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
        return [each.name for each in self.asked]

    def last(self, name: str) -> Request:
        return [each for each in self.asked if each.name == name][-1]

    def _tell(self, device: str, name: str, body: str) -> None:
        monitors = self._session.monitors if self._session else {}
        for ref, monitored in monitors.items():
            if monitored == device:
                self.say(self.x.root(name, f"<monitorCrossRefID>{ref}</monitorCrossRefID>", body))

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
            "SnapshotDevice": self._snapshot_device,
            "SnapshotCall": self._snapshot_call,
            "GetAgentState": self._agent_state,
            "SetAgentState": self._set_agent,
            "MakeCall": self._make_call,
            "AnswerCall": self._at("callToBeAnswered", self.engine.answer),
            "ClearConnection": self._at("connectionToBeCleared", self.engine.clear),
            "HoldCall": self._at("callToBeHeld", self.engine.hold),
            "RetrieveCall": self._at("callToBeRetrieved", self.engine.retrieve),
            "GenerateDigits": self._at("connectionToSendDigits", lambda call, station: None),
            "AssociateData": self._at("existingCall", lambda call, station: None),
            "ConsultationCall": self._consult,
            "TransferCall": self._both(self.engine.transfer),
            "ConferenceCall": self._both(self.engine.conference),
            "AlternateCall": self._both(self._alternate),
            "ReconnectCall": self._both(self._reconnect),
            "SingleStepTransferCall": self._single_step,
            "DeflectCall": self._deflect,
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

    def _snapshot_device(self, request: Request) -> str:
        number = bare(request.text("snapshotObject"))
        infos = []
        for call in self.engine.of(number):
            own, far = call.legs[number], next((s for n, s in call.legs.items() if n != number), "null")
            states = "".join(f"<localConnectionState>{s}</localConnectionState>" for s in (own, far))
            infos.append(f"<snapshotDeviceResponseInfo>{self.x.connection('connectionIdentifier', call.ident, number)}"
                         f"<localCallState><compoundCallState>{states}</compoundCallState></localCallState>"
                         "</snapshotDeviceResponseInfo>")  # fmt: skip
        data = f"<snapshotData>{''.join(infos)}</snapshotData>"
        return self.x.root("SnapshotDeviceResponse", f"<crossRefIDorSnapshotData>{data}</crossRefIDorSnapshotData>")

    def _snapshot_call(self, request: Request) -> str:
        call = self.engine.find(*request.connection("snapshotObject"))
        infos = "".join(
            f"<snapshotCallResponseInfo>{self.x.subject('deviceOnCall', number)}"
            f"{self.x.connection('callIdentifier', call.ident, number)}"
            f"<localConnectionInfo>{state}</localConnectionInfo></snapshotCallResponseInfo>"
            for number, state in call.legs.items()
        )
        data = f"<crossRefIDorSnapshotData><snapshotData>{infos}</snapshotData></crossRefIDorSnapshotData>"
        who = self.x.subject("callingDevice", call.calling) + self.x.subject("calledDevice", call.called)
        return self.x.root("SnapshotCallResponse", data, who, self.x.linkage(call.ucid))

    # --- agents

    def _agent_state(self, request: Request) -> str:
        station = bare(request.text("device"))
        agent = self.engine.agents[station]
        on, busy = agent.state != "agentNull", bool(self.engine.of(station))
        state = "agentBusy" if on and busy and agent.state == "agentReady" else agent.state
        pending = f"<pendingAgentState>{agent.pending[0]}</pendingAgentState>" if agent.pending else ""
        item = f"<agentInfoItem><agentState>{state}</agentState>{pending}</agentInfoItem>"
        entry = (f"<agentStateEntry><agentID>{agent.login}</agentID><loggedOnState>{str(on).lower()}</loggedOnState>"
                 f"<agentInfo>{item}</agentInfo></agentStateEntry>")  # fmt: skip
        private = self.x.private("GetAgentStateResponsePrivateData", f"<workMode>{agent.mode}</workMode>"
                                 f"<reasonCode>{agent.reason}</reasonCode>")  # fmt: skip
        return self.x.root("GetAgentStateResponse", f"<agentStateList>{entry}</agentStateList>{private}")

    def _set_agent(self, request: Request) -> str:
        station, asked = bare(request.text("device")), request.text("requestedAgentState")
        agent = self.engine.agents[station]
        if asked == "loggedOn":
            if bytes.fromhex(request.text("password")) != b"1234" and self.kind == "dmcc":
                raise RefusedError("operation", "invalidAgentPassword")
            agent.login = request.text("agentID")
        elif agent.state == "agentNull":
            raise RefusedError("operation", "invalidAgentState")
        mode, reason = request.anywhere("workMode"), request.anywhere("reasonCode") or "0"
        pending = request.anywhere("enablePending") == "true"
        # The state is taken on, and told, before the request is answered.
        kept = self.engine.set_agent(station, STATES[asked], mode, reason, pending=pending)
        private = self.x.private("SetAgentStateResponsePrivateData", f"<isPending>{str(kept).lower()}</isPending>")
        return self.x.root("SetAgentStateResponse", private)

    # --- calls

    def _at(self, name: str, do: Callable[[Call, str], None]) -> Callable[[Request], str]:
        def service(request: Request) -> str:
            ident, number = request.connection(name)
            do(self.engine.find(ident, number), number)
            return self.x.root(f"{request.name}Response")

        return service

    def _both(self, do: Callable[[Call, Call, str], None]) -> Callable[[Request], str]:
        def service(request: Request) -> str:
            (held, station), (active, _) = request.connection("heldCall"), request.connection("activeCall")
            first, second = self.engine.find(held, station), self.engine.find(active, station)
            if first.legs[station] != "hold":
                raise RefusedError("stateIncompatibility", "invalidHeldConnectionState")
            do(first, second, station)
            return self.x.root(f"{request.name}Response")

        return service

    def _alternate(self, held: Call, active: Call, station: str) -> None:
        self.engine.hold(active, station, "alternate")
        self.engine.retrieve(held, station)

    def _reconnect(self, held: Call, active: Call, station: str) -> None:
        self.engine.clear(active, station)
        self.engine.retrieve(held, station)

    def _text(self, request: Request) -> str:
        return bytes.fromhex(request.text("userData", "string")).decode()

    def _make_call(self, request: Request) -> str:
        station, number = bare(request.text("callingDevice")), bare(request.text("calledDirectoryNumber"))
        # Originated comes before MakeCallResponse, as it may.
        call = self.engine.dial(station, number, data=self._text(request))
        return self.x.root("MakeCallResponse", self.x.connection("callingDevice", call.ident, station))

    def _consult(self, request: Request) -> str:
        ident, station = request.connection("existingCall")
        number, data = bare(request.text("consultedDevice")), self._text(request)
        call = self.engine.consult(self.engine.find(ident, station), station, number, data)
        return self.x.root("ConsultationCallResponse", self.x.connection("initiatedCall", call.ident, station))

    def _single_step(self, request: Request) -> str:
        ident, station = request.connection("activeCall")
        call = self.engine.find(ident, station)
        self.engine.single_step(call, station, bare(request.text("transferredTo")), self._text(request))
        return self.x.root("SingleStepTransferCallResponse")

    def _deflect(self, request: Request) -> str:
        ident, station = request.connection("callToBeDiverted")
        call = self.engine.find(ident, station)
        self.engine.divert(call, station, bare(request.text("newDestination")), "redirected")
        return self.x.root("DeflectCallResponse")


def _unknown(_request: Request) -> str:
    raise RefusedError("operation", "serviceNotSupported")
