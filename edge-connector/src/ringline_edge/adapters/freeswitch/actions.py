"""What a command is made of: functions of the PBX, their arguments made safe, and what doing them tells. Pure.

FreeSWITCH cuts arguments at blanks, honours quotes and backslashes in them, cuts variables at commas and braces, and
expands `${...}` whenever a dial plan uses a value, functions that run programs among them. So nothing is escaped its
way: an argument is a plain word or is refused, and call data is percent-encoded, which leaves none of these characters.
Source: `switch_separate_string`, `switch_event_create_brackets`, `switch_channel_expand_variables`, 1.10.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.freeswitch.agents import Agents
from ringline_edge.adapters.freeswitch.channels import Channel
from ringline_edge.adapters.freeswitch.floor import Floor

CLEARING, USER_BUSY = "NORMAL_CLEARING", "USER_BUSY"
"""Causes for drop and reject; a queue takes the latter as a refusal and goes on."""

GONE: Final = "no such channel"
_WORD: Final = re.compile(r"[A-Za-z0-9_.+*#@:/-]{1,128}")
_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,48}")
_LITERAL: Final = "-._~+:@/*#"


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known before the PBX tells: events may come before the answer does, and do not say who asked.

    Attributes:
        station: Who transfers.
        left: Channels that leave by it.
        to: Where the call goes.
        sent: Channel that goes on without them.
        killed: Channel that we end.
        conference: Name of the conference that `joining` enter.
        joining: Channels that enter it.
    """

    station: str = ""
    left: tuple[Channel, ...] = ()
    to: str | None = None
    sent: Channel | None = None
    killed: Channel | None = None
    conference: str = ""
    joining: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One function of the PBX.

    Attributes:
        line: Its name and arguments.
        undo: What takes it back when a later one fails.
        settled: Errors of the PBX that say that there was nothing left to do.
        mark: What is known by doing it.
        data: Call data that it sets, and on which channel.
        status: Agent, status and reason that it sets.
        own: Unique-ID that the phone it rings is given.
    """

    line: str
    undo: Step | None = None
    settled: tuple[str, ...] = ()
    mark: Mark | None = None
    data: tuple[Channel, Mapping[str, str]] | None = None
    status: tuple[str, str, str | None] | None = None
    own: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What the PBX shows when a command comes."""

    floor: Floor
    agents: Agents


def is_word(value: str) -> bool:
    """Whether FreeSWITCH takes a value as one argument."""
    return _WORD.fullmatch(value) is not None


def word(value: str) -> str:
    """An argument as it is.

    Raises:
        CommandError: `message_invalid`: it holds anything that FreeSWITCH would read as more than a word.
    """
    if not is_word(value):
        raise CommandError(
            ErrorCode.MESSAGE_INVALID, "A value has characters that FreeSWITCH would not take as they are."
        )
    return value


def number(to: str | None) -> str:
    """A number to dial.

    Raises:
        CommandError: `number_invalid`.
    """
    if to is None or not _NUMBER.fullmatch(to):
        raise CommandError(ErrorCode.NUMBER_INVALID, "A number has digits, * and # only.")
    return to


def encoded(value: object) -> str:
    """A value of call data: percent-encoded, but for what means nothing to FreeSWITCH."""
    plain = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
    return quote(plain, safe=_LITERAL)


def data_of(data: Mapping[str, object]) -> dict[str, str]:
    """Call data as the channels will show it.

    Raises:
        CommandError: `message_invalid`: a name that no channel variable can have.
    """
    for name in data:
        if not _NAME.fullmatch(name):
            raise CommandError(ErrorCode.MESSAGE_INVALID, "Names of call data have letters, digits and _ only.")
    return {
        name.lower(): str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        for name, value in data.items()
    }


def variables(values: Mapping[str, str]) -> str:
    """The variables before a dial string; the values are words or encoded already."""
    return "{" + ",".join(f"{name}={value}" for name, value in values.items()) + "}"


def new_id(ident: str) -> str:
    """The Unique-ID of the phone that a command rings: the same for the same command."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"ringline:{ident}"))


def kill(channel: Channel, cause: str = CLEARING) -> Step:
    """End a channel."""
    return Step(f"uuid_kill {word(channel.ident)} {cause}", settled=(GONE,), mark=Mark(killed=channel))


def attach(channel: Channel, data: Mapping[str, str], prefix: str) -> list[Step]:
    """Set call data on a channel, one variable after the other."""
    return [
        Step(
            f"uuid_setvar {word(channel.ident)} {prefix}{name} {encoded(value)}".rstrip(),
            data=(channel, {name: value}),
        )
        for name, value in data.items()
    ]
