"""Adapter for the simulated PBX of the local stack; the smallest complete example of the port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.adapters.simulator.adapter import SimulatorAdapter
from ringline_edge.adapters.simulator.config import SimulatorConfig
from ringline_edge.adapters.simulator.protocol import LineProtocol
from ringline_edge.adapters.simulator.translate import translate
from ringline_edge.adapters.tap import Tap


def create(settings: dict[str, Any], tap: Tap | None = None) -> PbxAdapter:
    """An adapter by the `[pbx.simulator]` table.

    Raises:
        pydantic.ValidationError: A setting is missing, unknown or out of range.
    """
    return SimulatorAdapter(SimulatorConfig.model_validate(settings), tap)


def replay(data: bytes, site: str, settings: Mapping[str, Any]) -> Iterator[Fact]:
    """Facts in recorded bytes of the link; neither `site` nor `settings` are needed.

    Raises:
        PbxProtocolError: The recording is none of this protocol.
    """
    del site, settings
    facts = (translate(message) for message in LineProtocol().receive_data(data))
    return (fact for fact in facts if fact is not None)
