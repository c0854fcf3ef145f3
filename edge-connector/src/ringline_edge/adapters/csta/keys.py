"""Call data travels as a short key in the user data (UUI has 96 bytes, 32 in old releases); the data stays here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PREFIX: Final = "ringline:"
_REMEMBERED: Final = 4096
_KEY: Final = 20

Data = Mapping[str, str | int | float | bool | None]


class DataKeys:
    """Which key stands for which data."""

    def __init__(self) -> None:
        """No keys yet."""
        self._data: dict[str, Data] = {}

    def keep(self, command: str, data: Data) -> str:
        """A key for the data of a command, to be sent as user data."""
        key = PREFIX + command[:_KEY]
        self._data[key] = dict(data)
        if len(self._data) > _REMEMBERED:
            del self._data[next(iter(self._data))]
        return key

    def data(self, said: str) -> Data:
        """What user data means: ours is the data that was given, another's is shown as `uui`."""
        return self._data.get(said) or {"uui": said}
