"""Parts of a profile that say how bytes come and go: frames, posts, requests, WebSockets."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field, model_validator

from ringline_edge.adapters.mapping.values import Name, Part, Seconds, Template

HEADER: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"


class HeaderField(Part):
    """A field of a header beside the length.

    Attributes:
        at: Where it begins, in bytes.
        width: Its bytes.
        form: How it is written; `text` is Latin-1, filled up with blanks.
        send: What it is in messages of ours; `{id}` stands for the request's id.
    """

    at: int = Field(ge=0, le=63)
    width: int = Field(ge=1, le=16)
    form: Literal["big", "little", "decimal", "hex", "text"] = "text"
    send: str | int = 0


class Framing(Part):
    """How messages are cut from the stream of bytes.

    Attributes:
        separator: Of `decimal`, between length and message.
        size: Of `header`, bytes of the whole header.
        at: Of `header`, where the length begins.
        width: Of `header`, its bytes.
        form: Of `header`, how the length is written.
        includes_header: Of `header`, whether the length counts the header too.
        fields: Of `header`, what else stands in it, by names of your own.
    """

    kind: Literal["newline", "blank_line", "nul", "stx_etx", "decimal", "header", "xml_document", "whole"]
    separator: str = Field(default="\n", min_length=1, max_length=4)
    size: int = Field(default=4, ge=1, le=64)
    at: int = Field(default=0, ge=0, le=63)
    width: int = Field(default=4, ge=1, le=16)
    form: Literal["big", "little", "decimal", "hex"] = "big"
    includes_header: bool = False
    fields: dict[Name, HeaderField] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _word(cls, data: Any) -> Any:
        return {"kind": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _fits(self) -> Framing:
        if self.at + self.width > self.size:
            raise ValueError("the length field ends behind the header: at + width must not be over size")
        taken = [(self.at, self.at + self.width)]
        for name, each in self.fields.items():
            begin, end = each.at, each.at + each.width
            if self.kind != "header" or end > self.size or any(begin < last and first < end for first, last in taken):
                raise ValueError(f"the field {name} is not in the header, or over another one")
            taken.append((begin, end))
        if any(sign.isdecimal() for sign in self.separator):
            raise ValueError("a separator has no digits")
        return self


class WebhookRule(Part):
    """Where the PBX posts its messages, and how it proves who it is.

    Attributes:
        secret: Name of the setting with the shared secret.
        header: Which header holds the secret itself, or the signature.
        signature: An HMAC by the secret over the body, by this digest.
        encoding: Of the signature.
        prefix: Stands before the signature.
    """

    path: str = Field(default="/", pattern=r"^/[A-Za-z0-9/_.~-]*$")
    secret: str
    header: str = Field(pattern=HEADER)
    signature: Literal["sha1", "sha256", "sha512"] | None = None
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""


class HttpRule(Part):
    """Where the PBX takes requests: `base` names the setting with its address, `headers` go with each.

    Attributes:
        every_s: For `transport: poll`, how often the snapshot is asked for.
    """

    base: str
    every_s: Seconds | None = None
    headers: dict[str, str] = Field(default_factory=dict)


class WebSocketRule(Part):
    """Which WebSocket of the PBX the feed is; settings may stand in `path` and `headers`."""

    path: str = "/"
    headers: dict[str, str] = Field(default_factory=dict)
    protocols: tuple[str, ...] = ()


class HttpTemplate(Part):
    """One request; values in `path` and `headers` are escaped for these, those of `body` by the format."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: str = Field(pattern=r"^/[^\s#]*$")
    headers: dict[str, str] = Field(default_factory=dict)
    body: Template | None = None
