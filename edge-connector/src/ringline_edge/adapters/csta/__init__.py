"""CSTA III in XML (ECMA-323): Avaya AES by DMCC, and servers that speak it plainly behind the 8-byte header."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.csta.adapter import CstaAdapter
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.replay import facts
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.adapters.tap import Tap


def create(settings: dict[str, Any], tap: Tap | None = None) -> PbxAdapter:
    """The adapter for `[pbx.csta]`.

    Raises:
        pydantic.ValidationError: A setting is wrong.
    """
    return CstaAdapter(CstaConfig.model_validate(settings), tap)


def replay(data: bytes, site: str, settings: Mapping[str, Any]) -> Iterator[Fact]:
    """The facts in recorded frames of both directions; `site` is not needed, ids of this PBX carry none.

    Raises:
        pydantic.ValidationError: A setting is wrong.
        PbxProtocolError: The recording is none of this protocol.
    """
    del site
    return facts(data, settings)
