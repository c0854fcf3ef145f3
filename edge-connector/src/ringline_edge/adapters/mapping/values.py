"""Parts of a profile that say where a value comes from, and when a rule holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

Scalar = str | int | bool | None
SOURCES: Final = ("get", "header", "memory", "const", "setting", "now", "coalesce", "template")
STEPS: Final = ("do", "regex", "split", "map", "date", "template", "otherwise", "inside")
Format = Literal["fields", "json", "xml", "form", "plain"]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Template = str | dict[str, Any]
"""Of a message to the PBX: text for XML and plain text, else header by header or key by key; `{name}` is a value."""

TESTS: Final = ("equals", "one_of", "regex", "exists")


class Part(BaseModel):
    """Any part of a profile; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Part):
    """One step of a pipeline, exactly one of its kinds; a word alone is `do`.

    Attributes:
        do: A step without arguments; `hex` is hexadecimal to a number, `hex_text` hexadecimal bytes to text, `base64`
            and `url` take such an encoding off, `entities` reads `&lt;` and the like, `seconds` and `milliseconds` are
            a number since the epoch, of either unit, to our milliseconds.
        regex: Matched from the beginning; group 1, or all where there is no group; no match is no value.
        split: Separator; `part` says which piece, from 0, negative from the end.
        map: Table by text; what is not in it becomes `default`.
        date: A format of `strptime`, or `iso`; a time without zone is in `zone`.
        template: `{}` stands for the value.
        otherwise: Used where there is no value.
        inside: The value is a document of that format itself; `get` is a path in it.
    """

    do: (
        Literal[
            "trim", "lower", "upper", "int", "hex", "hex_text", "base64", "url", "entities", "seconds", "milliseconds"
        ]
        | None
    ) = None  # fmt: skip
    regex: str | None = None
    split: str | None = Field(default=None, min_length=1)
    part: int = 0
    map: dict[str, Scalar] | None = None
    default: Scalar = None
    date: str | None = None
    zone: str = "UTC"
    template: str | None = None
    otherwise: Scalar = None
    inside: Format | None = None
    get: str | None = Field(default=None, max_length=200)

    @model_validator(mode="before")
    @classmethod
    def _word(cls, data: Any) -> Any:
        return {"do": data} if isinstance(data, str) else data

    @field_validator("map", mode="before")
    @classmethod
    def _keys(cls, data: Any) -> Any:
        return {text(key): value for key, value in data.items()} if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _one(self) -> Step:
        _exactly_one(self, STEPS, "step")
        if (self.inside is None) != (self.get is None):
            raise ValueError("inside and get belong together")
        return self


class Value(Part):
    """Where a value comes from, and the steps that it goes through.

    Written short: text is a path (`get`), text behind `=` is a constant, a number or truth value is itself.

    Attributes:
        get: A header's name, a JSON path, an XPath, or a place in plain text, by the profile's format.
        header: A named field of the header before the message.
        memory: What is remembered of a leg from before this message, by name.
        of: Key of the leg whose memory is meant; the rule's own leg without it.
        setting: Name in the edge's `[pbx.mapping.settings]`.
        now: The time of arrival, in milliseconds.
        coalesce: The first of these that has a value.
        template: Text with `{name}` for values of `parts`.
    """

    get: str | None = Field(default=None, max_length=200)
    header: str | None = None
    memory: str | None = None
    of: Value | None = None
    const: Scalar = None
    setting: str | None = None
    now: Literal[True] | None = None
    coalesce: tuple[Value, ...] | None = None
    template: str | None = Field(default=None, max_length=1000)
    parts: dict[str, Value] = Field(default_factory=dict)
    steps: tuple[Step, ...] = Field(default=(), max_length=16)

    @field_validator("get", mode="before")
    @classmethod
    def _column(cls, data: Any) -> Any:
        return str(data) if isinstance(data, int) and not isinstance(data, bool) else data

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"const": data[1:]} if data.startswith("=") else {"get": data}
        return {"const": data} if isinstance(data, int) else data

    @model_validator(mode="after")
    def _one(self) -> Value:
        self._check()
        return self

    def _check(self) -> None:
        _exactly_one(self, SOURCES, "source")


class Condition(Value):
    """A source with one test, or other conditions put together; a list of conditions means all of them."""

    equals: Scalar = None
    one_of: tuple[Scalar, ...] | None = None
    regex: str | None = None
    exists: bool | None = None
    any: tuple[Condition, ...] | None = None
    negate: Condition | None = Field(default=None, alias="not")

    @property
    def words(self) -> frozenset[str]:
        """What `equals` or `one_of` allow, as text."""
        return frozenset(map(text, self.one_of if self.one_of is not None else (self.equals,)))

    def _check(self) -> None:
        if self.any is not None or self.negate is not None:
            _exactly_one(self, (*SOURCES, "any", "negate"), "source")
        else:
            _exactly_one(self, SOURCES, "source")
            _exactly_one(self, TESTS, "test")


def _exactly_one(part: Part, names: tuple[str, ...], what: str) -> None:
    given = [name for name in names if name in part.model_fields_set]
    if len(given) != 1:
        raise ValueError(f"needs exactly one {what} of {', '.join(names)}; has {', '.join(given) or 'none'}")


def listed(data: Any) -> Any:
    """One thing where a list may stand, as a list."""
    return data if isinstance(data, list | tuple) or data is None else [data]


Conditions = Annotated[tuple[Condition, ...], BeforeValidator(listed)]
Names = Annotated[tuple[str, ...], BeforeValidator(listed)]


def _paths(data: Any) -> Any:
    """One path where a list may stand; a column is written as a number."""
    given = listed(data)
    if not isinstance(given, list | tuple):
        return given
    return [str(each) if isinstance(each, int) and not isinstance(each, bool) else each for each in given]


Paths = Annotated[tuple[Annotated[str, Field(max_length=200)], ...], BeforeValidator(_paths)]


def text(value: Scalar) -> str:
    """A value as text; truth values as YAML and JSON write them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
