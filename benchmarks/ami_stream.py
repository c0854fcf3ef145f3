"""A deterministic stream of AMI events, as a busy PBX sends it: few that matter among much noise.

A small simulation. Calls arrive at random; each is a queue call (answered, or given up), a direct call, or is
transferred blindly or with a consult; every step says the events that Asterisk says, and the dial plan, RTCP, hints,
security and CDR add theirs on the same clock. Nothing here depends on the machine: the same seed gives the same bytes.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from benchmarks import ami_events as ami
from benchmarks.ami_events import Channel, Named

_NAMES: Final = (
    "Anna Müller", "José García", "Smith, John", "O'Neil Pat", "山田太郎", "<unknown>", "ACME GmbH & Co. KG", "Lee",
    "Nguyễn Văn A", "WIRELESS CALLER",
)  # fmt: skip
QUEUES: Final = ("support", "sales", "billing-de", "vip")
_NUMBERS: Final = ("4930123456", "4930123457")
_PREFIXES: Final = ("+4915", "+1212", "0044", "30")
_APPLICATIONS: Final = (
    ("Set", "__FROM_DID={d}"), ("Gosub", "sub-record-check,s,1(q,400,dontcare)"), ("GotoIf", "0?Set(x=1)"),
    ("NoOp", "TTL: 64 ARG1: SIP"), ("ExecIf", "0?Set(__CRM_DIRECTION=INBOUND)"), ("Macro", "user-callerid,"),
    ("Set", "CALLERID(number)={c}"), ("GotoIf", "1?report"), ("QueueLog", "NONE,{u},NONE,DID,{d}"),
)  # fmt: skip
_VARIABLES: Final = (
    "MACRO_DEPTH", "MACRO_EXTEN", "__DAY", "__MONTH", "__YEAR", "__TIMESTR", "__FROMEXTEN", "__MON_FMT",
    "REC_POLICY_MODE", "DIALSTATUS", "DIALEDPEERNAME", "BRIDGEPEER", "RTPAUDIOQOS", "RTPAUDIOQOSJITTER",
    "RTPAUDIOQOSLOSS", "RTPAUDIOQOSRTT", "QEHOLDTIME", "QUEUEJOINTIME", "SIPURI", "SIPDOMAIN", "AMPUSER",
    "AMPUSERCIDNAME", "HOTDESCKCHAN", "CALLEE_ACCOUNCODE", "LOCAL(ARGC)", "GOSUB_RETVAL", "TTL", "__PICKUPMARK",
)  # fmt: skip
_QUALITY: Final = (
    "ssrc=1876543210;themssrc=2009871234;lp=0;rxjitter=0.000125;rxcount=8912;txjitter=0.000250;txcount=8934;"
    "rlp=0;rtt=0.021423;rxmes=88.133;txmes=88.101"
)
FIRST_STATION: Final = 2000
_AGENTS: Final = 400
_BEGAN_S: Final = 1_760_000_000
_NTP_OFFSET_S: Final = 2_208_988_800
_RTCP_EVERY_S: Final = 5.0

Steps = Generator["float | Named | Steps", None, None]
"""What an actor does: waits (seconds), says an event, or sets another actor going."""


@dataclass(frozen=True)
class Said:
    """One event of the stream; `at_s` counts from its beginning."""

    at_s: float
    name: str
    raw: bytes


class Pbx:
    """The simulated PBX.

    Attributes:
        agents: Numbers of all phones.
    """

    def __init__(self, seed: int, calls_per_s: float = 2.0) -> None:
        """Nobody calls yet."""
        self._random, self._calls_per_s = random.Random(seed), calls_per_s
        self.agents = [str(FIRST_STATION + number) for number in range(_AGENTS)]
        self._due: list[tuple[float, int, Steps]] = []
        self._born = self._started = 0
        self._start(0.0, self._arrivals())
        self._start(0.3, self._background())

    def says(self) -> Iterator[Said]:
        """Everything from its start on, for ever, in the order of its clock."""
        while True:
            at_s, _, actor = heapq.heappop(self._due)
            for step in actor:
                if isinstance(step, tuple):
                    yield Said(at_s, *step)
                elif isinstance(step, float):
                    self._start(at_s + step, actor)
                    break
                else:
                    self._start(at_s, step)

    def _start(self, at_s: float, actor: Steps) -> None:
        self._started += 1
        heapq.heappush(self._due, (at_s, self._started, actor))

    def _channel(
        self, peer: str, number: str, name: str, where: tuple[str, str], linkedid: str | None = None
    ) -> Channel:
        self._born += 1
        ident = f"{_BEGAN_S + self._born // 7}.{self._born}"
        return Channel(f"PJSIP/{peer}-{self._born:08x}", ident, linkedid or ident, number, name, *where)

    def _arrivals(self) -> Steps:
        while True:
            kind = self._random.random()
            yield self._queue_call(kind) if kind < 0.8 else self._direct_call()
            yield self._random.expovariate(self._calls_per_s)

    def _queue_call(self, kind: float) -> Steps:
        chance = self._random
        queue = chance.choice(QUEUES)
        caller = self._outside_caller(chance.choice(_NUMBERS))
        yield from self._comes_in(caller)
        yield ami.queue_caller("QueueCallerJoin", caller, queue, f"Count: {chance.randrange(1, 6)}\r\n")
        yield ami.of_channel("MusicOnHoldStart", caller, "Class: default\r\n")
        for attempt in range(3):
            yield from self._media(chance.uniform(0.2, 8), caller)
            if kind < 0.1 and attempt:
                yield from self._gives_up(caller, queue)
                return
            agent = chance.choice(self.agents)
            phone = self._phone(caller, agent)
            yield from self._rings(caller, phone, agent, queue)
            yield chance.uniform(1, 12)
            if attempt == 2 or chance.random() < 0.7:
                break
            yield from self._not_taken(caller, phone, agent, queue)
        yield from self._taken(caller, phone, agent, queue)

    def _outside_caller(self, dialled: str) -> Channel:
        chance = self._random
        number = chance.choice(_PREFIXES) + str(chance.randrange(10**6, 10**8))
        return self._channel("trunk-eu", number, chance.choice(_NAMES), ("from-pstn", dialled))

    def _comes_in(self, caller: Channel) -> Steps:
        yield ami.of_channel("Newchannel", caller)
        yield ami.newstate(caller, 4)
        presentation = "CID-CallingPres: 0 (Presentation Allowed, Not Screened)\r\n"
        yield ami.of_channel("NewCallerid", caller, presentation)
        yield from self._dial_plan(caller, 22)
        yield 0.1
        yield ami.newstate(caller, 6)

    def _gives_up(self, caller: Channel, queue: str) -> Steps:
        yield ami.queue_caller("QueueCallerAbandon", caller, queue, "OriginalPosition: 2\r\nHoldTime: 31\r\n")
        yield ami.queue_caller("QueueCallerLeave", caller, queue, "Count: 0\r\n")
        yield from self._hangs_up(caller)

    def _phone(self, caller: Channel, agent: str) -> Channel:
        phone = self._channel(agent, agent, f"Agent {agent}", ("from-internal", agent), caller.linkedid)
        phone.connected_number, phone.connected_name = caller.number, caller.caller_name
        return phone

    def _rings(self, caller: Channel, phone: Channel, agent: str, queue: str | None = None) -> Steps:
        yield ami.of_channel("Newchannel", phone)
        yield from self._variables(phone, 14)
        yield from self._dial_plan(phone, 5)
        yield ami.of_channel("NewConnectedLine", phone)
        if queue:
            yield ami.of_agent("AgentCalled", caller, phone, queue, agent)
        address = f"DialString: {agent}/sip:{agent}@192.0.2.{self._random.randrange(2, 250)}:5060\r\n"
        yield ami.dial("DialBegin", caller, phone, address)
        yield ami.newstate(phone, 5)
        yield ami.dial("DialState", caller, phone, "DialStatus: RINGING\r\n")
        yield from self._devices(phone.device, "RINGING")
        if queue:
            yield self._member_status(queue, agent, 6, 0)

    def _not_taken(self, caller: Channel, phone: Channel, agent: str, queue: str) -> Steps:
        yield ami.of_agent("AgentRingNoAnswer", caller, phone, queue, agent, "RingTime: 12000\r\n")
        yield ami.dial_end(caller, phone, "NOANSWER")
        yield from self._hangs_up(phone, 26, "Answered elsewhere")
        yield from self._devices(phone.device, "NOT_INUSE")

    def _taken(self, caller: Channel, phone: Channel, agent: str, queue: str) -> Steps:
        chance = self._random
        rang_s = chance.randrange(1, 12)
        held = f"HoldTime: {rang_s + 9}\r\n"
        yield ami.newstate(phone, 6)
        yield ami.dial_end(caller, phone, "ANSWER")
        yield ami.of_channel("MusicOnHoldStop", caller)
        yield ami.queue_caller("QueueCallerLeave", caller, queue, "Count: 0\r\n")
        yield ami.of_agent("AgentConnect", caller, phone, queue, agent, f"RingTime: {rang_s}\r\n", held)
        yield from self._devices(phone.device, "INUSE")
        yield ami.device_state(f"Queue:{queue}_avail", "INUSE")
        for each in QUEUES:
            yield self._member_status(each, agent, 2, 1)
        talk_s = chance.uniform(30, 240)
        yield from self._conversation(caller, phone, agent, talk_s)
        told = f"{held}TalkTime: {talk_s:.0f}\r\nReason: caller\r\n"
        yield ami.of_agent("AgentComplete", caller, phone, queue, agent, told)
        yield from self._hangs_up(phone)
        yield from self._hangs_up(caller)
        yield from self._devices(phone.device, "NOT_INUSE")
        for each in QUEUES:
            yield self._member_status(each, agent, 1, 0)
        if chance.random() < 0.1:
            yield from self._pause(queue, agent)

    @staticmethod
    def _pause(queue: str, agent: str) -> Steps:
        before = "CallsTaken: 9\r\nLastCall: 0\r\nLastPause: 0\r\nInCall: 0\r\nStatus: 1\r\n"
        for paused in (1, 0):
            after = f"Paused: {paused}\r\nPausedReason: Lunch\r\nRinginuse: 0\r\nWrapuptime: 10\r\n"
            yield ami.member("QueueMemberPause", queue, agent, before, after)
            yield 20.0

    def _direct_call(self) -> Steps:
        chance = self._random
        own, other = chance.sample(self.agents, 2)
        caller = self._channel(own, own, f"Agent {own}", ("from-internal", other))
        yield ami.of_channel("Newchannel", caller)
        yield ami.newstate(caller, 4)
        yield from self._dial_plan(caller, 15)
        phone = self._phone(caller, other)
        yield from self._rings(caller, phone, other)
        yield chance.uniform(2, 10)
        yield ami.newstate(phone, 6)
        yield ami.dial_end(caller, phone, "ANSWER")
        yield ami.newstate(caller, 6)
        for each in (caller, phone):
            yield from self._devices(each.device, "INUSE")
        yield from self._conversation(caller, phone, other, chance.uniform(15, 120))
        yield from self._hangs_up(phone)
        yield from self._hangs_up(caller)
        for each in (caller, phone):
            yield from self._devices(each.device, "NOT_INUSE")

    def _conversation(self, caller: Channel, phone: Channel, agent: str, talk_s: float) -> Steps:
        chance = self._random
        parts = [chance.getrandbits(bits) for bits in (32, 16, 16, 16, 48)]
        bridge = "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}".format(*parts)
        yield ami.bridge("BridgeCreate", bridge, 0)
        yield ami.bridge("BridgeEnter", bridge, 1, phone)
        yield from self._variables(caller, 3)
        yield ami.bridge("BridgeEnter", bridge, 2, caller)
        yield from self._variables(phone, 2)
        yield from self._media(talk_s * 0.5, caller, phone)
        if chance.random() < 0.25:
            yield from self._hold(phone, caller)
        if chance.random() < 0.15:
            yield ami.event("DTMFBegin", "dtmf,all", caller.head(), "Digit: 5\r\nDirection: Received\r\n")
            ends = "Digit: 5\r\nDurationMs: 120\r\nDirection: Received\r\n"
            yield ami.event("DTMFEnd", "dtmf,all", caller.head(), ends)
        yield from self._media(talk_s * 0.5, caller, phone)
        ends_by = chance.random()
        if ends_by < 0.05:
            yield ami.blind_transfer(phone, caller, bridge, chance.choice(self.agents))
        elif ends_by < 0.09:
            yield from self._consults(caller, phone, agent, bridge)
        yield ami.bridge("BridgeLeave", bridge, 1, phone)
        yield ami.bridge("BridgeLeave", bridge, 0, caller)
        yield ami.bridge("BridgeDestroy", bridge, 0)

    def _consults(self, caller: Channel, phone: Channel, agent: str, bridge: str) -> Steps:
        where = ("from-internal", self._random.choice(self.agents))
        second = self._channel(agent, agent, f"Agent {agent}", where, phone.linkedid)
        yield ami.of_channel("Newchannel", second)
        yield from self._dial_plan(second, 6)
        yield ami.newstate(second, 6)
        yield 6.0
        yield ami.attended_transfer(phone, second, caller, bridge, self._random.getrandbits(48))
        yield from self._hangs_up(second)

    def _hold(self, phone: Channel, other: Channel) -> Steps:
        yield ami.of_channel("Hold", phone, "MusicClass: default\r\n")
        yield from self._devices(phone.device, "ONHOLD")
        yield ami.of_channel("MusicOnHoldStart", other, "Class: default\r\n")
        yield from self._media(self._random.uniform(4, 30), other)
        yield ami.of_channel("MusicOnHoldStop", other)
        yield ami.of_channel("Unhold", phone)
        yield from self._devices(phone.device, "INUSE")

    def _hangs_up(self, channel: Channel, cause: int = 16, text: str = "Normal Clearing") -> Steps:
        yield ami.of_channel("HangupRequest", channel, f"Cause: {cause}\r\n")
        yield from self._variables(channel, 6)
        yield ami.hangup(channel, cause, text)
        yield _cdr(channel)

    def _media(self, seconds: float, *channels: Channel) -> Steps:
        """Let them talk: RTCP every five seconds."""
        gone_s = 0.0
        while gone_s < seconds:
            step_s = min(_RTCP_EVERY_S, seconds - gone_s)
            yield step_s
            gone_s += step_s
            if step_s == _RTCP_EVERY_S:
                for channel in channels:
                    yield from self._rtcp(channel)

    def _rtcp(self, channel: Channel) -> Steps:
        chance = self._random
        sender = f"SSRC: 0x{chance.getrandbits(32):08x}\r\nPT: 200(SR)\r\nReportCount: 1\r\n"
        sent = (
            f"SentNTP: {_BEGAN_S + _NTP_OFFSET_S}.{chance.randrange(10**9)}\r\nSentRTP: {chance.randrange(2**31)}\r\n"
        )
        sent += f"SentPackets: {chance.randrange(9000)}\r\nSentOctets: {chance.randrange(1500000)}\r\n"
        report = f"Report0SourceSSRC: 0x{chance.getrandbits(32):08x}\r\nReport0FractionLost: 0\r\n"
        report += f"Report0CumulativeLost: 0\r\nReport0HighestSequence: {chance.randrange(65535)}\r\n"
        report += f"Report0SequenceNumberCycles: 0\r\nReport0IAJitter: {chance.randrange(90)}\r\n"
        report += f"Report0LSR: {chance.getrandbits(31)}\r\nReport0DLSR: 1.2340\r\n"
        own = f"192.0.2.10:{10001 + 2 * chance.randrange(5000)}"
        far = f"198.51.100.{chance.randrange(1, 250)}:{4001 + 2 * chance.randrange(500)}"
        body = f"{sender}{sent}{report}MES: 88.1\r\n"
        yield ami.event("RTCPSent", "reporting,all", channel.head(), f"To: {far}\r\nFrom: {own}\r\n", body)
        received = f"To: {own}\r\nFrom: {far}\r\nRTT: 0.0214\r\n"
        yield ami.event("RTCPReceived", "reporting,all", channel.head(), received, body)

    def _devices(self, device: str, state: str) -> Steps:
        yield ami.device_state(device, state)
        yield ami.extension_status(device.removeprefix("PJSIP/"), state)

    def _member_status(self, queue: str, agent: str, status: int, in_call: int) -> Named:
        times = f"LastCall: {_BEGAN_S}\r\nLastPause: 0\r\nLoginTime: {_BEGAN_S - 9000}\r\n"
        return ami.member(
            "QueueMemberStatus", queue, agent, f"CallsTaken: {self._random.randrange(90)}\r\n{times}",
            f"InCall: {in_call}\r\nStatus: {status}\r\nPaused: 0\r\nPausedReason: \r\n",
            "Ringinuse: 0\r\nWrapuptime: 10\r\n",
        )  # fmt: skip

    def _variables(self, channel: Channel, count: int) -> Steps:
        chance = self._random
        for _ in range(count):
            name, value = chance.choice(_VARIABLES), _QUALITY
            if name != "RTPAUDIOQOS":
                uri = f"sip:{channel.number}@192.0.2.{chance.randrange(1, 250)}:5060;transport=udp"
                value = chance.choice(
                    ("", "1", "ANSWER", channel.name, channel.uniqueid, "20261122-143002", "s", "2026", uri)
                )
            yield ami.event("VarSet", "dialplan,all", channel.head(), f"Variable: {name}\r\nValue: {value}\r\n")

    def _dial_plan(self, channel: Channel, steps: int) -> Steps:
        chance = self._random
        for _ in range(steps):
            application, template = chance.choice(_APPLICATIONS)
            channel.priority = chance.randrange(1, 60)
            data = template.format(d=_NUMBERS[0], c=channel.number, u=channel.uniqueid)
            did = f"Extension: {channel.exten}\r\nApplication: {application}\r\nAppData: {data}\r\n"
            yield ami.event("Newexten", "dialplan,all", channel.head(), did)
            if chance.random() < 0.6:
                yield from self._variables(channel, 1)

    def _background(self) -> Steps:
        while True:
            yield 0.25
            yield from self._aside(self._random.choice(self.agents), self._random.random())

    def _aside(self, agent: str, kind: float) -> Steps:
        if kind < 0.35:
            yield from self._registers(agent)
        elif kind < 0.6:
            trip = f"EndpointName: {agent}\r\nRoundtripUsec: {self._random.randrange(9000, 60000)}\r\n"
            contact = f"URI: sip:{agent}@192.0.2.77:5060\r\nContactStatus: Reachable\r\nAOR: {agent}\r\n"
            yield ami.event("ContactStatus", "system,all", contact, trip)
        elif kind < 0.75:
            peer = f"ChannelType: PJSIP\r\nPeer: PJSIP/{agent}\r\nPeerStatus: Reachable\r\n"
            yield ami.event("PeerStatus", "system,all", peer)
        elif kind < 0.9:
            box = f"Mailbox: {agent}@default\r\nWaiting: 0\r\nNew: 0\r\nOld: 2\r\n"
            yield ami.event("MessageWaiting", "call,all", box)
        else:
            yield ami.event("UserEvent", "user,all", f"UserEvent: CRM\r\nRef: {self._random.randrange(10**6)}\r\n")

    def _registers(self, agent: str) -> Steps:
        for name, tail in (("ChallengeSent", "Challenge: 1a2b3c\r\n"), ("SuccessfulAuth", "UsingPassword: 1\r\n")):
            at = f"EventTV: 2026-11-22T14:30:02.{self._random.randrange(1000):03d}+0000\r\nSeverity: Informational\r\n"
            who = f"Service: PJSIP\r\nEventVersion: 1\r\nAccountID: {agent}\r\n"
            session = f"SessionID: {self._random.getrandbits(64):x}@192.0.2.77\r\n"
            where = "LocalAddress: IPV4/UDP/192.0.2.10/5060\r\nRemoteAddress: IPV4/UDP/192.0.2.77/5060\r\n"
            yield ami.event(name, "security,all", at, who, session, where, tail)


def _cdr(channel: Channel) -> Named:
    return ami.event(
        "Cdr",
        "cdr,all",
        f"AccountCode: \r\nSource: {channel.number}\r\nDestination: {channel.exten}\r\n"
        f'DestinationContext: {channel.context}\r\nCallerID: "{channel.caller_name}" <{channel.number}>\r\n'
        f"Channel: {channel.name}\r\nDestinationChannel: \r\nLastApplication: Queue\r\nLastData: 400,t,,,,,,,,\r\n"
        "StartTime: 2026-11-22 14:30:02\r\nAnswerTime: 2026-11-22 14:30:04\r\nEndTime: 2026-11-22 14:33:10\r\n"
        "Duration: 188\r\nBillableSeconds: 186\r\nDisposition: ANSWERED\r\nAMAFlags: DOCUMENTATION\r\n"
        f"UniqueID: {channel.uniqueid}\r\nUserField: \r\n",
    )


WARM_UP_S: Final = 240.0
"""After this long as many calls end as begin."""


def generate(count: int, seed: int = 1) -> tuple[list[Said], list[Said]]:
    """What a PBX says while it warms up, and the `count` events after that."""
    before: list[Said] = []
    after: list[Said] = []
    for said in Pbx(seed).says():
        (before if said.at_s < WARM_UP_S else after).append(said)
        if len(after) == count:
            break
    return before, after
