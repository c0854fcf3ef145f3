"""Events in, facts out. Pure; several monitors tell one event several times, and only what is new is told on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from ringline_core.domain.facts import Device, Fact
from ringline_edge.adapters.csta import calls, moves
from ringline_edge.adapters.csta.agents import Agents
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.events import Event
from ringline_edge.adapters.csta.floor import Floor
from ringline_edge.adapters.csta.naming import Naming, number_of, subject
from ringline_edge.adapters.csta.xml import Element, fields, find, local, text

Handler = Callable[[Floor, Event], Iterator[Fact]]

_CALL_EVENTS: Final[Mapping[str, Handler]] = {
    "ServiceInitiatedEvent": calls.initiated,
    "OriginatedEvent": calls.originated,
    "DeliveredEvent": calls.delivered,
    "NetworkReachedEvent": calls.reached,
    "EstablishedEvent": calls.established,
    "HeldEvent": calls.held,
    "RetrievedEvent": calls.retrieved,
    "QueuedEvent": calls.queued,
    "DivertedEvent": calls.diverted,
    "FailedEvent": calls.failed,
    "ConnectionClearedEvent": calls.cleared,
    "CallClearedEvent": calls.call_cleared,
    "CallInformationEvent": calls.information,
    "TransferedEvent": moves.transferred,
    "TransferredEvent": moves.transferred,
    "ConferencedEvent": moves.conferenced,
}


class Translator:
    """The facts of one switch.

    Attributes:
        monitors: Number of the monitored device by `monitorCrossRefID`.
        skipped: Events that were left out because they did not fit.
    """

    def __init__(self, config: CstaConfig) -> None:
        """Nothing known yet; it outlives sessions."""
        self.naming = Naming(config)
        self.floor = Floor(self.naming, config.user_data_bytes, shared_ucid=config.shared_ucid)
        self.agents = Agents(config)
        self.devices: dict[str, Device] = {}
        self.monitors = self.floor.monitors
        self.skipped = 0

    def translate(self, message: Element, at_ms: int) -> Iterator[Fact]:
        """The facts in an event; none for messages that say nothing of the telephone world."""
        name = local(message)
        handler = _CALL_EVENTS.get(name)
        if handler is None and not name.endswith("Event"):
            return
        parts = fields(message)
        monitor = text(parts.get("monitorCrossRefID"))
        event = Event(name, parts, monitor, self.monitors.get(monitor, ""), at_ms)
        try:
            if handler is not None:
                yield from handler(self.floor, event)
            else:
                yield from self._beside_calls(event)
        except (KeyError, ValueError):
            self.skipped += 1

    def _beside_calls(self, event: Event) -> Iterator[Fact]:
        match event.name:
            case "OutOfServiceEvent" | "BackInServiceEvent":
                yield from self._device(event, event.name == "BackInServiceEvent", None, None)
            case "DoNotDisturbEvent":
                # Field names of these two are ECMA-269's, not seen in XML: a guess.
                yield from self._device(event, None, event.word("doNotDisturbOn") == "true", None)
            case "ForwardingEvent":
                on = event.word("forwardStatus") == "true"
                target = number_of(event.word("forwardTo") or event.word("forwardDN")) if on else ""
                yield from self._device(event, None, None, target)
            case _:
                yield from self.agents.see(event)

    def _device(self, event: Event, in_service: bool | None, dnd: bool | None, forward: str | None) -> Iterator[Fact]:
        number = subject(event.fields.get("device"))[0] or event.device
        station = self.naming.station(number)
        if station is None:
            return
        known = self.device(station, event.at_ms)
        fact = Device(
            station,
            station,
            known.in_service if in_service is None else in_service,
            event.at_ms,
            known.dnd if dnd is None else dnd,
            known.forward if forward is None else forward or None,
        )
        if (fact.in_service, fact.dnd, fact.forward) != (known.in_service, known.dnd, known.forward):
            self.devices[station] = fact
            yield fact

    def device(self, station: str, at_ms: int) -> Device:
        """A station's telephone as of now."""
        return self.devices.setdefault(station, Device(station, station, in_service=True, at_ms=at_ms))

    def out_of_service(self, station: str, at_ms: int) -> None:
        """The switch knows no such device, or does not let us see it."""
        self.devices[station] = Device(station, station, in_service=False, at_ms=at_ms)

    def in_service(self, station: str, at_ms: int) -> None:
        """The switch lets us see it."""
        self.devices[station] = Device(station, station, in_service=True, at_ms=at_ms)


def monitor_of(answer: Element) -> str:
    """The cross reference that an answer to MonitorStart gives."""
    return text(find(answer, "monitorCrossRefID"))
