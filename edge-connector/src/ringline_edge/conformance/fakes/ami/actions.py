"""AMI's actions, done in the exchange; what each answers is Asterisk's own wording where the notes have it.

Source: Asterisk 22 documentation, "AMI Actions".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ringline_edge.conformance.exchange.exchange import Exchange
from ringline_edge.conformance.exchange.floor import RefusedError
from ringline_edge.conformance.fakes.ami.channels import Channel
from ringline_edge.conformance.fakes.ami.events import Events, member
from ringline_edge.conformance.fakes.ami.text import Fields, event

Headers = list[tuple[str, str]]
Answer = tuple[Fields, list[bytes]]
"""Headers of the response after its first two, and the items of a list."""

_CAUSES: Final = {"16": "normal", "17": "rejected", "21": "rejected"}
_DEVICE: Final = re.compile(r"DEVICE_STATE\(Custom:ringline-(\d+)\)")
_PAUSED: Final = {"true": True, "1": True, "yes": True}


class ActionError(Exception):
    """`Response: Error`; the text is its Message."""


class Actions:
    """What one session may ask for."""

    def __init__(self, exchange: Exchange, events: Events) -> None:
        """Acts on `exchange`, whose channels `events` knows."""
        self._exchange, self._events = exchange, events
        self._known: dict[str, Callable[[Headers], Answer]] = {
            "ping": lambda _: ([("Ping", "Pong")], []),
            "events": lambda _: ([("Events", "On")], []),
            "filter": lambda _: ([("Message", "Filter added successfully")], []),
            "coresettings": lambda _: ([("AMIversion", "11.0.0"), ("AsteriskVersion", "22.5.2")], []),
            "listcommands": self._commands,
            "queuestatus": self._queue_status,
            "devicestatelist": self._devices,
            "status": lambda _: self._listed("StatusComplete", []),
            "coreshowchannels": self._channels,
            "extensionstate": self._hint,
            "queueadd": self._queue_add,
            "queueremove": self._queue_remove,
            "queuepause": self._queue_pause,
            "setvar": self._set,
            "hangup": self._hangup,
            "originate": self._originate,
            "blindtransfer": self._transfer,
            "playdtmf": self._digit,
            "pjsipnotify": self._notify,
        }

    def do(self, name: str, headers: Headers) -> Answer:
        """Do one action.

        Raises:
            ActionError: It is not known, or not possible.
        """
        known = self._known.get(name.lower())
        if known is None:
            raise ActionError("Invalid/unknown command")
        try:
            return known(headers)
        except RefusedError as err:
            raise ActionError(str(err)) from err

    def _commands(self, _: Headers) -> Answer:
        names = ("QueueAdd", "QueueRemove", "QueuePause", "Originate", "Hangup", "BlindTransfer", "Setvar", "PlayDTMF")
        more = ("PJSIPNotify", "ExtensionState", "CoreShowChannels", "QueueStatus", "Status", "DeviceStateList")
        return [(name, "(Priv: all)") for name in (*names, *more)], []

    def _listed(self, end: str, items: list[bytes]) -> Answer:
        done = event(end, [("EventList", "Complete"), ("ListItems", len(items))])
        return [("EventList", "start"), ("Message", "will follow")], [*items, done]

    def _queue_status(self, _: Headers) -> Answer:
        members = (
            event("QueueMember", [*_as_listed(member(m.station, name, (m.paused, m.reason)))])
            for name, queue in self._exchange.queues.queues.items()
            for m in queue.members.values()
        )
        return self._listed("QueueStatusComplete", list(members))

    def _devices(self, _: Headers) -> Answer:
        phones = self._exchange.floor.phones.values()
        states = [(f"PJSIP/{each.station}", "NOT_INUSE" if each.in_service else "UNAVAILABLE") for each in phones]
        held = [(f"Custom:ringline-{s}", "BUSY") for s, agent in self._exchange.queues.agents.items() if agent.held]
        items = [event("DeviceStateChange", [("Device", device), ("State", state)]) for device, state in states + held]
        return self._listed("DeviceStateListComplete", items)

    def _channels(self, _: Headers) -> Answer:
        items = [event("CoreShowChannel", list(_channel(each))) for each in self._events.channels.by_leg.values()]
        return self._listed("CoreShowChannelsComplete", items)

    def _hint(self, headers: Headers) -> Answer:
        station = _need(headers, "Exten")
        hint = f"PJSIP/{station}&Custom:ringline-{station}"
        return [("Exten", station), ("Context", _need(headers, "Context")), ("Hint", hint), ("Status", "0")], []

    def _queue_add(self, headers: Headers) -> Answer:
        station, queue = _station(headers), _need(headers, "Queue")
        paused = _PAUSED.get(_find(headers, "Paused").lower(), False)
        self._exchange.queues.log_on(station, [queue], paused=paused, by="pbx", login=station)
        self._exchange.queues.pause(station, paused, "pbx", reason=_find(headers, "Reason") or None, queues=[queue])
        return [("Message", "Added interface to queue")], []

    def _queue_remove(self, headers: Headers) -> Answer:
        station, name = _station(headers), _need(headers, "Queue")
        queue = self._exchange.queues.queues.get(name)
        if queue is None or station not in queue.members:
            raise ActionError("Unable to remove interface: Not there")
        self._exchange.queues.leave(station, name, "pbx")
        return [("Message", "Removed interface from queue")], []

    def _queue_pause(self, headers: Headers) -> Answer:
        station, queue = _station(headers), _find(headers, "Queue")
        paused = _PAUSED.get(_need(headers, "Paused").lower(), False)
        queues = [queue] if queue else None
        self._exchange.queues.pause(station, paused, "pbx", reason=_find(headers, "Reason") or None, queues=queues)
        return [("Message", "Interface paused successfully")], []

    def _set(self, headers: Headers) -> Answer:
        variable, value = _need(headers, "Variable"), _find(headers, "Value")
        device = _DEVICE.fullmatch(variable)
        if device:
            self._exchange.queues.hold(device[1], "ringline" if value == "BUSY" else None)
        elif data := _data([f"{variable}={value}"]):
            leg = self._channel(headers).leg
            leg.data = {**leg.data, **data}
        return [("Message", "Variable Set")], []

    def _hangup(self, headers: Headers) -> Answer:
        channel = self._channel(headers)
        if _CAUSES.get(_find(headers, "Cause")) == "rejected" and self._exchange.calls.attempt_at(channel.leg):
            self._exchange.reject(channel.leg)
        else:
            self._events.by_action(channel.leg.leg)
            self._exchange.calls.clear(channel.leg, "agent_phone")
        return [("Message", "Channel Hungup")], []

    def _originate(self, headers: Headers) -> Answer:
        if _find(headers, "Application"):
            raise ActionError("this PBX runs no applications")
        station = _need(headers, "Channel").partition("/")[2]
        to = _need(headers, "Exten")
        ident = _find(headers, "ChannelId") or self._exchange.floor.new_id()
        self._events.placed.add(ident)
        data = _data(value for name, value in headers if name.lower() == "variable")
        leg = self._exchange.place(station, to, ident=ident, data=data)
        return [("Message", "Originate successfully queued"), ("Uniqueid", leg.leg)], []

    def _transfer(self, headers: Headers) -> Answer:
        self._exchange.transfers.blind(self._channel(headers).leg, _need(headers, "Exten"), "agent_phone")
        return [("Message", "Transfer succeeded")], []

    def _digit(self, headers: Headers) -> Answer:
        self._channel(headers)
        return [("Message", "DTMF successfully queued")], []

    def _notify(self, headers: Headers) -> Answer:
        leg, wanted = self._channel(headers).leg, _find(headers, "Variable")
        if wanted == "Event=talk":
            (self._exchange.resume if leg.state == "hold" else self._exchange.answer)(leg)
        elif wanted == "Event=hold":
            self._exchange.hold(leg)
        return [("Message", "NOTIFY sent")], []

    def _channel(self, headers: Headers) -> Channel:
        found = self._events.channels.named(_need(headers, "Channel"))
        if found is None:
            raise ActionError("No such channel")
        return found


def _channel(channel: Channel) -> Iterator[tuple[str, object]]:
    """Headers of a CoreShowChannel item."""
    yield from channel.fields()
    bridge = channel.bridge and f"b-{channel.bridge}"
    waits = channel.queue is not None and channel.leg.station is None and bridge is None
    application = "Queue" if waits else "Dial" if channel.leg.origin else "AppQueue" if channel.queue else "AppDial"
    yield from (("Application", application), ("ApplicationData", channel.queue or ""))
    yield from (("Duration", "00:00:01"), ("BridgeId", bridge or ""))


def _as_listed(fields: Fields) -> Iterator[tuple[str, object]]:
    """A member in a list: its interface is called Location there, its name Name."""
    names = {"Interface": "Location", "MemberName": "Name"}
    return ((names.get(name, name), value) for name, value in fields)


def _data(settings: Iterable[str]) -> dict[str, str]:
    """Call data of `name=value`; names are those that the configuration lists in `channelvars`."""
    pairs = (each.lstrip("_").partition("=") for each in settings)
    return {name[4:].lower(): value for name, _, value in pairs if name.startswith("CTI_")}


def _station(headers: Headers) -> str:
    return _need(headers, "Interface").partition("/")[2].partition("@")[0]


def _find(headers: Headers, name: str) -> str:
    return next((value for each, value in headers if each.lower() == name.lower()), "")


def _need(headers: Headers, name: str) -> str:
    value = _find(headers, name)
    if not value:
        raise ActionError(f"{name} not specified.")
    return value
