"""Whether the parts of a profile go together: what a transport needs, and what would mean nothing on it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from ringline_core.wire.command import REQUIRED
from ringline_edge.adapters.mapping import documents
from ringline_edge.adapters.mapping.exchange import BY_HTTP
from ringline_edge.adapters.mapping.expressions import Compiler
from ringline_edge.adapters.mapping.headed import fits
from ringline_edge.adapters.mapping.loading import Place
from ringline_edge.adapters.mapping.profile import Profile

Fault = tuple[Place, str]
SHORTEST_TEXT_ID: Final = 10
"""Signs of the first id of a session, where ids are text."""

WIDEST_TEXT_ID: Final = 16
"""The same, of the ten-millionth id."""

_ID_WIDTH: Final = re.compile(r"\{id:.?[<>](\d{1,3})\}")


def check(compiler: Compiler, profile: Profile) -> None:
    """Refuse the first part that does not fit.

    Raises:
        ProfileError: With line and key.
    """
    ways = {"webhook": (_of_posts, _of_talk, _of_requests), "poll": (_of_polls, _of_talk, _of_requests)}
    for part in ways.get(profile.transport, (_of_streams, _of_lists, _of_answers)):
        for place, reason in part(profile):
            raise compiler.fail(place, reason)
    for part in (
        _of_others, _of_settings, _of_text, _of_plain_text, _of_headers, _of_ids, _of_redaction, _of_commands,
        _of_samples,
    ):  # fmt: skip
        for place, reason in part(profile):
            raise compiler.fail(place, reason)


def _of_streams(profile: Profile) -> Iterator[Fault]:
    if profile.transport == "sidecar" and (profile.framing.kind != "newline" or profile.format != "json"):
        yield ("transport",), "a sidecar speaks JSON lines: framing newline, format json"
    if profile.encoding == "utf-16le" and profile.framing.kind == "decimal":
        yield ("encoding",), "a decimal length counts bytes; utf-16le has no such feeds"
    if (profile.framing.kind == "whole") != (profile.transport == "websocket"):
        yield (
            ("framing",),
            "whole is for posts and WebSockets, whose messages have an end of their own, and for them alone",
        )
    for number, step in enumerate(profile.session.login):
        if step.send is None and number:
            yield ("session", "login", number), "send is missing: only the first step may wait for what the PBX says"
    if profile.transport == "websocket" and profile.websocket is None:
        yield ("transport",), "websocket is missing: which path?"


def _of_lists(profile: Profile) -> Iterator[Fault]:
    for number, step in enumerate(profile.session.snapshot):
        if not step.until:
            yield ("session", "snapshot", number, "send"), "until is missing: what ends the list?"


def _of_answers(profile: Profile) -> Iterator[Fault]:
    if profile.replies is None:
        return
    if not profile.replies.ok:
        yield ("replies",), "ok is missing: what is a good answer?"
    for number, each in enumerate(profile.replies.errors):
        if each.status:
            yield ("replies", "errors", number, "status"), "only webhook and poll have answers of HTTP"


def _of_posts(profile: Profile) -> Iterator[Fault]:
    if profile.webhook is None:
        yield ("transport",), "webhook is missing: where are posts taken, and by which secret?"
    if profile.framing.kind != "whole":
        yield ("framing",), "each post is one message: whole"


def _of_polls(profile: Profile) -> Iterator[Fault]:
    if profile.http is None or profile.http.every_s is None:
        yield ("transport",), "http.every_s is missing: where is the PBX asked, and how often?"
    if not profile.session.snapshot:
        yield ("session",), "snapshot is missing: what is the PBX asked for?"
    if profile.framing.kind != "whole":
        yield ("framing",), "each answer is one message: whole"
    if profile.session.heartbeat is not None:
        yield ("session", "heartbeat"), "an answer that fails to come is noticed without"


def _of_talk(profile: Profile) -> Iterator[Fault]:
    for number, step in enumerate(profile.session.login):
        if step.send is None or not step.expect:
            yield ("session", "login", number), "HTTP is asked, and always answers: send, and expect"
    if profile.session.heartbeat is not None and profile.session.heartbeat.send is not None:
        yield ("session", "heartbeat", "send"), "the PBX posts signs of life, we send none"
    if profile.session.logout is not None:
        yield ("session", "logout"), "who is asked by HTTP is told of no end"
    for number, rule in enumerate(profile.messages):
        if rule.reply or rule.answer is not None:
            yield ("messages", number), "a post is answered by its status: no reply and no answer"


def _of_requests(profile: Profile) -> Iterator[Fault]:
    for number, step in enumerate(profile.session.snapshot):
        if step.until:
            yield ("session", "snapshot", number, "until"), "the answer of HTTP is the whole list"
    if profile.replies is not None and profile.replies.id is not None:
        yield ("replies", "id"), "the answer of HTTP belongs to its request"
    if profile.http is None and profile.commands:
        yield ("commands",), "http is missing: where is the PBX asked?"
    if profile.http is None and profile.session.login:
        yield ("session", "login"), "http is missing: where is the PBX asked?"
    if profile.http is None and profile.session.snapshot:
        yield ("session", "snapshot"), "http is missing: where is the PBX asked?"


def _of_others(profile: Profile) -> Iterator[Fault]:
    """Keys of other transports."""
    keys = (
        ("webhook", profile.webhook, ("webhook",)),
        ("http", profile.http, BY_HTTP),
        ("websocket", profile.websocket, ("websocket",)),
    )
    for name, given, transports in keys:
        if given is not None and profile.transport not in transports:
            yield (name,), f"means nothing for the transport {profile.transport}"
    if profile.http is not None and profile.http.every_s is not None and profile.transport != "poll":
        yield ("http", "every_s"), f"means nothing for the transport {profile.transport}"


def _of_commands(profile: Profile) -> Iterator[Fault]:
    """What a verb may depend on: what is remembered of the leg of its call."""
    for verb, rule in profile.commands.items():
        if rule.when and "call" not in REQUIRED.get(verb, ()):
            yield ("commands", verb.value, "when"), "the verb is about no call, so there is no leg to remember"
        for number, condition in enumerate(rule.when):
            if _asks_messages(condition.model_dump(exclude_defaults=True, exclude={"steps"})):
                yield (
                    ("commands", verb.value, "when", number),
                    "there is no message here: only memory, setting and const",
                )


def _asks_messages(node: Any) -> bool:
    match node:
        case dict():
            return bool({"get", "header", "now"} & node.keys()) or any(
                _asks_messages(value) for key, value in node.items() if key != "steps"
            )
        case list() | tuple():
            return any(map(_asks_messages, node))
        case _:
            return False


def _of_text(profile: Profile) -> Iterator[Fault]:
    if profile.undecodable != "replace" and profile.encoding != "utf-8":
        yield ("undecodable",), "only utf-8 has bytes that can be told to be of another encoding"


def _of_redaction(profile: Profile) -> Iterator[Fault]:
    for number, each in enumerate(profile.redact):
        try:
            documents.path(profile.format, each, profile.between or "")
            if profile.format != "plain" and not documents.end_of(profile.format, each):
                yield ("redact", number), "a path that ends at no name: by that a recording finds what it hides"
        except ValueError as err:
            yield ("redact", number), str(err)


def _of_plain_text(profile: Profile) -> Iterator[Fault]:
    if profile.between is not None and profile.format != "plain" and not _reads_plain_text(profile):
        yield ("between",), f"means nothing for the format {profile.format}"


def _reads_plain_text(node: Any) -> bool:
    """Whether a value holds plain text as a document inside."""
    match node:
        case Profile():
            return _reads_plain_text(node.model_dump(exclude_defaults=True, exclude={"samples"}))
        case dict():
            return node.get("inside") == "plain" or any(map(_reads_plain_text, node.values()))
        case list() | tuple():
            return any(map(_reads_plain_text, node))
        case _:
            return False


def _of_samples(profile: Profile) -> Iterator[Fault]:
    for number, sample in enumerate(profile.samples):
        for name in sample.settings:
            if name not in profile.settings:
                yield ("samples", number, "settings", name), "not listed in settings"


def _of_ids(profile: Profile) -> Iterator[Fault]:
    """An id that is wider than its columns would be noticed by no sample, whose ids are short."""
    if profile.format != "plain":
        return
    ids = profile.replies.ids if profile.replies is not None else "text"
    longest = SHORTEST_TEXT_ID if ids == "text" else len(str(ids))
    for place, template in _templates(profile):
        width = min((int(each) for each in _ID_WIDTH.findall(str(template))), default=longest)
        if width < longest:
            yield place, f"an id has up to {longest} signs, here it has {width} columns: say replies.ids: {'9' * width}"


def _of_headers(profile: Profile) -> Iterator[Fault]:
    """What would fail with each message that is sent: samples write no headers."""
    ids = profile.replies.ids if profile.replies is not None else "text"
    for name, each in profile.framing.fields.items():
        place: Place = ("framing", "fields", name, "send")
        if each.send == "{id}":
            is_text = ids == "text"
            if not fits(each, "x" * WIDEST_TEXT_ID if is_text else ids):
                told = f"an id of text, {WIDEST_TEXT_ID} signs," if is_text else f"an id up to {ids}"
                yield place, f"{told} does not fit into {each.width} bytes of {each.form}: see replies.ids"
        elif "{" in str(each.send):
            yield place, "a constant, or {id} and nothing else"
        elif not fits(each, each.send):
            yield place, f"{each.send} does not fit into {each.width} bytes of {each.form}"


def _templates(profile: Profile) -> Iterator[tuple[Place, object]]:
    """What is said to the PBX."""
    session = profile.session
    yield from ((("messages", number, "answer"), each.answer) for number, each in enumerate(profile.messages))
    yield from ((("session", "login", number, "send"), each.send) for number, each in enumerate(session.login))
    yield from ((("session", "snapshot", number, "send"), each.send) for number, each in enumerate(session.snapshot))
    yield ("session", "heartbeat", "send"), session.heartbeat and session.heartbeat.send
    yield ("session", "logout"), session.logout
    for verb, rule in profile.commands.items():
        yield from ((("commands", verb.value, "send", number), each) for number, each in enumerate(rule.send))


def _of_settings(profile: Profile) -> Iterator[Fault]:
    if profile.webhook is not None and profile.webhook.secret not in profile.settings:
        yield ("webhook", "secret"), f"{profile.webhook.secret} is not listed in settings"
    if profile.http is not None and profile.http.base not in profile.settings:
        yield ("http", "base"), f"{profile.http.base} is not listed in settings"
