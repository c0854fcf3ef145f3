"""One JSON Schema (2020-12) per direction, made from the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from ringline_core.wire.codes import PROTOCOL_VERSION
from ringline_core.wire.command import Arguments
from ringline_core.wire.edge import FromEdge, ToEdge
from ringline_core.wire.page import FromPage, ToPage
from ringline_core.wire.policy import Policy, QueuePolicy

Schema = dict[str, Any]
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
LEFT_OUT: Final[dict[str, frozenset[str]]] = {
    "Ack": frozenset({"epoch", "rejected", "code"}),
    "Bye": frozenset({"retry_after_ms"}),
    "EdgeCommand": frozenset({*Arguments.model_fields, "login", "queues", "name", "by"}),
    "EdgeWelcome": frozenset({"frame", "linkage_secret"}),
    "EdgeBeatReply": frozenset({"free_in_ms"}),
    "ErrorFrame": frozenset({"current"}),
    "HandoverFrom": frozenset({"site"}),
    "Policy": frozenset(Policy.model_fields),
    "QueuePolicy": frozenset(QueuePolicy.model_fields),
    "Result": frozenset({"already", "error"}),
    "StationFrame": frozenset({"seen_at", "sent_at"}),
    "WorkItem": frozenset({"id"}),
}
"""What the cloud may leave out; every other field is in every frame that it sends, as null where there is nothing."""


@dataclass(frozen=True)
class Direction:
    """One way that frames go.

    Attributes:
        name: File name without its ending, and the name of the generated table.
        adapter: All messages of this way.
        mode: `validation` for what the cloud reads, `serialization` for what it writes.
        title: What the schema is of.
    """

    name: str
    adapter: TypeAdapter[Any]
    mode: Literal["validation", "serialization"]
    title: str

    @property
    def is_closed(self) -> bool:
        """Whether unknown fields are refused: the cloud refuses them, pages and edges ignore them."""
        return self.mode == "validation"


DIRECTIONS: Final = (
    Direction("from_page", TypeAdapter(FromPage), "validation", "Frames of a page to the cloud"),
    Direction("to_page", TypeAdapter(ToPage), "serialization", "Frames of the cloud to a page"),
    Direction("from_edge", TypeAdapter(FromEdge), "validation", "Frames of an edge to the cloud"),
    Direction("to_edge", TypeAdapter(ToEdge), "serialization", "Frames of the cloud to an edge"),
)


class _WithoutTitles(GenerateJsonSchema):
    """Leaves out the titles that would only say a field's name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema_of(direction: Direction) -> Schema:
    """The schema of every frame that goes this way."""
    made = direction.adapter.json_schema(mode=direction.mode, schema_generator=_WithoutTitles)
    for name, model in models_of(made).items():
        _recognise(model)
        if direction.is_closed:
            model["additionalProperties"] = False
        else:
            model["required"] = [each for each in model["properties"] if each not in LEFT_OUT.get(name, ())]
    head = {"$schema": DIALECT, "$id": f"{direction.name}.json", "title": f"{direction.title}, v{PROTOCOL_VERSION}"}
    return {**head, **made}


def models_of(schema: Schema) -> dict[str, Schema]:
    """Definitions that are objects with named fields, by name."""
    return {name: each for name, each in schema["$defs"].items() if "properties" in each}


def messages_of(schema: Schema) -> dict[str, str]:
    """Name of the definition for each message type, in the order in which the contract lists them."""
    order = [each["$ref"].rpartition("/")[2] for each in schema["oneOf"]]
    mapping = {kind: ref.rpartition("/")[2] for kind, ref in schema["discriminator"]["mapping"].items()}
    return dict(sorted(mapping.items(), key=lambda pair: (order.index(pair[1]), pair[0])))


def _recognise(model: Schema) -> None:
    kind = model["properties"].get("t")
    if kind is not None:
        # The models know their type by themselves; on the wire it is what a frame is recognised by.
        kind.pop("default", None)
        model["required"] = ["t", *(name for name in model.get("required", ()) if name != "t")]
