"""Records the traces in `tests/traces/csta` at the fake switch, until somebody brings one of a vendor system.

    python -m tests.contract.record_csta && python -m tests.contract.golden --update csta

A trace holds frames of both directions in their order: the monitors as they are asked for, then the events.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ringline_edge.conformance.fakes.csta.engine import Engine
from ringline_edge.conformance.fakes.csta.text import EVENT_ID, Dialect, frame

TRACES = Path(__file__).parents[1] / "traces" / "csta"
STATIONS = ("4750", "4751", "4752")
CUSTOMER = "02079460000"


class Tape:
    """A switch of the fake, and everything that went over its link."""

    def __init__(self, kind: str) -> None:
        self.x = Dialect(kind)
        self.engine = Engine(self.x, STATIONS, self._tell)
        self.data = b""
        for number, station in enumerate(STATIONS, 1):
            invoke = b"%04d" % number
            asked = f"<monitorObject>{self.x.device_id('deviceObject', station)}</monitorObject>"
            self.data += frame(invoke, self.x.root("MonitorStart", asked, "<monitorType>device</monitorType>"))
            given = f"<monitorCrossRefID>{number}</monitorCrossRefID>"
            self.data += frame(invoke, self.x.root("MonitorStartResponse", given))

    def _tell(self, device: str, name: str, body: str) -> None:
        if device in STATIONS:
            reference = f"<monitorCrossRefID>{STATIONS.index(device) + 1}</monitorCrossRefID>"
            self.data += frame(EVENT_ID, self.x.root(name, reference, body))

    def inbound(self, to: str = "4750") -> None:
        call = self.engine.new_call(CUSTOMER, to)
        call.legs[CUSTOMER] = "connected"
        self.engine.route(call, to)


def answered(tape: Tape) -> None:
    """A customer calls a station, is held and taken back, and hangs up."""
    engine = tape.engine
    tape.inbound()
    (call,) = engine.calls.values()
    engine.answer(call, "4750")
    engine.hold(call, "4750")
    engine.retrieve(call, "4750")
    engine.clear(call, CUSTOMER)


def abandoned(tape: Tape) -> None:
    """A customer hangs up while the station rings."""
    tape.inbound()
    tape.engine.clear(next(iter(tape.engine.calls.values())), CUSTOMER)


def busy(tape: Tape) -> None:
    """A station calls a number that is busy, and hangs up."""
    tape.engine.busy.add("4752")
    tape.engine.clear(tape.engine.dial("4750", "4752"), "4750")


def internal(tape: Tape) -> None:
    """A station calls a station; both are monitored, so each event comes twice; the called one hangs up."""
    call = tape.engine.dial("4750", "4751")
    tape.engine.answer(call, "4751")
    tape.engine.clear(call, "4751")


def queue(tape: Tape) -> None:
    """Agents log on; a queue call is offered to one, who does not answer, and answered by the other one."""
    engine = tape.engine
    for station, login in (("4750", "6001"), ("4751", "6002")):
        engine.agents[station].login = login
        engine.set_agent(station, "agentNotReady", "auxWork")
        engine.set_agent(station, "agentReady", "autoIn")
    tape.inbound("5000")
    (call,) = engine.calls.values()
    engine.set_agent("4750", "agentNotReady", "auxWork", "3", pending=True)
    engine.divert(call, "4750", "5000", "callForwardNoAnswer")
    engine.answer(call, "4751")
    engine.clear(call, "4751")
    engine.set_agent("4751", "agentNull", "auxWork")


def cold_transfer(tape: Tape) -> None:
    """A customer's call is passed on without a consultation; the colleague hangs up."""
    engine = tape.engine
    tape.inbound()
    (call,) = engine.calls.values()
    engine.answer(call, "4750")
    engine.single_step(call, "4750", "4751")
    (call,) = engine.calls.values()
    engine.answer(call, "4751")
    engine.clear(call, "4751")


def hot_transfer(tape: Tape) -> None:
    """A customer's call is passed on after a consultation; the customer hangs up."""
    _consult(tape)
    first, second = tape.engine.calls.values()
    tape.engine.transfer(first, second, "4750")
    tape.engine.clear(next(iter(tape.engine.calls.values())), CUSTOMER)


def hot_transfer_new_id(tape: Tape) -> None:
    """The same, and the switch gives the joined call an id of its own."""
    tape.engine.new_ids = True
    hot_transfer(tape)


def conference(tape: Tape) -> None:
    """Customer, agent and colleague in one call; the agent leaves first."""
    _consult(tape)
    first, second = tape.engine.calls.values()
    tape.engine.conference(first, second, "4750")
    tape.engine.clear(first, "4750")
    tape.engine.clear(first, CUSTOMER)


def _consult(tape: Tape) -> None:
    engine = tape.engine
    tape.inbound()
    (call,) = engine.calls.values()
    engine.answer(call, "4750")
    engine.answer(engine.consult(call, "4750", "4751"), "4751")


SCENARIOS: tuple[Callable[[Tape], None], ...] = (
    answered, abandoned, busy, internal, queue, cold_transfer, hot_transfer, hot_transfer_new_id, conference,
)  # fmt: skip


def main() -> None:
    """Write all recordings."""
    for kind in ("dmcc", "openscape"):
        for scenario in SCENARIOS:
            tape = Tape(kind)
            scenario(tape)
            folder = TRACES / f"{kind}-{scenario.__name__.replace('_', '-')}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "in.csta").write_bytes(tape.data)
            said = " ".join((scenario.__doc__ or "").split())
            (folder / "meta.toml").write_text(
                'pbx = "a fake of our own (ringline_edge.conformance.fakes.csta.engine); no vendor system"\n'
                f'link = "CSTA XML with the 8-byte header, dialect {kind}, both directions"\nscenario = "{said}"\n'
            )


if __name__ == "__main__":
    main()
