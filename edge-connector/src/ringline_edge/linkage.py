"""What goes along with a call that may end at another site: the key of its interaction."""

from __future__ import annotations

from typing import Final

from ringline_core.domain.linkage import NAME
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand

_FROM_CALL: Final = (Verb.TRANSFER, Verb.CONSULT)


def along(command: EdgeCommand, model: StationModel, now_ms: int) -> EdgeCommand:
    """The command with the key among its data, where it begins a call that belongs to an interaction already.

    It is given whatever the target: which numbers lead to another site, the PBX's dial plan alone knows.
    """
    interaction = _interaction(command, model)
    if interaction is None or model.linkage is None:
        return command
    key = model.linkage.key(interaction, now_ms)
    return command.model_copy(update={"data": {**(command.data or {}), NAME: key}})


def _interaction(command: EdgeCommand, model: StationModel) -> str | None:
    if command.verb is Verb.PLACE:
        return command.interaction
    if command.verb in _FROM_CALL and command.call is not None:
        return model.interaction(command.station, command.call)
    return None
