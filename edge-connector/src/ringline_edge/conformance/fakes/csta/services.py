"""Services at calls and agents: each takes a request, does it in the switch, and gives the answer's body."""

from __future__ import annotations

from collections.abc import Callable

from ringline_edge.conformance.fakes.csta.engine import Engine
from ringline_edge.conformance.fakes.csta.state import STATES, Call, RefusedError
from ringline_edge.conformance.fakes.csta.text import Dialect, Request, bare

AGENT_PASSWORD = "1234"  # noqa: S105 - of the fake


class Services:
    """What needs no session of its own."""

    def __init__(self, dialect: Dialect, engine: Engine) -> None:
        """Acts on `engine`, and writes as `dialect` does."""
        self.x, self.engine = dialect, engine

    def table(self) -> dict[str, Callable[[Request], str]]:
        """Services by the name of their request; each may raise `RefusedError`."""
        return {
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
            if bytes.fromhex(request.text("password")) != AGENT_PASSWORD.encode() and self.x.kind == "dmcc":
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
        # Events come before MakeCallResponse, as they may.
        begin = self.engine.prompt if request.text("autoOriginate") == "prompt" else self.engine.dial
        call = begin(station, number, data=self._text(request))
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
