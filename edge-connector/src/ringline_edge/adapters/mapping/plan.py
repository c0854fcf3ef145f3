"""A whole profile as functions, made once. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from ringline_core.errors import PbxProtocolError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_edge.adapters.mapping import exchange, fitting, loading, rules, templates
from ringline_edge.adapters.mapping.classes import Classifier, MessageClass
from ringline_edge.adapters.mapping.exchange import Call, HttpMessage
from ringline_edge.adapters.mapping.expressions import Compiler, Getter, Scope, Test
from ringline_edge.adapters.mapping.loading import Lines, Place
from ringline_edge.adapters.mapping.profile import Profile
from ringline_edge.adapters.mapping.rules import Play
from ringline_edge.adapters.mapping.talk import CommandRule, LoginStep, Replies
from ringline_edge.adapters.mapping.templates import Render, Values
from ringline_edge.adapters.mapping.values import Scalar, Template, Value, text

ARGUMENTS: Final = frozenset(
    {
        "id",
        "station",
        "to",
        "digits",
        "digit",
        "queue",
        "reason",
        "login",
        "password",
        "name",
        "state",
        "caller_id",
        "linkage",
    }
)
"""Values that a command brings with it."""


Say = Callable[[Values], str | HttpMessage]
"""Makes a message to the PBX."""


@dataclass(frozen=True, slots=True)
class ErrorPlan:
    """One meaning of a refusal; without `statuses` the one of HTTP does not matter."""

    holds: Test
    statuses: frozenset[int]
    code: ErrorCode


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """How answers are understood; without `id` they come in the order of the requests. `secrets` are never repeated."""

    id: Getter | None
    ok: Test
    text: Getter
    secrets: tuple[Getter, ...]
    errors: tuple[ErrorPlan, ...]


@dataclass(frozen=True, slots=True)
class CommandPlan:
    """How one verb is said, and when; None for always."""

    rule: CommandRule
    when: Test | None
    messages: tuple[Say, ...]
    use: dict[str, Getter]
    capture: dict[str, Getter]

    def captured(self, answer: Scope) -> dict[str, Scalar]:
        """What later messages have of an answer; one that lacks a value leaves that of the answer before."""
        found = {name: get(answer) for name, get in self.capture.items()}
        return {name: value for name, value in found.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class LoginPlan:
    """One step of the handshake; without `say` the PBX speaks first."""

    say: Say | None
    rule: LoginStep
    capture: dict[str, Getter]

    def captured(self, answer: Scope) -> dict[str, str]:
        """What later messages have of its answer.

        Raises:
            PbxProtocolError: A value is not there.
        """
        found = {name: text(get(answer)) for name, get in self.capture.items()}
        if lacking := next((name for name, value in found.items() if not value), None):
            raise PbxProtocolError(f"the PBX's answer to the login holds no {lacking}")
        return found


@dataclass(frozen=True, slots=True)
class ListPlan:
    """One question for what is there; `until` holds for the last message of its answer."""

    say: Say
    until: Test
    timeout_s: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a session needs of a profile."""

    profile: Profile
    classes: Classifier
    events: dict[str, tuple[Play, ...]]
    replies: ReplyPlan | None
    commands: dict[Verb, CommandPlan]
    login: tuple[LoginPlan, ...]
    snapshot: tuple[ListPlan, ...]
    heartbeat: Render | None
    logout: Render | None
    sequence: Getter | None
    once: Getter | None
    headers: Callable[[Values], dict[str, str]]
    handshake: Call | None

    def ident(self, mark: str, number: int) -> str:
        """The id of a session's request by its number; `mark` tells sessions apart where ids are text."""
        replies = self.profile.replies
        if replies is None or replies.ids == "text":
            return f"{mark}{number}"
        return str((number - 1) % replies.ids + 1)

    def id_of(self, ident: str) -> Scalar:
        """A request's id as templates have it: a number where the PBX wants one, which JSON tells from its text."""
        replies = self.profile.replies
        return ident if replies is None or replies.ids == "text" else int(ident)


def load(name: str) -> Plan:
    """The plan of a shipped profile, or of a file.

    Raises:
        ProfileError: It cannot be used; the text names file, line and key.
    """
    return compiled(*loading.load(name))


def compiled(profile: Profile, lines: Lines) -> Plan:
    """The plan of a profile.

    Raises:
        ProfileError: Paths, patterns, templates or names in it are none.
    """
    compiler = Compiler(profile.format, lines, profile.settings, profile.between, profile.framing.fields)
    fitting.check(compiler, profile)
    settings = {f"settings.{name}" for name in profile.settings}
    known = {"id", *settings}

    def render(template: object, place: Place, more: frozenset[str] = frozenset()) -> Render:
        if not isinstance(template, str | dict):
            raise compiler.fail(place, "no message")
        return templates.compiled(compiler, template, known | more, place)

    names = _names(compiler, profile)
    login = _login(compiler, profile, known)
    known |= {name for step in login for name in step.capture}
    answers = profile.replies is not None or profile.transport in exchange.BY_HTTP
    if not answers and any(each.rule.expect for each in login):
        raise compiler.fail(("session", "login"), "waits for answers, and there are no replies")
    beat = profile.session.heartbeat.send if profile.session.heartbeat else None
    return Plan(
        profile,
        Classifier(
            compiler,
            [
                MessageClass(
                    rule,
                    None
                    if rule.answer is None
                    else render(rule.answer, ("messages", number, "answer"), frozenset(rule.use)),
                    compiler.table(rule.use, ("messages", number, "use")),
                )
                for number, rule in enumerate(profile.messages)
            ],
        ),
        _events(compiler, profile, names),
        None if profile.replies is None else _replies(compiler, profile, profile.replies),
        {
            verb: _command(compiler, profile, rule, known, ("commands", verb.value))
            for verb, rule in profile.commands.items()
        },
        login,
        _lists(compiler, profile, known),
        None if beat is None else render(beat, ("session", "heartbeat", "send")),
        None if profile.session.logout is None else render(profile.session.logout, ("session", "logout")),
        _told(compiler, profile.session.sequence, ("session", "sequence")),
        _told(compiler, profile.session.once, ("session", "once")),
        _headers(compiler, profile, known),
        _handshake(compiler, profile, settings),
    )


def _told(compiler: Compiler, value: Value | None, place: Place) -> Getter | None:
    return None if value is None else compiler.value(value, place)


def _lists(compiler: Compiler, profile: Profile, known: Collection[str]) -> tuple[ListPlan, ...]:
    return tuple(
        ListPlan(
            _say(compiler, profile, each.send, known, ("session", "snapshot", number, "send")),
            compiler.all_of(each.until, ("session", "snapshot", number, "until")),
            each.timeout_s,
        )
        for number, each in enumerate(profile.session.snapshot)
    )


def _handshake(compiler: Compiler, profile: Profile, known: Collection[str]) -> Call | None:
    """The request that a WebSocket begins with."""
    asked = profile.websocket
    if asked is None:
        return None
    template = {"method": "GET", "path": asked.path, "headers": asked.headers}
    return exchange.compiled(compiler, template, known, ("websocket",))


def _login(compiler: Compiler, profile: Profile, known: Collection[str]) -> tuple[LoginPlan, ...]:
    """Steps in their order; each may use what the ones before it captured."""
    steps, known = list[LoginPlan](), set(known)
    for number, each in enumerate(profile.session.login):
        place: Place = ("session", "login", number)
        capture = compiler.table(each.capture, (*place, "capture"))
        say = None if each.send is None else _say(compiler, profile, each.send, known, (*place, "send"))
        steps.append(LoginPlan(say, each, {f"session.{name}": get for name, get in capture.items()}))
        known |= steps[-1].capture.keys()
    return tuple(steps)


def _say(compiler: Compiler, profile: Profile, template: Template, known: Collection[str], place: Place) -> Say:
    compiled = exchange.compiled if profile.transport in exchange.BY_HTTP else templates.compiled
    return compiled(compiler, template, known, place)


def _headers(compiler: Compiler, profile: Profile, known: Collection[str]) -> Callable[[Values], dict[str, str]]:
    """What goes with each request of HTTP."""
    given = profile.http.headers if profile.http is not None else {}
    for name, value in given.items():
        templates.check_names(compiler, value, known, ("http", "headers", name))
    return exchange.header_lines(compiler, given, ("http", "headers"))


def _names(compiler: Compiler, profile: Profile) -> frozenset[str]:
    seen = set[str]()
    for number, rule in enumerate(profile.messages):
        if rule.name in seen:
            raise compiler.fail(("messages", number, "name"), f"there are two classes {rule.name}")
        seen.add(rule.name)
    return frozenset(seen)


def _events(compiler: Compiler, profile: Profile, names: frozenset[str]) -> dict[str, tuple[Play, ...]]:
    found: dict[str, list[Play]] = defaultdict(list)
    for number, rule in enumerate(profile.events):
        place: Place = ("events", number)
        if unknown := sorted(set(rule.on) - names):
            raise compiler.fail((*place, "on"), f"there is no class {', '.join(unknown)}")
        play = rules.compiled(compiler, rule, place)
        for name in rule.on:
            found[name].append(play)
    return {name: tuple(plays) for name, plays in found.items()}


def _replies(compiler: Compiler, profile: Profile, replies: Replies) -> ReplyPlan:
    return ReplyPlan(
        None if replies.id is None else compiler.value(replies.id, ("replies", "id")),
        compiler.all_of(replies.ok, ("replies", "ok")),
        compiler.maybe(replies.text, ("replies", "text")),
        tuple(compiler.value(Value(get=each), ("redact", number)) for number, each in enumerate(profile.redact)),
        tuple(
            ErrorPlan(
                compiler.all_of(each.when, ("replies", "errors", number, "when")), frozenset(each.status), each.error
            )
            for number, each in enumerate(replies.errors)
        ),
    )


def _command(compiler: Compiler, profile: Profile, rule: CommandRule, known: set[str], place: Place) -> CommandPlan:
    if rule.reply and profile.replies is None and profile.transport not in exchange.BY_HTTP:
        raise compiler.fail(place, "waits for an answer, and there are no replies; else say reply: false")
    captured = {f"answer.{name}": get for name, get in compiler.table(rule.capture, (*place, "capture")).items()}
    names = known | ARGUMENTS | rule.use.keys()
    # Values of a command are taken from its arguments by name, whatever the feed's format is.
    arguments = Compiler("fields", compiler.lines, profile.settings, profile.between)
    return CommandPlan(
        rule,
        arguments.all_of(rule.when, (*place, "when")) if rule.when else None,
        tuple(
            # Before the first message there is no answer: a sample would not notice, since it makes answers up.
            _say(compiler, profile, each, names | (captured.keys() if number else set()), (*place, "send", number))
            for number, each in enumerate(rule.send)
        ),
        arguments.table(rule.use, (*place, "use")),
        captured,
    )
