"""One station: its legs by call, its devices, its agent, and the numbered transitions it raised."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ringline_core.domain.facts import Agent, Device, Leg
from ringline_core.domain.holds import HoldKind
from ringline_core.domain.standing import NOTHING, Standing
from ringline_core.domain.transitions import RANK, Happened
from ringline_core.wire.codes import AgentStateName, By, EventName, LegState, Verb

RECENT = 16
_N_PER_EPOCH = 2**32

_SHOWS: dict[EventName, frozenset[Verb]] = {
    EventName.DIALING: frozenset({Verb.PLACE}),
    EventName.CONSULTING: frozenset({Verb.CONSULT}),
    EventName.ANSWERED: frozenset({Verb.ANSWER}),
    EventName.HELD: frozenset({Verb.HOLD, Verb.CONSULT, Verb.SWAP}),
    EventName.RESUMED: frozenset({Verb.RESUME, Verb.SWAP, Verb.CANCEL}),
    EventName.DROPPED: frozenset({Verb.DROP}),
    EventName.FAILED: frozenset({Verb.DROP}),
    EventName.MISSED: frozenset({Verb.REJECT}),
    EventName.TRANSFERRED: frozenset({Verb.TRANSFER, Verb.COMPLETE}),
    EventName.CONFERENCED: frozenset({Verb.CONFERENCE}),
    EventName.AGENT_STATE: frozenset({Verb.SET_STATE, Verb.LOG_ON, Verb.LOG_OFF}),
}
"""Which commands a transition can be the effect of."""

_ACTIVE = frozenset({LegState.INITIATED, LegState.CONNECTED, LegState.HOLD})
_LOGGED_ON = frozenset({AgentStateName.READY, AgentStateName.NOT_READY, AgentStateName.WRAP_UP})


@dataclass(frozen=True, slots=True)
class Numbered:
    """A transition with its number and the call it speaks of."""

    n: int
    happened: Happened
    call: str | None
    interaction: str | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A call to `to` that is to continue an earlier interaction (wire id)."""

    to: str
    interaction: str


@dataclass(slots=True)
class Expected:
    """A page's command whose effect has not been seen yet; `placed` for a call that continues an interaction."""

    verb: Verb
    call: str | None
    ident: str = ""
    placed: Placed | None = None


@dataclass(frozen=True, slots=True)
class ShownAgent:
    """The agent as the document shows it."""

    state: AgentStateName
    since_at_ms: int
    pending: AgentStateName | None = None
    reason: str | None = None


@dataclass(slots=True)
class Station:
    """The present truth of one station."""

    station: str
    epoch: int = 0
    counter: int = 0
    legs: dict[str, dict[str, Leg]] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    agent: Agent | None = None
    standing: Standing = NOTHING
    in_service: bool = True
    told_agent: tuple[AgentStateName, str | None] | None = None
    conferenced: set[str] = field(default_factory=set)
    rang: dict[str, tuple[str, str | None, str | None]] = field(default_factory=dict)
    recent: deque[Numbered] = field(default_factory=lambda: deque(maxlen=RECENT))
    expected: list[Expected] = field(default_factory=list)

    def lead(self, epoch: int) -> None:
        """Begin `recent` and its numbers anew under a new epoch."""
        self.epoch, self.counter = epoch, 0
        self.recent.clear()

    def folded(self, call: str) -> Leg | None:
        """The most advanced leg of this station's devices in `call`; ties go to the older one, then by id."""
        legs = self.legs.get(call)
        if not legs:
            return None
        if len(legs) == 1:
            return next(iter(legs.values()))
        return max(legs.values(), key=lambda leg: (RANK[leg.state], -leg.started_at_ms, leg.leg))

    def shown_agent(self, *, link_up: bool) -> ShownAgent:
        """The agent as shown: busy is worked out from the legs, and holds are laid over what the PBX says."""
        agent = self.agent
        if not link_up:
            return ShownAgent(
                AgentStateName.UNKNOWN, agent.since_at_ms if agent else 0, None, agent.reason if agent else None
            )
        if agent is None:
            return ShownAgent(AgentStateName.LOGGED_OFF, 0)
        if agent.state in _LOGGED_ON:
            since = [leg.started_at_ms for legs in self.legs.values() for leg in legs.values() if leg.state in _ACTIVE]
            if since:
                return ShownAgent(AgentStateName.BUSY, min(since), agent.pending or agent.state, agent.reason)
            if hold := self._hold(agent):
                return ShownAgent(hold.state, max(self.standing.since_ms, agent.since_at_ms), None, hold.reason)
        return ShownAgent(agent.state, agent.since_at_ms, agent.pending, agent.reason)

    def _hold(self, agent: Agent) -> HoldKind | None:
        """The hold to show: the agent's own comes before all but the supervisor's."""
        hold = self.standing.hold
        return hold if agent.state is AgentStateName.READY or hold is HoldKind.SUPERVISOR else None

    def raise_all(self, happened: list[Happened], call: str | None = None, interaction: str | None = None) -> None:
        """Number transitions and keep them; the effect of a page's command is marked as the page's."""
        for each in happened:
            self.counter += 1
            by = each.by
            if self.expected and by != By.REMOTE and self._was_expected(each.event, call):
                by = By.AGENT_PAGE
            marked = each if by is each.by else Happened(each.event, each.at_ms, each.cause, by, each.peer)
            self.recent.append(Numbered(self.epoch * _N_PER_EPOCH + self.counter, marked, call, interaction))

    def placed(self, leg: Leg) -> Placed | None:
        """What a call that begins here continues: that of the page's command, unless another number was dialled."""
        found = (each.placed for each in self.expected if each.placed)
        return next((each for each in found if leg.dialed is None or _plain(leg.dialed) == _plain(each.to)), None)

    def _was_expected(self, event: EventName, call: str | None) -> bool:
        verbs = _SHOWS.get(event, frozenset())
        for index, each in enumerate(self.expected):
            if each.verb in verbs and (each.call is None or call is None or each.call == call):
                del self.expected[index]
                return True
        return False

    def forget_call(self, call: str) -> None:
        """Drop what was kept about a call that is over here."""
        self.rang.pop(call, None)
        self.conferenced.discard(call)
        self.expected = [each for each in self.expected if each.call != call]


def _plain(number: str) -> str:
    """As PBXs dial it, whose plans have their own ways with blanks and plus signs."""
    return "".join(each for each in number if each.isalnum() or each in "*#")
