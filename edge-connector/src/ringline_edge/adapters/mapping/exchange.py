"""What is particular to a PBX that speaks HTTP: its posts to us, and our requests to it. Pure."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from pydantic import ValidationError

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping import templates
from ringline_edge.adapters.mapping.expressions import NAMED, Compiler
from ringline_edge.adapters.mapping.loading import Place, ProfileError
from ringline_edge.adapters.mapping.templates import MissingValueError, Values
from ringline_edge.adapters.mapping.transports import HEADER, HttpTemplate, WebhookRule
from ringline_edge.adapters.mapping.values import Template

_BODY_TYPES: Final = {
    "json": "application/json",
    "xml": "application/xml",
    "form": "application/x-www-form-urlencoded",
    "fields": "text/plain",
    "plain": "text/plain",
}
_HEADER: Final = re.compile(HEADER)
BY_HTTP: Final = ("webhook", "poll")
"""Transports whose messages of ours are requests of HTTP."""


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """One request of ours; `path` comes behind the PBX's address, `headers` are its own alone."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str | None


Call = Callable[[Values], HttpMessage]


def said(say: Callable[[Values], str | HttpMessage], values: Values) -> str | HttpMessage:
    """A message of the session's own.

    Raises:
        PbxProtocolError: A setting, or what a log-in told, cannot stand in it.
    """
    try:
        return say(values)
    except MissingValueError as err:
        raise PbxProtocolError(f"a message of ours cannot be said to this PBX: {err}") from err


class Lock:
    """Who may post: a shared secret in a header, or a signature by it over the body."""

    def __init__(self, rule: WebhookRule, secret: str) -> None:
        """`secret` is the setting that the profile names."""
        self._rule, self._secret = rule, secret.encode()

    def lets_try(self, given: str | None) -> bool:
        """Whether a post with this header is worth reading."""
        if given is None:
            return False
        return self._rule.signature is not None or hmac.compare_digest(_bytes(given), self._secret)

    def opens(self, given: str | None, body: bytes) -> bool:
        """Whether a post is from the PBX."""
        if given is None or self._rule.signature is None:
            return self.lets_try(given)
        mac = hmac.new(self._secret, body, self._rule.signature).digest()
        said = base64.b64encode(mac).decode() if self._rule.encoding == "base64" else mac.hex()
        return hmac.compare_digest(_bytes(given), f"{self._rule.prefix}{said}".encode())


def _bytes(given: str) -> bytes:
    return given.encode("utf-8", "surrogateescape")


def compiled(compiler: Compiler, template: Template, known: Collection[str], place: Place) -> Call:
    """A request as a function.

    Raises:
        ProfileError: It is none, or uses names that are not `known`.
    """
    asked = _parsed(compiler, template, place)
    for name, value in (("path", asked.path), *((f"headers.{name}", value) for name, value in asked.headers.items())):
        templates.check_names(compiler, value, known, (*place, *name.split(".", 1)))
    headers = header_lines(compiler, asked.headers, (*place, "headers"))
    body = None if asked.body is None else templates.compiled(compiler, asked.body, known, (*place, "body"))
    kind = {} if body is None else {"Content-Type": _BODY_TYPES[compiler.form]}

    def call(values: Values) -> HttpMessage:
        path = templates.line(asked.path, values, _segment)
        return HttpMessage(asked.method, path, {**kind, **headers(values)}, None if body is None else body(values))

    return call


def _segment(value: str) -> str:
    """A value as a piece of a path; never as a way out of it."""
    if value in ("", ".", ".."):
        raise MissingValueError("a value that a path cannot hold")
    return quote(value, safe="", errors="replace")


def header_lines(compiler: Compiler, headers: Mapping[str, str], place: Place) -> Callable[[Values], dict[str, str]]:
    """Headers of requests as a function; values cannot become headers of their own.

    Raises:
        ProfileError: One of them is none.
    """
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not value.isprintable():
            raise compiler.fail((*place, name), "no header: a word, and one line of text")
    handed_out = {
        name: {each for each in NAMED.findall(value) if each.startswith("session.")} for name, value in headers.items()
    }

    def lines(values: Values) -> dict[str, str]:
        # Before a login handed its token out, a header with it would say a wrong one, which servers refuse.
        known = (name for name, needed in handed_out.items() if needed <= values.keys())
        return {name: templates.line(headers[name], values, templates.one_line) for name in known}

    return lines


def _parsed(compiler: Compiler, template: Template, place: Place) -> HttpTemplate:
    try:
        return HttpTemplate.model_validate(template)
    except ValidationError as err:
        told: Any = err.errors(include_url=False, include_input=False)[0]
        reason = "unknown key" if told["type"] == "extra_forbidden" else str(told["msg"])
        raise ProfileError(compiler.lines.error((*place, *told["loc"]), reason)) from None
