"""Commands as messages, by a profile; and what the answers mean. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ringline_core.domain.facts import CallLegs
from ringline_core.domain.linkage import NAME
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.mapping.exchange import HttpMessage
from ringline_edge.adapters.mapping.expressions import Scope
from ringline_edge.adapters.mapping.floor import Floor
from ringline_edge.adapters.mapping.plan import CommandPlan, Plan, ReplyPlan
from ringline_edge.adapters.mapping.templates import MissingAnswerError, MissingValueError
from ringline_edge.adapters.mapping.values import Scalar, text

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
LONGEST_TEXT: Final = 200
SHORTEST_SECRET: Final = 3
"""Signs of a setting that is looked for in what a PBX says; shorter ones stand in any word."""

HIDDEN: Final = "***"
"""Stands where a refusal repeats what the profile wants told nowhere."""

_NONE: Final[Mapping[str, Scalar]] = {}
Request = tuple[str, str | HttpMessage]
"""The request's id and the message."""


def refuse_barred(plan: Plan, command: EdgeCommand, legs: CallLegs, floor: Floor, known: Mapping[str, str]) -> None:
    """Ask what the verb depends on: before anything of the command is remembered, since that may be just this.

    Raises:
        CommandError: The PBX does not take the verb for this call now.
    """
    asked = plan.commands.get(command.verb)
    if asked is None or asked.when is None:
        return
    settings = {name.partition(".")[2]: value for name, value in known.items() if name.startswith("settings.")}
    key = floor.key_of(legs.legs[0]) if legs.legs else ""
    if not asked.when(Scope({}, {}, 0, floor.memory, settings, key)):
        raise CommandError(ErrorCode.NOT_ALLOWED, f"This PBX does not take {command.verb} for this call now.")


def requests(
    plan: Plan,
    command: EdgeCommand,
    legs: CallLegs,
    floor: Floor,
    known: Mapping[str, str],
    new_id: Callable[[], str],
    password_of: Callable[[str], str] = lambda _login: "",
    answers: Mapping[str, Scalar] = _NONE,
) -> Iterator[Request]:
    """The messages of a command, in their order; each is to be answered before the next one is sent.

    Args:
        plan: Of the profile.
        command: Which.
        legs: What it is about, in the PBX's ids.
        floor: What is there.
        known: Values of settings and of the session, as templates name them.
        new_id: Makes the id of each request.
        password_of: An agent's password at the PBX, by login.
        answers: Values of the answers so far; looked at for each message.

    Raises:
        CommandError: The verb is not in the profile, its number is none, or its call is gone.
    """
    asked = plan.commands.get(command.verb)
    if asked is None:
        raise CommandError(ErrorCode.UNSUPPORTED, "This PBX, as its profile says, cannot do this.")
    if command.to is not None and not _NUMBER.fullmatch(command.to):
        raise CommandError(ErrorCode.NUMBER_INVALID, "A number has digits, * and # only.")
    values = {**_arguments(command, floor, password_of), **_memories(legs, floor), **known}
    settings = {name.partition(".")[2]: value for name, value in known.items() if name.startswith("settings.")}
    for more in _each(asked, command, floor):
        given = values | more
        scope = Scope(given, given, 0, floor.memory, settings)
        used = given | {name: get(scope) for name, get in asked.use.items()}
        for render in asked.messages:
            ident = new_id()
            try:
                yield ident, render({**used, **answers, "id": plan.id_of(ident)})
            except MissingAnswerError as err:
                raise CommandError(ErrorCode.REJECTED_BY_PBX, f"The PBX's answer is not whole: {err}.") from err
            except MissingValueError as err:
                code = ErrorCode.NO_SUCH_CALL if command.call else ErrorCode.NOT_ALLOWED
                raise CommandError(code, f"The command cannot be said to this PBX: {err}.") from err


def refusal(
    replies: ReplyPlan, answer: Scope, status: int = 200, secrets: Iterable[str] = ()
) -> CommandError | None:  # fmt: skip
    """What a bad answer means, by its content and by its `status` of HTTP; None for a good one.

    Pages show what it says: nothing of it that the profile wants told nowhere, and none of `secrets`.
    """
    if 200 <= status < 300 and replies.ok(answer):
        return None
    found = (text(secret(answer)) for secret in replies.secrets)
    told = (each for each in secrets if len(each) >= SHORTEST_SECRET)
    said = hidden(text(replies.text(answer)), (*found, *told))[:LONGEST_TEXT]
    meant = (each for each in replies.errors if not each.statuses or status in each.statuses)
    code = next((each.code for each in meant if each.holds(answer)), ErrorCode.REJECTED_BY_PBX)
    return CommandError(code, said or "The PBX refuses.")


def hidden(said: str, secrets: Iterable[str]) -> str:
    """A text without secrets; the longest first, since one may begin another."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        said = said.replace(secret, HIDDEN)
    return said


def login_of(command: EdgeCommand, floor: Floor) -> str:
    """The login that a command is about: its own, or that of the agent who is there."""
    agent = floor.agents.get(command.station)
    return command.login or (agent.agent.login if agent is not None else None) or ""


def _arguments(command: EdgeCommand, floor: Floor, password_of: Callable[[str], str]) -> dict[str, Scalar]:
    wanted = {"station", "to", "digits", "reason", "login", "name", "state", "caller_id"}
    found = command.model_dump(mode="json", include=wanted, exclude_none=True)
    linkage = (command.data or {}).get(NAME) or ""
    login = login_of(command, floor)
    said = {name: str(value) for name, value in found.items()}
    return {**said, "login": login, "password": password_of(login), NAME: str(linkage)}


def _memories(legs: CallLegs, floor: Floor) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for group, known in (("leg", legs.legs), ("other", legs.others), ("consult", legs.consult_legs)):
        key = floor.key_of(known[0]) if known else ""
        leg = floor.legs.get(key)
        if leg is not None:
            found |= {f"{group}.{name}": value for name, value in leg.fields.items()}
            found[f"{group}.key"] = key
    return found


def _each(asked: CommandPlan, command: EdgeCommand, floor: Floor) -> list[dict[str, Scalar]]:
    match asked.rule.each:
        case "digits":
            return [{"digit": digit} for digit in command.digits or ""]
        case "queues":
            agent = floor.agents.get(command.station)
            queues = command.queues or tuple((agent and agent.queues) or ())
            if not queues:
                raise CommandError(ErrorCode.NOT_LOGGED_ON, "The command names no queue, and the agent is in none.")
            return [{"queue": queue} for queue in queues]
        case None:
            return [{}]
