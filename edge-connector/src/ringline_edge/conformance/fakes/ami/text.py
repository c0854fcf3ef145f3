"""AMI's text: blocks of `Name: value` lines, an empty line at their end."""

from __future__ import annotations

from collections.abc import Iterable

Fields = Iterable[tuple[str, object]]


def block(fields: Fields) -> bytes:
    """One message; values that are None are left empty, as Asterisk does."""
    lines = [f"{name}: {'' if value is None else value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def event(name: str, fields: Fields) -> bytes:
    """One event."""
    return block([("Event", name), *fields])


def fields_of(raw: bytes) -> list[tuple[str, str]]:
    """The headers of one action, in their order; a header may come several times."""
    lines = (line.partition(":") for line in raw.decode("utf-8", "replace").split("\r\n"))
    return [(name.strip(), value.strip()) for name, colon, value in lines if colon]
