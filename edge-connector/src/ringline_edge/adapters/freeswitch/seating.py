"""Log on, log off, ready, not ready and holds as functions of mod_callcenter. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.freeswitch.actions import Situation, Step, word
from ringline_edge.adapters.freeswitch.agents import (
    AVAILABLE,
    IDLE,
    LOGGED_OUT,
    ON_BREAK,
    WAITING,
    Row,
    held_until,
)
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig

_AGENT: Final = "callcenter_config agent"
_TIER: Final = "callcenter_config tier"
LEVEL: Final = "1 1"
"""Level and position of a tier that a log-on makes; one that is there already keeps its own."""


def log_on(command: EdgeCommand, now: Situation, config: FreeswitchConfig) -> Iterator[Step]:
    """Make the station an agent of exactly the command's queues, on break.

    Raises:
        CommandError: `not_allowed`, the command names no queue.
    """
    if not command.queues:
        raise CommandError(ErrorCode.NOT_ALLOWED, "This agent is mapped to no queue.")
    row = now.agents.of(command.station)
    name = word(row.name if row else config.agent.format(station=command.station))
    if row is None:
        yield Step(f"{_AGENT} add {name} callback", settled=("already exist",))
        yield Step(f"{_AGENT} set contact {name} {word(config.contact.format(station=command.station))}")
    tiers = now.agents.tiers.get(name, {})
    for queue in tiers:
        if queue not in command.queues:
            yield Step(f"{_TIER} del {word(queue)} {name}", settled=("not exist", "not found"))
    for queue in command.queues:
        if queue not in tiers:
            undo = Step(f"{_TIER} del {word(queue)} {name}")
            yield Step(f"{_TIER} add {word(queue)} {name} {LEVEL}", undo, settled=("already exist",))
    if row is None or row.status != ON_BREAK:
        yield _set_status(name, ON_BREAK, None, row)


def log_off(command: EdgeCommand, now: Situation) -> Iterator[Step]:
    """Tiers stay: the next log-on, or the site's own configuration, decides about them."""
    row = now.agents.of(command.station)
    if row is not None and row.status != LOGGED_OUT:
        yield _set_status(word(row.name), LOGGED_OUT, None, row)


def set_state(command: EdgeCommand, now: Situation) -> Iterator[Step]:
    """Ready or not; a hold of ours stands beside it.

    Raises:
        CommandError: `not_logged_on`, the station is no agent who is logged on.
    """
    row = now.agents.of(command.station)
    if row is None or row.status == LOGGED_OUT:
        raise CommandError(ErrorCode.NOT_LOGGED_ON, "This station is in no queue.")
    name = word(row.name)
    if command.state != "ready":
        yield _set_status(name, ON_BREAK, command.reason, row)
        return
    if row.status != AVAILABLE:
        yield _set_status(name, AVAILABLE, None, row)
    if row.state == IDLE:
        yield Step(f"{_AGENT} set state {name} {WAITING}")


def hold(row: Row, reason: str) -> Step:
    """Keep an agent from calls."""
    return hold_until(row, held_until(reason))


def hold_until(row: Row, ready_time: int) -> Step:
    """Set an agent's `ready_time`."""
    return Step(f"{_AGENT} set ready_time {word(row.name)} {ready_time}")


def release(row: Row) -> Step:
    """Take a hold of ours away."""
    return hold_until(row, 0)


def _set_status(name: str, status: str, reason: str | None, row: Row | None) -> Step:
    quoted = f"'{status}'"
    undo = None
    if row is not None and row.status != status:
        undo = Step(f"{_AGENT} set status {name} '{row.status}'", status=(name, row.status, None))
    return Step(f"{_AGENT} set status {name} {quoted}", undo, status=(name, status, reason))
