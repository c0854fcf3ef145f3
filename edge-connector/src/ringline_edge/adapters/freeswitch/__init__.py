"""FreeSWITCH, over its event socket (mod_event_socket)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.freeswitch.adapter import FreeswitchAdapter
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.replay import facts
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.adapters.tap import Tap


def create(settings: dict[str, Any], tap: Tap | None = None) -> PbxAdapter:
    """The adapter for `[pbx.freeswitch]`.

    Raises:
        pydantic.ValidationError: A setting is wrong.
    """
    return FreeswitchAdapter(FreeswitchConfig.model_validate(settings), tap)


def replay(data: bytes, site: str, settings: Mapping[str, Any]) -> Iterator[Fact]:
    """The facts in recorded bytes; `site` is not needed, ids of this PBX carry none.

    Raises:
        pydantic.ValidationError: A setting is wrong.
        PbxProtocolError: The recording is none of this protocol.
    """
    del site
    return facts(data, FreeswitchConfig.model_validate({"password": "recorded", **settings}))
