"""How the switch names devices, and who of them is who."""

from __future__ import annotations

import functools
import re
from typing import Final

from ringline_core.domain.facts import Party
from ringline_core.wire.codes import Presentation
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.xml import Element, local

NOBODY: Final = "?"
"""Number of a party that the switch does not name."""

_DIALABLE: Final = re.compile(r"\+?[0-9*#]{1,64}")


@functools.lru_cache(maxsize=4096)
def number_of(device: str) -> str:
    """The number in a device id.

    Avaya: `4750:CM1::0`, up to the first colon [K]. OpenScape: `N<302118840100>;noa=nk` and more behind it [C].
    """
    if device.startswith("N<"):
        return device[2 : device.find(">")] if ">" in device else device[2:]
    return device.partition(":")[0].partition(";")[0].strip()


def subject(element: Element | None) -> tuple[str, Presentation]:
    """Number and presentation in a `callingDevice` and its like: an identifier, `notKnown` or `restricted`."""
    if element is None:
        return "", Presentation.UNKNOWN
    choice = element[0] if len(element) else element  # some servers leave the choice out
    value = choice.text
    number = number_of(value.strip()) if value else ""
    if number:
        return number, Presentation.ALLOWED
    return "", Presentation.RESTRICTED if local(choice) == "restricted" else Presentation.UNKNOWN


class Naming:
    """The site's stations, queues, recorders, and what is outside."""

    def __init__(self, config: CstaConfig) -> None:
        """All from the configuration: CSTA lists nothing."""
        self._stations = frozenset(config.stations)
        self._queues = dict(config.queues)
        self._recorders = frozenset(config.recorders)
        self._internal = functools.lru_cache(maxsize=4096)(re.compile(config.internal).fullmatch)
        self._switch = f":{config.switch_name}:{config.switch_ip}:0" if config.dialect == "dmcc" else ""

    def station(self, number: str) -> str | None:
        """The station of a number; None for everything else."""
        return number if number in self._stations else None

    def queue(self, number: str) -> str | None:
        """The queue of a number."""
        return self._queues.get(number)

    def is_recorder(self, number: str) -> bool:
        """Whether a number only listens."""
        return number in self._recorders

    def is_outside(self, number: str) -> bool:
        """Whether a number is none of the PBX's own."""
        return number not in self._stations and self._internal(number) is None

    def device(self, number: str) -> str:
        """The device id for a number that is to be dialled or monitored; Avaya's can be made by hand [K]."""
        return number + self._switch


@functools.lru_cache(maxsize=4096)
def party(number: str, presentation: Presentation) -> Party:
    """A party as others see it; trunk names and the like are no numbers."""
    shown = number if _DIALABLE.fullmatch(number) else None
    return Party(
        shown, None, presentation if shown or presentation is Presentation.RESTRICTED else Presentation.UNKNOWN
    )
