"""Functions of the fake FreeSWITCH, cut into arguments the way FreeSWITCH does: at blanks, quotes kept together."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from ringline_edge.conformance.fakes.freeswitch.calls import AgentRow, Engine
from ringline_edge.conformance.fakes.freeswitch.channels import Chan, headers

Done = Callable[[str], None]
GONE = "-ERR No such channel!\n"


class Api:
    """What `api` and `bgapi` run.

    Attributes:
        has_callcenter: mod_callcenter is loaded.
        refuses: Functions that answer with an error of the test's own, by name.
        lines: All that was asked for, oldest first.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.has_callcenter = True
        self.refuses: dict[str, str] = {}
        self.lines: list[str] = []

    def run(self, line: str, done: Done) -> None:
        """Run a function; `done` is called with its output, at once or once a phone is picked up."""
        self.lines.append(line)
        name, _, rest = line.partition(" ")
        argv = [each.strip("'") for each in re.findall(r"'[^']*'|\S+", rest)]
        if name in self.refuses:
            done(self.refuses[name])
        elif name == "originate":
            self._originate(rest, done)
        else:
            done(self._now(name, argv, line))

    def _now(self, name: str, argv: list[str], line: str) -> str:
        match name:
            case "version":
                return "FreeSWITCH Version 1.10.12-release (git 0000000 64bit)\n"
            case "show":
                return self._show(argv[0])
            case "callcenter_config" if self.has_callcenter:
                return self._callcenter(argv)
            case "uuid_hold":
                return self._hold(argv)
            case "uuid_bridge":
                return self._bridge(argv)
            case _ if name.startswith("uuid_"):
                chan = self._engine.channels.get(argv[0]) if argv else None
                return GONE if chan is None else self._of(name, chan, argv[1:])
            case _:
                return f"-ERR {name} Command not found!\n"

    def _of(self, name: str, chan: Chan, argv: list[str]) -> str:
        engine = self._engine
        match name:
            case "uuid_dump":
                return json.dumps({"Event-Name": "CHANNEL_DATA", **headers(chan)})
            case "uuid_kill":
                if chan.outbound and not chan.answered:
                    engine.refuse(chan, argv[0], "send_cancel")
                else:
                    engine.hang_up(chan, argv[0])
            case "uuid_transfer":
                self._transfer(chan, argv)
            case "uuid_setvar":
                chan.vars[argv[0]] = " ".join(argv[1:])
            case "uuid_phone_event":
                self._phone_event(chan, argv[0])
            case "uuid_send_dtmf" | "uuid_recv_dtmf":
                engine.heard.append((chan.uuid, argv[0]))
            case _:
                return f"-ERR {name} Command not found!\n"
        return "+OK\n"

    def _transfer(self, chan: Chan, argv: list[str]) -> None:
        both = argv[0] == "-both"
        dest, dialplan = argv[both], argv[both + 1]
        if both and chan.peer is not None:
            other = chan.peer
            for each in (chan, other):
                self._engine.say_source(each, dest, dialplan)
            self._engine.unbridge(chan)
            self._engine.transfer(other, dest, dialplan)
        self._engine.transfer(chan, dest, dialplan)

    def _phone_event(self, chan: Chan, event: str) -> None:
        """A phone that takes NOTIFY answers, holds, and takes back, holding its other line."""
        if event == "talk" and not chan.answered:
            self._engine.pick_up(chan)
        elif event == "talk":
            for each in list(self._engine.channels.values()):
                if each.station == chan.station and each is not chan and each.answered:
                    self._engine.hold(each, on=True)
            self._engine.hold(chan, on=False)
        else:
            self._engine.hold(chan, on=True)

    def _hold(self, argv: list[str]) -> str:
        off = argv[0] == "off"
        chan = self._engine.channels.get(argv[-1])
        if chan is None or chan.held != off:
            return "-ERR Operation failed\n"
        self._engine.hold(chan, on=not off)
        return "+OK Success\n"

    def _bridge(self, argv: list[str]) -> str:
        one, two = (self._engine.channels.get(each) for each in argv[:2])
        if one is None or two is None or not (one.answered or two.answered):
            return "-ERR Invalid uuid\n"
        self._engine.join(one, two)
        return f"+OK {two.uuid}\n"

    def _originate(self, rest: str, done: Done) -> None:
        block, _, tail = rest.removeprefix("{").partition("}")
        variables = dict(each.split("=", 1) for each in block.split(","))
        dial, to, *_ = tail.split(" ")
        station = dial.removeprefix("user/").partition("@")[0]
        if not self._engine.registered.get(station):
            done("-ERR USER_NOT_REGISTERED\n")
            return
        leg = self._engine.phone_leg(station, variables.pop("origination_caller_id_number", ""), **variables)
        first, leg.uuid = leg.uuid, variables.get("origination_uuid", leg.uuid)
        self._engine.event("CHANNEL_UUID", leg, Old_Unique_ID=first)

        def answered() -> None:
            self._engine.on_fail.pop(leg.uuid, None)
            done(f"+OK {leg.uuid}\n")
            leg.number = station
            self._engine.route(leg, to)

        self._engine.on_answer[leg.uuid] = answered
        self._engine.on_fail[leg.uuid] = lambda cause: done(f"-ERR {cause}\n")
        self._engine.create(leg)
        self._engine.progress(leg)
        if variables.get("sip_auto_answer") == "true":
            self._engine.pick_up(leg)

    def _show(self, what: str) -> str:
        if what == "registrations":
            rows = [
                {"reg_user": user, "realm": "pbx.example", "token": token}
                for user, tokens in self._engine.registered.items()
                for token in sorted(tokens)
            ]
        else:
            rows = [{"uuid": each.uuid, "name": each.name} for each in self._engine.channels.values()]
        return json.dumps({"row_count": len(rows), "rows": rows} if rows else {"row_count": 0}) + "\n"

    def _callcenter(self, argv: list[str]) -> str:
        agents = self._engine.agents
        match argv:
            case ["agent", "list"]:
                names = "name|contact|status|state|wrap_up_time|last_bridge_end|last_status_change|ready_time"
                rows = [[str(vars(agent)[name]) for name in names.split("|")] for agent in agents.values()]
                return "\n".join([names, *("|".join(row) for row in rows), "+OK\n"])
            case ["tier", "list"]:
                rows = [[q, a.name, "Ready", str(level), "1"] for a in agents.values() for q, level in a.tiers.items()]
                return "\n".join(["queue|agent|state|level|position", *("|".join(row) for row in rows), "+OK\n"])
            case ["agent", "add", name, _]:
                if name in agents:
                    return "-ERR Agent already exist!\n"
                agents[name] = AgentRow(name)
                self._engine.callcenter("agent-add", CC_Agent=name)
            case ["agent", "set", key, name, value]:
                return self._set(key, name, value)
            case ["tier", "add", queue, name, level, _]:
                agents[name].tiers[queue] = int(level)
                self._engine.distribute()
            case ["tier", "del", queue, name]:
                agents[name].tiers.pop(queue, None)
            case _:
                return "-ERR Invalid!\n"
        return "+OK\n"

    def _set(self, key: str, name: str, value: str) -> str:
        agent = self._engine.agents.get(name)
        if agent is None:
            return "-ERR Agent not found!\n"
        match key:
            case "status":
                self._engine.set_status(agent, value)
            case "state":
                self._engine.set_state(agent, value)
                self._engine.distribute()
            case "contact":
                agent.contact = value
                self._engine.callcenter("agent-contact-change", CC_Agent=name, CC_Agent_Contact=value)
            case "ready_time":
                agent.ready_time = int(value)
                self._engine.distribute()
            case _:
                return "-ERR Invalid!\n"
        return "+OK\n"
