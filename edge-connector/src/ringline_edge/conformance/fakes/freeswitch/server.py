"""A fake FreeSWITCH on a loopback socket, driven in neutral words: who calls, answers, holds, transfers, hangs up.

It is no FreeSWITCH: a small call engine that says the events which FreeSWITCH's sources say, in their order.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

from ringline_edge.conformance.fakes.freeswitch.api import Api
from ringline_edge.conformance.fakes.freeswitch.calls import AgentRow, Engine
from ringline_edge.conformance.fakes.freeswitch.channels import Chan
from ringline_edge.conformance.mischief import Mischief

PASSWORD = "ClueCon"  # noqa: S105
CALLER = "+442071234567"


class FakeFreeswitch:
    """One PBX with phones 1001 to 1004, a trunk, and two queues.

    Attributes:
        engine: What is up.
        api: Its functions.
        greeting: Bytes said first.
        links: How many links were logged in.
        mischief: Spoils what is told.
    """

    def __init__(self) -> None:
        self.engine = Engine(self._say)
        self.api = Api(self.engine)
        self.greeting = b"Content-Type: auth/request\n\n"
        self.password, self.user = PASSWORD, ""
        self.links = 0
        self.port = 0
        self.cut_bytes = 0
        self.mischief = Mischief(self._tell, _frame(b"{ no event", "text/event-json"))
        self._writers: dict[asyncio.StreamWriter, set[str]] = {}
        self._server: asyncio.Server | None = None
        for station in ("1001", "1002", "1003", "1004"):
            self.engine.registered[station] = {f"{station}-a"}

    async def open(self) -> None:
        """Listen, again on the same port after `close`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and end all links."""
        self.drop_link()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def drop_link(self) -> None:
        """End all links; calls go on."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    def restart(self) -> None:
        """Lose everything but the configuration."""
        self.engine.forget()
        self.drop_link()

    # What people do

    def outside_call(self, number: str, to: str, *, name: str = "", hidden: bool = False, uui: str = "") -> str:
        """Somebody outside calls; the caller's channel."""
        chan = Chan(False, f"sofia/external/{number}@203.0.113.9", number, to, hidden=hidden)
        chan.vars = {**({"cid_name": name} if name else {}), **({"cti_uui": uui} if uui else {})}
        self.engine.create(chan)
        self.engine.route(chan, to)
        return chan.uuid

    def dial(self, station: str, to: str) -> str:
        """A phone calls; its channel."""
        chan = Chan(False, f"sofia/internal/{station}@192.0.2.7:5060", station, to, station)
        chan.vars = {"user_name": station}
        self.engine.create(chan)
        self.engine.route(chan, to)
        return chan.uuid

    def answer(self, party: str) -> None:
        """A station, or a number outside that is rung, answers."""
        self.engine.pick_up(self._ringing(party))

    def reject(self, party: str) -> None:
        """Whoever is rung refuses."""
        self.engine.refuse(self._ringing(party), "CALL_REJECTED", "recv_refuse")

    def ring_out(self, party: str) -> None:
        """Whoever is rung does not answer in time."""
        self.engine.refuse(self._ringing(party), "NO_ANSWER", "send_cancel")

    def hang_up(self, party: str) -> None:
        """A station's newest call, or a channel, is hung up by its own side."""
        chan = self.engine.channels.get(party) or self.legs(party)[-1]
        self.engine.hang_up(chan, side="recv_bye" if chan.answered else "recv_cancel")

    def hold(self, station: str) -> None:
        """The phone's hold key."""
        self.engine.hold(self._talking(station), on=True)

    def resume(self, station: str) -> None:
        """The phone's hold key once more."""
        self.engine.hold(next(each for each in self.legs(station) if each.held), on=False)

    def transfer(self, station: str, to: str) -> None:
        """The phone's transfer key, blind: REFER."""
        own = self._talking(station)
        far = _peer(own)
        own.vars |= {"endpoint_disposition": "BLIND_TRANSFER", "transfer_destination": f"blind:{to}"}
        self.engine.transfer(far, to)

    def complete(self, station: str) -> None:
        """The phone's transfer key, attended: its two calls are joined, REFER with Replaces."""
        first, second = self.legs(station)[:2]
        customer, asked = _peer(first), _peer(second)
        first.vars |= {"endpoint_disposition": "ATTENDED_TRANSFER", "transfer_to": f"att:{asked.uuid}"}
        self.engine.join(customer, asked)

    def press(self, station: str, key: str) -> None:
        """A feature key of the phone: `ready` or `not_ready`, `log_on` or `log_off`, by the site's dial plan."""
        status = {"ready": "Available", "log_off": "Logged Out"}.get(key, "On Break")
        self.engine.set_status(self.agent(station), status)

    def register(self, station: str, device: str = "a") -> None:
        """A phone registers, again or anew."""
        self.engine.registered.setdefault(station, set()).add(f"{station}-{device}")
        self._registration("sofia::register", station, device)

    def unregister(self, station: str, device: str = "a") -> None:
        """A phone goes."""
        self.engine.registered[station].discard(f"{station}-{device}")
        self._registration("sofia::unregister", station, device)

    def _registration(self, what: str, station: str, device: str) -> None:
        more = {"from-user": station, "from-host": "pbx.example", "call-id": f"{station}-{device}"}
        stamp = str(self.engine.clock.now())
        self._say({"Event-Name": "CUSTOM", "Event-Subclass": what, "Event-Date-Timestamp": stamp, **more})

    # What is there

    def legs(self, station: str) -> list[Chan]:
        """A station's channels, oldest first."""
        return [each for each in self.engine.channels.values() if each.station == station]

    def agent(self, station: str) -> AgentRow:
        """A station's agent."""
        return next(each for each in self.engine.agents.values() if each.station == station)

    def add_agent(self, station: str, *queues: str, status: str = "Logged Out", wrap_up_s: int = 0) -> AgentRow:
        """Configure an agent."""
        name = f"{station}@default"
        agent = AgentRow(name, f"user/{station}", status, wrap_up_time=wrap_up_s, tiers=dict.fromkeys(queues, 1))
        self.engine.agents[name] = agent
        return agent

    def _ringing(self, party: str) -> Chan:
        rung = (each for each in self.engine.channels.values() if each.outbound and not each.answered)
        return next(each for each in rung if party in (each.station, each.dest, each.uuid))

    def _talking(self, station: str) -> Chan:
        return next(each for each in self.legs(station) if each.answered and not each.held)

    # The socket

    def _say(self, event: dict[str, Any]) -> None:
        name = event.get("Event-Subclass") or event["Event-Name"]
        if not any(name in wanted for wanted in self._writers.values()):
            return
        body = json.dumps({**event, "Core-UUID": "fake", "FreeSWITCH-Switchname": "fake"}, ensure_ascii=False).encode()
        if name == "BACKGROUND_JOB":
            # A job's end is an answer: what was said before is not told after it.
            self.mischief.flush()
            self._tell(_frame(body, "text/event-json"))
        else:
            self.mischief.send(event.get("Unique-ID") or event.get("CC-Agent") or name, _frame(body, "text/event-json"))

    def _tell(self, data: bytes) -> None:
        for writer in list(self._writers):
            self._send(writer, data)

    def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        for start in range(0, len(data), self.cut_bytes or len(data)):
            writer.write(data[start : start + (self.cut_bytes or len(data))])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.greeting)
        try:
            while True:
                lines = (await reader.readuntil(b"\n\n")).decode().strip("\n").split("\n")
                if not self._take(writer, lines):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            self._writers.pop(writer, None)
        finally:
            writer.close()

    def _take(self, writer: asyncio.StreamWriter, lines: list[str]) -> bool:
        self.mischief.flush()
        word, _, rest = lines[0].partition(" ")
        if word in ("auth", "userauth") and rest != (f"{self.user}:{self.password}" if self.user else self.password):
            writer.write(_reply("-ERR invalid") + _frame(b"Disconnected, goodbye.\n", "text/disconnect-notice"))
            return False
        match word:
            case "auth" | "userauth":
                self.links += 1
                writer.write(
                    _reply("+OK accepted" + "\nAllowed-Events: all\nAllowed-API: version" * (word == "userauth"))
                )
            case "event":
                self._writers[writer] = set(rest.split())
                writer.write(_reply("+OK event listener enabled json"))
            case "api":
                self.api.run(rest, lambda output: writer.write(_frame(output.encode(), "api/response")))
            case "bgapi":
                self._job(writer, rest, lines[1].removeprefix("Job-UUID: "))
            case _:
                writer.write(_reply("-ERR command not found"))
        return True

    def _job(self, writer: asyncio.StreamWriter, line: str, job: str) -> None:
        writer.write(_reply(f"+OK Job-UUID: {job}"))

        def done(output: str) -> None:
            stamp = str(self.engine.clock.now())
            named = {"Event-Name": "BACKGROUND_JOB", "Event-Date-Timestamp": stamp, "Job-UUID": job}
            self._say({**named, "Content-Length": str(len(output)), "_body": output})

        self.api.run(line, done)


def _peer(chan: Chan) -> Chan:
    """Whom a channel speaks to."""
    if chan.peer is None:
        raise LookupError(f"{chan.name} speaks to nobody")
    return chan.peer


def _frame(body: bytes, kind: str) -> bytes:
    return b"Content-Length: %d\nContent-Type: %s\n\n%s" % (len(body), kind.encode(), body)


def _reply(text: str) -> bytes:
    return f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode()
