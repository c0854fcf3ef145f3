"""Asterisk, over its Manager Interface (AMI)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.asterisk.adapter import AsteriskAdapter
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import AmiProtocol
from ringline_edge.adapters.asterisk.translate import Translator
from ringline_edge.adapters.port import PbxAdapter

_STATION = AsteriskConfig.model_fields["station"].default
_FEATURE = AsteriskConfig.model_fields["feature_prefix"].default
_CONSULT = AsteriskConfig.model_fields["consult_context"].default


def create(settings: dict[str, Any]) -> PbxAdapter:
    """The adapter for `[pbx.asterisk]`.

    Raises:
        pydantic.ValidationError: A setting is wrong.
    """
    return AsteriskAdapter(AsteriskConfig.model_validate(settings))


def replay(data: bytes, site: str) -> Iterator[Fact]:
    """The facts in recorded AMI bytes, with the default naming; `site` is not needed, ids of this PBX carry none.

    Raises:
        PbxProtocolError: The recording is none of this protocol.
    """
    messages = AmiProtocol(banner="recorded").receive_data(data)
    translator = Translator(Naming(_STATION, _FEATURE, consult_context=_CONSULT), tells_requests=True)
    for message in messages:
        yield from translator.translate(message, 0)
