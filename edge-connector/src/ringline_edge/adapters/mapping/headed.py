"""Headers of fixed size before messages: the length, and fields that the profile gives names. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from ringline_edge.adapters.mapping.transports import Framing, HeaderField
from ringline_edge.adapters.mapping.values import Scalar, text

Form = Literal["big", "little", "decimal", "hex", "text"]
_HEX: Final = re.compile(rb"[0-9A-Fa-f]+")
_FILLING: Final = b" \0"


class Headed(str):
    """A message's text, with what its header says."""

    header: Mapping[str, Scalar]

    def __new__(cls, said: str, header: Mapping[str, Scalar]) -> Headed:
        """`header` is by the names that the profile gives."""
        made = super().__new__(cls, said)
        made.header = header
        return made


def header_of(message: str) -> Mapping[str, Scalar]:
    """What the header of a message says; nothing where it has none."""
    return message.header if isinstance(message, Headed) else {}


def fields_of(framing: Framing, ident: Scalar, repeated: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """What the header of a message of ours says; `ident` is the request's id, `repeated` goes before all."""
    said = {name: ident if each.send == "{id}" else each.send for name, each in framing.fields.items()}
    return {name: repeated.get(name, value) for name, value in said.items()}


def read(framing: Framing, header: bytes) -> dict[str, Scalar]:
    """The named fields of a header; None for one that is not of its form."""
    return {name: value(each.form, _place(each, header)) for name, each in framing.fields.items()}


def fits(field: HeaderField, said: Scalar) -> bool:
    """Whether a value can be written into a field."""
    try:
        _packed(field.form, field.width, said)
    except (ValueError, OverflowError):
        return False
    return True


def value(form: Form, field: bytes) -> Scalar:
    """What a field says."""
    said = field.strip(_FILLING)
    match form:
        case "big" | "little":
            return int.from_bytes(field, form)
        case "decimal":
            return int(said) if said.isdigit() else None
        case "hex":
            return int(said, 16) if _HEX.fullmatch(said) else None
        case "text":
            return said.decode("latin-1") or None


def written(framing: Framing, length: int, fields: Mapping[str, Scalar]) -> bytes:
    """A header of ours, for a message of `length` bytes; what has no value is zero.

    Raises:
        ValueError: A value does not fit into its field.
        OverflowError: The same, of a number.
    """
    header = bytearray(framing.size)
    total = length + (framing.size if framing.includes_header else 0)
    header[framing.at : framing.at + framing.width] = _packed(framing.form, framing.width, total)
    for name, said in fields.items():
        if said is None:
            continue
        each = framing.fields[name]
        header[each.at : each.at + each.width] = _packed(each.form, each.width, said)
    return bytes(header)


def _packed(form: Form, width: int, said: Scalar) -> bytes:
    match form:
        case "big" | "little":
            return int(text(said)).to_bytes(width, form)
        case "decimal":
            field = text(int(text(said))).zfill(width).encode()
        case "hex":
            field = f"{int(text(said)):0{width}x}".encode()
        case "text":
            field = text(said).encode("latin-1").ljust(width)
    if len(field) > width or (form != "text" and field.startswith(b"-")):
        raise ValueError(f"{said} does not fit into {width} bytes of a header")
    return field


def _place(field: HeaderField, header: bytes) -> bytes:
    return header[field.at : field.at + field.width]
