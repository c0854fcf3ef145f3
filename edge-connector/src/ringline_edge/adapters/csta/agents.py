"""Agents at stations: logged on or not, ready or not, and what comes after the call.

State is per agent, device and ACD group [S]: an agent with three skills is told of three times. Avaya knows one work
mode for all of them. Some releases tell changes only to monitors of skills, some not at all [K], so what GetAgentState
answers is taken in beside the events; both lead to the same fact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from ringline_core.domain.facts import Agent, Fact, Membership, Pressed
from ringline_core.wire.codes import AgentStateName, By
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.events import Event
from ringline_edge.adapters.csta.naming import Naming, number_of, subject
from ringline_edge.adapters.csta.words import AGENT_STATES, WORK_MODES
from ringline_edge.adapters.csta.xml import Element, anywhere, children, find, text

_EVENTS: Final = {
    "AgentLoggedOnEvent": AgentStateName.NOT_READY,
    "AgentLoggedOffEvent": AgentStateName.LOGGED_OFF,
    "AgentReadyEvent": AgentStateName.READY,
    "AgentNotReadyEvent": AgentStateName.NOT_READY,
    "AgentWorkingAfterCallEvent": AgentStateName.WRAP_UP,
}
_BY_ITSELF: Final = frozenset({"autoWork", "forcedPause", "forcedTransition", "switchingFunctionTerminated"})
"""Causes of changes that nobody pressed a key for."""

_NO_REASON: Final = "0"
MAX_GROUPS: Final = 64
EXPECTED_MS: Final = 10_000
"""How long what we asked for may take to show."""


@dataclass(slots=True)
class Seat:
    """The agent at one station.

    Attributes:
        ready_mode: Work mode in which the agent was ready last: to be put back after a hold.
        is_held: After-call work of ours, running or pending.
        asked: State that we asked for, and until when it counts as ours.
        groups: ACD groups the agent is logged on to.
    """

    state: AgentStateName = AgentStateName.LOGGED_OFF
    login: str | None = None
    reason: str | None = None
    pending: AgentStateName | None = None
    since_at_ms: int = 0
    ready_mode: str = ""
    is_held: bool = False
    asked: tuple[AgentStateName, int] | None = None
    by: By | None = None
    groups: dict[str, None] = field(default_factory=dict)
    told: Agent | None = None

    def join(self, group: str) -> None:
        """The agent is logged on to this group as well; as many as a document shows."""
        if group and len(self.groups) < MAX_GROUPS:
            self.groups[group] = None


class Agents:
    """All agents of the site."""

    def __init__(self, config: CstaConfig) -> None:
        """Nobody is logged on yet."""
        self._naming = Naming(config)
        self._reasons = {str(code): name for name, code in config.reasons.items()}
        self._ready_mode: str = config.ready_mode
        self.seats = {station: Seat() for station in config.stations}

    @property
    def held(self) -> frozenset[str]:
        """Stations at which after-call work of ours runs or is pending."""
        return frozenset(station for station, seat in self.seats.items() if seat.is_held)

    def ready_mode(self, station: str) -> str:
        """The work mode that makes this agent ready again."""
        return self.seats[station].ready_mode or self._ready_mode

    def expect(self, station: str, state: AgentStateName, at_ms: int) -> None:
        """We are about to ask for a state: what shows it is no press of a key."""
        self.seats[station].asked = (state, at_ms + EXPECTED_MS)

    def see(self, event: Event) -> Iterator[Fact]:
        """An agent event; AgentBusy says nothing that the legs do not."""
        state = _EVENTS.get(event.name)
        number = subject(event.fields.get("agentDevice"))[0] or event.device
        station = self._naming.station(number)
        if state is None or station is None:
            return
        seat = self.seats[station]
        seat.login = event.word("agentID") or seat.login
        group = number_of(event.word("acdGroup"))
        if event.name == "AgentLoggedOnEvent":
            seat.join(group)
            if seat.state is not AgentStateName.LOGGED_OFF:
                state = seat.state  # one more skill of the same log-on
        elif state is AgentStateName.LOGGED_OFF:
            seat.groups.pop(group, None)
            if group and seat.groups:
                return  # the other skills follow
            seat.groups.clear()
        extensions = event.fields.get("extensions")
        reason = text(anywhere(extensions, "reasonCode")) if state is AgentStateName.NOT_READY else ""
        pending = WORK_MODES.get(text(anywhere(extensions, "pendingWorkMode")))
        by_itself = event.word("cause") in _BY_ITSELF
        yield from self._change(station, state, reason, pending, event.at_ms, by_itself=by_itself)

    def take(self, station: str, answer: Element, at_ms: int) -> Iterator[Fact]:
        """What GetAgentState answered."""
        seat = self.seats[station]
        entry = find(answer, "agentStateList", "agentStateEntry")
        extensions = find(answer, "extensions")
        mode = text(anywhere(extensions, "workMode"))
        items = children(find(entry, "agentInfo"), "agentInfoItem")
        said = {text(find(item, "agentState")) for item in items} - {""}
        state = self._polled(seat, entry, said, mode)
        if mode in ("autoIn", "manualIn"):
            seat.ready_mode = mode
        if state is not AgentStateName.LOGGED_OFF:
            seat.login = text(find(entry, "agentID")) or seat.login
            for item in items:
                seat.join(number_of(text(find(item, "acdGroup"))))
        else:
            seat.groups.clear()
        pending = next((AGENT_STATES.get(text(find(item, "pendingAgentState"))) for item in items), None)
        reason = text(anywhere(extensions, "reasonCode")) if state is AgentStateName.NOT_READY else ""
        yield from self._change(station, state, reason, pending, at_ms)

    @staticmethod
    def _polled(seat: Seat, entry: Element | None, said: set[str], mode: str) -> AgentStateName:
        if entry is None or text(find(entry, "loggedOnState")) == "false" or said == {"agentNull"}:
            return AgentStateName.LOGGED_OFF
        # Ready in one of several groups is ready: calls come.
        states = {AGENT_STATES[each] for each in said if each in AGENT_STATES}
        for state in (AgentStateName.READY, AgentStateName.WRAP_UP, AgentStateName.NOT_READY):
            if state in states:
                return state
        # Busy: what comes after the call is in the work mode; else it is as before.
        before = seat.state if seat.state is not AgentStateName.LOGGED_OFF else AgentStateName.READY
        return WORK_MODES.get(mode, before)

    def _change(
        self,
        station: str,
        state: AgentStateName,
        code: str,
        pending: AgentStateName | None,
        at_ms: int,
        *,
        by_itself: bool = False,
    ) -> Iterator[Fact]:
        seat = self.seats[station]
        reason = self._reasons.get(code) or (None if code in ("", _NO_REASON) else code)
        seat.pending = pending
        if (state, reason) != (seat.state, seat.reason):
            ours = self._is_ours(seat, state, at_ms)
            pressed = self._press(station, state, at_ms) if not (ours or by_itself) else None
            seat.state, seat.reason, seat.since_at_ms = state, reason, at_ms
            seat.by = None if ours else By.PBX if by_itself else By.AGENT_PHONE
            if state in (AgentStateName.LOGGED_OFF, AgentStateName.NOT_READY) or (
                state is AgentStateName.READY and not ours and pressed is not None
            ):
                seat.is_held = False  # whoever pressed a key took the after-call work away
            if pressed is not None:
                yield from self.tell(station)
                yield pressed
                return
        yield from self.tell(station)

    @staticmethod
    def _is_ours(seat: Seat, state: AgentStateName, at_ms: int) -> bool:
        if seat.asked is None or seat.asked[0] is not state:
            return False
        ours = at_ms <= seat.asked[1]
        seat.asked = None
        return ours

    def _press(self, station: str, state: AgentStateName, at_ms: int) -> Pressed | None:
        """A key of the phone: from one logged-on state to another. What ends a call by itself is none."""
        before = self.seats[station].state
        if AgentStateName.LOGGED_OFF in (before, state) or state is AgentStateName.WRAP_UP or before is state:
            return None
        return Pressed(station, state is AgentStateName.READY, at_ms)

    def tell(self, station: str) -> Iterator[Fact]:
        """The station's agent, where it is news."""
        seat, fact = self.seats[station], self.agent(station)
        if fact != seat.told:
            seat.told = fact
            yield fact

    def agent(self, station: str) -> Agent:
        """The station's agent as of now; after-call work of ours is no state of the agent's own."""
        seat = self.seats[station]
        state = seat.state
        if seat.is_held and state is AgentStateName.WRAP_UP:
            state = AgentStateName.READY
        pending = None if seat.is_held and seat.pending is AgentStateName.WRAP_UP else seat.pending
        paused = state is not AgentStateName.READY
        queues = tuple(
            Membership(self._naming.queue(group) or group, paused, seat.reason if paused else None)
            for group in sorted(seat.groups)
        )
        fact = Agent(station, state, seat.since_at_ms, seat.login, seat.reason, pending, queues, seat.by)
        if state is AgentStateName.LOGGED_OFF:
            fact = replace(fact, login=None, queues=())
        return fact
