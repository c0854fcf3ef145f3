"""Bytes to messages and back, with the size limit and the contract's policy on unknown things.

The cloud decodes strictly (unknown types and fields are refused); pages and edges decode leniently, so that a newer
cloud can say more to them.
"""

from __future__ import annotations

import json
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from ringline_core.errors import InvalidMessageError, TooLargeError
from ringline_core.wire.base import TOO_LARGE
from ringline_core.wire.codes import MAX_FRAME_BYTES
from ringline_core.wire.edge import FromEdge, ToEdge
from ringline_core.wire.page import FromPage, ToPage

M = TypeVar("M")
B = TypeVar("B", bound=BaseModel)

_FROM_PAGE: Final[TypeAdapter[FromPage]] = TypeAdapter(FromPage)
_FROM_EDGE: Final[TypeAdapter[FromEdge]] = TypeAdapter(FromEdge)
_TO_PAGE: Final[TypeAdapter[ToPage]] = TypeAdapter(ToPage)
_TO_EDGE: Final[TypeAdapter[ToEdge]] = TypeAdapter(ToEdge)


def decode_from_page(raw: str | bytes) -> FromPage:
    """A page's frame as a message; JSON types are taken as they are, `"1"` is no number and `1` no truth value.

    Raises:
        TooLargeError: Above 28 KiB, or a note or data above its own limit.
        InvalidMessageError: Not JSON, unknown type or field, or a wrong value.
    """
    return _decode(_FROM_PAGE, raw, "forbid")


def decode_from_edge(raw: str | bytes) -> FromEdge:
    """An edge's frame as a message; raises as `decode_from_page` does."""
    return _decode(_FROM_EDGE, raw, "forbid")


def decode_to_page(raw: str | bytes) -> ToPage | None:
    """The cloud's frame as a page reads it; None for a type that this version does not know.

    Raises:
        InvalidMessageError: Not JSON, or a known type with a wrong value.
    """
    return _decode_known(_TO_PAGE, raw)


def decode_to_edge(raw: str | bytes) -> ToEdge | None:
    """The cloud's frame as an edge reads it; None for a type that this version does not know.

    Raises:
        InvalidMessageError: Not JSON, or a known type with a wrong value.
    """
    return _decode_known(_TO_EDGE, raw)


def decode_body(model: type[B], raw: str | bytes) -> B:
    """A whole body as one model, unknown fields refused; raises as `decode_from_page` does."""
    return _decode(TypeAdapter(model), raw, "forbid")


def encode(message: BaseModel) -> str:
    """`message` as compact JSON, with the wire's own field names."""
    return message.model_dump_json(by_alias=True)


def compact(value: Any) -> str:
    """Plain data as compact JSON, not escaped beyond need."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _decode(adapter: TypeAdapter[M], raw: str | bytes, extra: Literal["forbid", "ignore"]) -> M:
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > MAX_FRAME_BYTES:
        raise TooLargeError(f"frame of {size} bytes is above {MAX_FRAME_BYTES}")
    try:
        return adapter.validate_json(raw, extra=extra, strict=True)
    except ValidationError as err:
        kind = TooLargeError if err.errors(include_url=False)[0]["type"] == TOO_LARGE else InvalidMessageError
        raise kind(explain(err)) from err


def _decode_known(adapter: TypeAdapter[M], raw: str | bytes) -> M | None:
    try:
        return adapter.validate_json(raw, extra="ignore")
    except ValidationError as err:
        if err.errors()[0]["type"] == "union_tag_invalid":
            return None
        raise InvalidMessageError(explain(err)) from err


def explain(err: ValidationError) -> str:
    """First fault of a validation error as one sentence: where, and why; the value itself is left out."""
    first = err.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "message"
    if first["type"] == "union_tag_invalid":
        return f"{where}: unknown message type"
    return f"{where}: {first['msg']}"
