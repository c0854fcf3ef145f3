"""Which redaction is for which kind of PBX, and what of the configuration tells whose a number is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ringline_core.errors import ConfigError
from ringline_edge.config import Config
from ringline_edge.recording.ami import AmiRedaction
from ringline_edge.recording.csta import CstaRedaction
from ringline_edge.recording.esl import EslRedaction
from ringline_edge.recording.feed import FeedRedaction
from ringline_edge.recording.pseudonyms import SHORT, Pseudonyms
from ringline_edge.recording.redaction import Redaction
from ringline_edge.recording.simulated import SimulatedRedaction

REDACTIONS: Final[Mapping[str, Callable[[Mapping[str, Any], Pseudonyms], Redaction]]] = {
    "asterisk": AmiRedaction,
    "csta": CstaRedaction,
    "freeswitch": EslRedaction,
    "mapping": FeedRedaction,
    "simulator": SimulatedRedaction,
}
_OWN: Final = ("stations", "queues", "monitor_queues", "recorders")


def redaction(config: Config, *, keep_numbers: bool = False) -> Redaction:
    """The redaction for the PBX of `config`, with pseudonyms of its own.

    Raises:
        ConfigError: A kind that cannot be recorded.
    """
    kind, settings = config.pbx.kind, config.pbx.settings
    if kind not in REDACTIONS:
        raise ConfigError(f"pbx.kind: {kind!r} cannot be recorded yet")
    own = {str(each) for key in _OWN for each in settings.get(key, ())}
    # The default of the table is made for finding outside numbers; here a number is somebody's until the site says so.
    short = config.numbers.longest_extension if "longest_extension" in config.numbers.model_fields_set else SHORT
    internal = re.compile(settings["internal"]).fullmatch if "internal" in settings else lambda _: None
    names = Pseudonyms(own, short=short, is_own=internal, keep_numbers=keep_numbers)
    return REDACTIONS[kind](settings, names)
