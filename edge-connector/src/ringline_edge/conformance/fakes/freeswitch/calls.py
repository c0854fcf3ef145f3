"""The call engine of the fake FreeSWITCH: a small dial plan, phones, trunk, and a queue of mod_callcenter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ringline_edge.conformance.fakes.freeswitch.channels import Chan, Clock, headers

Say = Callable[[dict[str, Any]], None]
QUEUES = {"5000": "support@default", "5001": "sales@default"}


@dataclass
class AgentRow:
    """One agent of mod_callcenter; times in seconds."""

    name: str
    contact: str = ""
    status: str = "Logged Out"
    state: str = "Waiting"
    ready_time: int = 0
    wrap_up_time: int = 0
    last_bridge_end: int = 0
    last_status_change: int = 0
    tiers: dict[str, int] = field(default_factory=dict)

    @property
    def station(self) -> str:
        """The phone that its contact rings."""
        return self.contact.rpartition("/")[2].partition("@")[0]


class Engine:
    """What is up. Every change is said as events, in the order in which FreeSWITCH says them.

    Attributes:
        bridge_first: `uuid_bridge` tells the new bridge before the ends of those whom it leaves alone.
        tells_transfer: The end of a bridge shows that its leading channel was transferred; else only the phone's
            own hang-up does.
        queues: Names of queues by number.
        busy: Stations and outside numbers that refuse every call.
        registered: Call-IDs of registrations by user.
        on_ring: Called with every channel that begins to ring.
        heard: Digits that channels were sent or were said to have sent, by Unique-ID.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self.clock = Clock()
        self.channels: dict[str, Chan] = {}
        self.agents: dict[str, AgentRow] = {}
        self.waiting: list[Chan] = []
        self.registered: dict[str, set[str]] = {}
        self.busy: set[str] = set()
        self.queues = dict(QUEUES)
        self.on_ring: Callable[[Chan], None] = _nobody
        self.bridge_first = self.tells_transfer = True
        self.heard: list[tuple[str, str]] = []
        self.on_answer: dict[str, Callable[[], None]] = {}
        self.on_fail: dict[str, Callable[[str], None]] = {}

    def forget(self) -> None:
        """Calls are gone; agents and registrations are kept in the database."""
        self.channels.clear()
        self.waiting.clear()
        self.on_answer.clear()
        self.on_fail.clear()
        for agent in self.agents.values():
            agent.state = "Waiting"

    def event(self, name: str, chan: Chan | None = None, **more: str) -> None:
        """Say an event."""
        said = headers(chan) if chan else {}
        extra = {key.replace("_", "-"): value for key, value in more.items()}
        self._say({"Event-Name": name, "Event-Date-Timestamp": str(self.clock.now()), **said, **extra})

    def callcenter(self, action: str, chan: Chan | None = None, **more: str) -> None:
        """Say a callcenter::info."""
        self.event("CUSTOM", chan, Event_Subclass="callcenter::info", CC_Action=action, **more)

    def _callstate(self, chan: Chan, state: str) -> None:
        before, chan.callstate = chan.callstate, state
        if before != state:
            self.event("CHANNEL_CALLSTATE", chan, Original_Channel_Call_State=before)

    def create(self, chan: Chan) -> Chan:
        """A channel comes up."""
        chan.created_us = self.clock.now()
        self.channels[chan.uuid] = chan
        self.event("CHANNEL_CREATE", chan)
        return chan

    def route(self, chan: Chan, dest: str) -> None:
        """The dial plan."""
        chan.dest = dest
        if dest in self.queues:
            self._enqueue(chan, self.queues[dest])
        elif dest in self.registered:
            self._ring_station(chan, dest)
        elif dest.startswith("*"):
            self.mark_answered(chan)
        elif len(dest) > 6:
            out = Chan(True, f"sofia/external/{dest}@trunk.example", chan.number, dest)
            if "cti_linkage" in chan.vars:
                out.vars["sip_h_User-to-User"] = chan.vars["cti_linkage"]
            self._ring(chan, out)
        else:
            self.hang_up(chan, "UNALLOCATED_NUMBER", "send_refuse")

    def _ring_station(self, caller: Chan, station: str) -> None:
        if not self.registered[station]:
            caller.vars["originate_failed_cause"] = "USER_NOT_REGISTERED"
            self.hang_up(caller, "USER_NOT_REGISTERED", "send_refuse")
            return
        legs = [self.phone_leg(station, caller.number) for _ in self.registered[station]]
        for number, leg in enumerate(legs):
            leg.name = leg.name.replace("192.0.2.7", f"192.0.2.{7 + number}")
            leg.originator = caller
        for leg in legs:
            self._ring(caller, leg)

    def phone_leg(self, station: str, number: str, **variables: str) -> Chan:
        """A leg that the PBX makes to a phone."""
        made = Chan(True, f"sofia/internal/{station}@192.0.2.7:5060", number, station, station)
        made.vars = {"dialed_user": station, **variables}
        return made

    def _ring(self, caller: Chan, callee: Chan) -> None:
        callee.originator = caller
        callee.vars |= {"call_uuid": caller.uuid, "originator": caller.uuid}
        self.create(callee)
        if self.busy & {callee.station, callee.dest}:
            self._fails(callee, "USER_BUSY", "recv_refuse")
            return
        self.progress(callee)
        if not caller.answered:
            self.event("CHANNEL_PROGRESS", caller)

    def progress(self, chan: Chan) -> None:
        """It rings there."""
        chan.progress_us = self.clock.now()
        self.event("CHANNEL_PROGRESS", chan)
        self._callstate(chan, "RINGING")
        self.on_ring(chan)

    def mark_answered(self, chan: Chan) -> None:
        """Answered, by somebody or by an application."""
        if not chan.answered:
            chan.answered, chan.answered_us = True, self.clock.now()
            self.event("CHANNEL_ANSWER", chan)
            self._callstate(chan, "ACTIVE")

    def pick_up(self, chan: Chan) -> None:
        """Whoever is rung answers."""
        self.mark_answered(chan)
        caller = chan.originator
        if chan.uuid in self.on_answer:
            self.on_answer.pop(chan.uuid)()
        elif "cc_agent" in chan.vars:
            self._agent_answers(chan)
        elif caller is not None:
            self.mark_answered(caller)
            chan.originator = None
            for each in self.rung_by(caller):
                self.hang_up(each, "LOSE_RACE", "send_cancel")
            self.bridge(caller, chan)

    def rung_by(self, caller: Chan) -> list[Chan]:
        """Whoever is rung for a caller."""
        return [each for each in self.channels.values() if each.originator is caller]

    def bridge(self, one: Chan, two: Chan) -> None:
        """Two hear each other; `one` leads."""
        one.peer, two.peer, one.leads, two.leads = two, one, True, False
        one.vars["bridge_to"], two.vars["bridge_to"] = two.uuid, one.uuid
        two.vars["call_uuid"] = one.uuid
        self.event("CHANNEL_BRIDGE", one, Bridge_A_Unique_ID=one.uuid, Bridge_B_Unique_ID=two.uuid)

    def unbridge(self, chan: Chan) -> Chan | None:
        """They do not any more; who the other one was."""
        other = chan.peer
        if other is None:
            return None
        lead, led = (chan, other) if chan.leads else (other, chan)
        for each in (chan, other):
            each.peer, each.leads = None, False
            each.vars.pop("bridge_to", None)
        led.vars["call_uuid"] = led.uuid
        self.event("CHANNEL_UNBRIDGE", lead, Bridge_A_Unique_ID=lead.uuid, Bridge_B_Unique_ID=led.uuid)
        return other

    def hold(self, chan: Chan, *, on: bool) -> None:
        """By the phone or by the PBX."""
        if chan.held == on:
            return
        chan.held = on
        if on:
            chan.hold_us = self.clock.now()
        self.event("CHANNEL_HOLD" if on else "CHANNEL_UNHOLD", chan)
        self._callstate(chan, "HELD" if on else "UNHELD")

    def hang_up(self, chan: Chan, cause: str = "NORMAL_CLEARING", side: str = "send_bye") -> None:
        """A channel ends, and whoever depends on it."""
        if not chan.up:
            return
        self.hold(chan, on=False)
        chan.up, chan.cause = False, cause
        chan.vars["sip_hangup_disposition"] = side
        self.event("CHANNEL_HANGUP", chan)
        other = self.unbridge(chan)
        self.event("CHANNEL_HANGUP_COMPLETE", chan)
        del self.channels[chan.uuid]
        if chan.uuid in self.on_fail:
            self.on_fail.pop(chan.uuid)(cause)
        self._queue_loses(chan, cause)
        for each in self.rung_by(chan):
            self.hang_up(each, "ORIGINATOR_CANCEL", "send_cancel")
        if other is not None and other.up:
            self.hang_up(other)

    def _fails(self, callee: Chan, cause: str, side: str) -> None:
        """Somebody who was rung does not answer; the caller's dial plan has nothing else."""
        caller = callee.originator
        self.hang_up(callee, cause, side)
        if caller is not None and caller.up and not self.rung_by(caller):
            caller.vars["originate_failed_cause"] = cause
            self.hang_up(caller, cause if not caller.answered else "NORMAL_CLEARING", "send_refuse")

    def refuse(self, chan: Chan, cause: str, side: str) -> None:
        """Whoever is rung refuses, or is rung no longer."""
        self._fails(chan, cause, side)

    def say_source(self, chan: Chan, dest: str, dialplan: str) -> None:
        """A channel carries how it was transferred last."""
        if self.tells_transfer:
            chan.vars["transfer_source"] = f"{self.clock.now()}:{chan.uuid}:bl_xfer:{dest}/default/{dialplan}"

    def transfer(self, chan: Chan, dest: str, dialplan: str = "XML") -> None:
        """uuid_transfer: the channel goes on elsewhere, and whoever it spoke to is let go."""
        self.say_source(chan, dest, dialplan)
        other = self.unbridge(chan)
        if dialplan == "inline":
            chan.conference = dest.removeprefix("conference:").partition("@")[0]
            chan.vars |= {"conference_name": chan.conference, "current_application": "conference"}
        else:
            self.route(chan, dest)
        if other is not None and not other.conference and other.up:
            self.hang_up(other)

    def join(self, one: Chan, two: Chan) -> None:
        """uuid_bridge: two that spoke to others speak to each other."""
        left = [each for each in (self.unbridge(one), self.unbridge(two)) if each is not None]
        if self.bridge_first:
            self.bridge(one, two)
        for each in left:
            self.hang_up(each)
        if not self.bridge_first:
            self.bridge(one, two)

    def intercept(self, chan: Chan, caller: Chan) -> None:
        """A phone whose dial plan runs `intercept` takes a caller who rings elsewhere.

        [G], read in `switch_ivr_intercept_session` and `switch_ivr_originate`: both are answered, the caller leaves the
        dial plan, which ends what it rings as if it had given up, and then they are bridged.
        """
        self.mark_answered(chan)
        self.mark_answered(caller)
        for each in self.rung_by(caller):
            each.originator = None
            self.hang_up(each, "ORIGINATOR_CANCEL", "send_cancel")
        self.bridge(chan, caller)

    # The queue

    def _enqueue(self, chan: Chan, queue: str) -> None:
        self.mark_answered(chan)
        chan.vars |= {"cc_side": "member", "cc_queue": queue, "current_application": "callcenter"}
        self.waiting.append(chan)
        self.callcenter("member-queue-start", CC_Queue=queue, CC_Member_Session_UUID=chan.uuid)
        self.distribute()

    def distribute(self) -> None:
        """Offer waiting callers to agents who may be called."""
        for member in list(self.waiting):
            if any(each.vars.get("cc_member_session_uuid") == member.uuid for each in self.channels.values()):
                continue
            free = next((a for a in self.agents.values() if self.is_free(a, member.vars["cc_queue"])), None)
            if free is not None:
                self._offer(member, free)

    def is_free(self, agent: AgentRow, queue: str) -> bool:
        """Whether a queue would offer a call to an agent now."""
        now_s = self.clock.now() // 1_000_000
        return (
            agent.status in ("Available", "Available (On Demand)")
            and agent.state == "Waiting"
            and agent.ready_time <= now_s
            and agent.last_bridge_end < now_s - agent.wrap_up_time
            and queue in agent.tiers
            and bool(self.registered.get(agent.station))
        )

    def _offer(self, member: Chan, agent: AgentRow) -> None:
        queue = member.vars["cc_queue"]
        self.set_state(agent, "Receiving")
        self.callcenter(
            "agent-offering", member, CC_Queue=queue, CC_Agent=agent.name, CC_Member_Session_UUID=member.uuid
        )
        leg = self.phone_leg(
            agent.station,
            member.number,
            cc_queue=queue,
            cc_agent=agent.name,
            cc_side="agent",
            cc_member_session_uuid=member.uuid,
        )
        self.create(leg)
        self.progress(leg)

    def _agent_answers(self, chan: Chan) -> None:
        agent, member = self.agents[chan.vars["cc_agent"]], self.channels[chan.vars["cc_member_session_uuid"]]
        self.waiting.remove(member)
        self.callcenter("bridge-agent-start", chan, CC_Queue=chan.vars["cc_queue"], CC_Agent=agent.name)
        self.set_state(agent, "In a queue call")
        self.bridge(member, chan)

    def _queue_loses(self, chan: Chan, cause: str) -> None:
        if chan in self.waiting:
            self.waiting.remove(chan)
            self.callcenter("member-queue-end", CC_Queue=chan.vars["cc_queue"], CC_Member_Session_UUID=chan.uuid)
            for each in list(self.channels.values()):
                if each.vars.get("cc_member_session_uuid") == chan.uuid:
                    self.hang_up(each, "ORIGINATOR_CANCEL", "send_cancel")
        agent = self.agents.get(chan.vars.get("cc_agent", ""))
        if agent is None:
            return
        if chan.answered:
            self.callcenter("bridge-agent-end", chan, CC_Agent=agent.name, CC_Queue=chan.vars["cc_queue"])
            agent.last_bridge_end = self.clock.now() // 1_000_000
        else:
            if cause in ("USER_BUSY", "CALL_REJECTED"):
                agent.ready_time = self.clock.now() // 1_000_000 + 60
            self.callcenter("bridge-agent-fail", CC_Agent=agent.name, CC_Hangup_Cause=cause)
        self.set_state(agent, "Waiting")
        self.distribute()

    def set_state(self, agent: AgentRow, state: str) -> None:
        """An agent's state changes."""
        agent.state = state
        self.callcenter("agent-state-change", CC_Agent=agent.name, CC_Agent_State=state)

    def set_status(self, agent: AgentRow, status: str) -> None:
        """An agent's status is set, by whomever."""
        agent.status, agent.last_status_change = status, self.clock.now() // 1_000_000
        self.callcenter("agent-status-change", CC_Agent=agent.name, CC_Agent_Status=status)
        self.distribute()


def _nobody(_chan: Chan) -> None:
    """Nobody waits for a phone to ring."""
