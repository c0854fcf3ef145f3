"""Phones by their registrations: a station is in service while one of its phones is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ringline_core.domain.facts import Device
from ringline_edge.adapters.freeswitch.channels import Naming
from ringline_edge.adapters.freeswitch.protocol import Message, text


@dataclass(slots=True)
class _User:
    station: str
    tokens: set[str] = field(default_factory=set)
    since_ms: int = 0


class Phones:
    """All users who ever registered; a registration is known by its Call-ID."""

    def __init__(self, naming: Naming) -> None:
        """Nobody is registered."""
        self._naming = naming
        self._users: dict[str, _User] = {}

    @property
    def devices(self) -> tuple[Device, ...]:
        """All phones as they are now."""
        return tuple(_device(name, user) for name, user in sorted(self._users.items()))

    def see(self, message: Message, at_ms: int) -> Iterator[Device]:
        """sofia::register, unregister, expire. A phone registers again every minute, which is no news."""
        name = text(message, "from-user") or text(message, "user") or ""
        token = text(message, "call-id") or ""
        station = self._naming.station(name)
        if station is None:
            return
        user = self._users.get(name) or self._users.setdefault(name, _User(station))
        before = bool(user.tokens)
        if text(message, "Event-Subclass") == "sofia::register":
            user.tokens.add(token)
        else:
            user.tokens.discard(token)
        yield from self._told(name, user, before, at_ms)

    def replace(self, rows: Iterable[Mapping[str, object]], at_ms: int) -> Iterator[Device]:
        """Take the whole list of registrations; the phones that changed by it."""
        listed: dict[str, set[str]] = {}
        for row in rows:
            name = str(row.get("reg_user", ""))
            station = self._naming.station(name)
            if station is not None:
                self._users.setdefault(name, _User(station))
                listed.setdefault(name, set()).add(str(row.get("token", "")))
        for name, user in self._users.items():
            before, user.tokens = bool(user.tokens), listed.get(name, set())
            yield from self._told(name, user, before, at_ms)

    def _told(self, name: str, user: _User, before: bool, at_ms: int) -> Iterator[Device]:
        if before != bool(user.tokens) or not user.since_ms:
            user.since_ms = at_ms
            yield _device(name, user)


def _device(name: str, user: _User) -> Device:
    return Device(user.station, f"user/{name}", bool(user.tokens), user.since_ms)
