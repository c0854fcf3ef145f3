"""What goes into the user data of a call: one short key. Where there is none for another site, one of this connector's.

User data (UUI) has room for 96 bytes, 32 in old releases, so the data itself stays here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringline_core.domain.linkage import NAME

PREFIX: Final = "ringline:"
_REMEMBERED: Final = 4096
_KEY: Final = 20

Data = Mapping[str, str | int | float | bool | None]


class DataKeys:
    """Which key stands for which data."""

    def __init__(self, room: int) -> None:
        """No keys yet; user data may be `room` bytes long."""
        self._room = room
        self._data: dict[str, Data] = {}

    def keep(self, command: str, data: Data) -> str:
        """A key for the data of a command, to be sent as user data; empty where there is nothing to send.

        The key to the interaction, which other sites can read, goes before one of our own; it stands for the data, too.
        """
        linkage = str(data.get(NAME) or "")
        own = {name: value for name, value in data.items() if name != NAME}
        if not linkage or len(linkage) > self._room:
            own_key = PREFIX + command[:_KEY]
            linkage = own_key if own and len(own_key) <= self._room else ""
        self._data.pop(linkage, None)  # the same key is given again within its hour
        if linkage and own:
            self._data[linkage] = own
            if len(self._data) > _REMEMBERED:
                del self._data[next(iter(self._data))]
        return linkage

    def data(self, said: str) -> Data:
        """What user data means: ours is the data that was given, another's is shown as `uui`.

        A key of an interaction stays what it is, whoever gave it: the call may have been at another site and be back.
        """
        own = self._data.get(said)
        if own is None:
            return {"uui": said}
        return own if said.startswith(PREFIX) else {**own, NAME: said}
