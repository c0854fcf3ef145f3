"""FreeSWITCH, over its event socket (mod_event_socket)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.freeswitch.adapter import FreeswitchAdapter
from ringline_edge.adapters.freeswitch.channels import Naming
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import EslProtocol
from ringline_edge.adapters.freeswitch.translate import Translator
from ringline_edge.adapters.port import PbxAdapter


def create(settings: dict[str, Any]) -> PbxAdapter:
    """The adapter for `[pbx.freeswitch]`.

    Raises:
        pydantic.ValidationError: A setting is wrong.
    """
    return FreeswitchAdapter(FreeswitchConfig.model_validate(settings))


def replay(data: bytes, site: str) -> Iterator[Fact]:
    """The facts in recorded bytes, with the default naming; `site` is not needed, ids of this PBX carry none.

    Raises:
        PbxProtocolError: The recording is none of this protocol.
    """
    translator = Translator(Naming(FreeswitchConfig.model_validate({"password": "recorded"})))
    for frame in EslProtocol().receive_data(data):
        if frame.is_event:
            yield from translator.translate(frame.headers, 0)
