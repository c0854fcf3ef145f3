"""Asterisk, over its Manager Interface (AMI)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.asterisk.adapter import AsteriskAdapter
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.replay import facts
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.adapters.tap import Tap


def create(settings: dict[str, Any], tap: Tap | None = None) -> PbxAdapter:
    """The adapter for `[pbx.asterisk]`.

    Raises:
        pydantic.ValidationError: A setting is wrong.
    """
    return AsteriskAdapter(AsteriskConfig.model_validate(settings), tap)


def replay(data: bytes, site: str, settings: Mapping[str, Any]) -> Iterator[Fact]:
    """The facts in recorded AMI bytes; `site` is not needed, ids of this PBX carry none.

    Raises:
        pydantic.ValidationError: A setting is wrong.
        PbxProtocolError: The recording is none of this protocol.
    """
    del site
    return facts(data, AsteriskConfig.model_validate({"username": "recorded", "secret": "", **settings}))
