"""Messages of a session as facts of the adapter."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable
from typing import Final

from ringline_core.errors import PbxProtocolError, PbxUnavailableError
from ringline_edge.adapters.mapping.expressions import Getter
from ringline_edge.adapters.mapping.talk import Heartbeat
from ringline_edge.adapters.mapping.translate import Heard, Translator
from ringline_edge.adapters.mapping.values import text
from ringline_edge.adapters.port import Emit

logger = logging.getLogger(__name__)
LOUD: Final = 3
"""So many messages that cannot be read are logged in a session; the rest are only counted."""

LONGEST_NUMBER: Final = 18
LONGEST_KEY: Final = 200
MOST_SEEN: Final = 10_000
"""So many messages are known to have come, by what tells them apart."""


class Listener:
    """What one session hears.

    Attributes:
        is_live: The PBX has told all, and facts are emitted.
        heard_at: When the last sign of life came, by the monotonic clock.
    """

    def __init__(
        self, translator: Translator, emit: Emit, sequence: Getter | None = None, once: Getter | None = None
    ) -> None:
        """Nothing is emitted yet.

        Args:
            translator: Makes facts of messages.
            emit: Takes them.
            sequence: Finds a message's number, where the PBX counts them.
            once: Finds what is the same for messages that are one and the same.
        """
        self.is_live = False
        self.heard_at = time.monotonic()
        self._translator, self._emit = translator, emit
        self._unread = 0
        self._sequence = sequence
        self._number: int | None = None
        self._once = once
        self._seen: dict[str, None] = {}

    def take(self, message: str) -> Heard | None:
        """Take a message; None for one that cannot be read.

        Raises:
            PbxProtocolError: What it tells is more than a PBX has, or a message before it is missing.
        """
        try:
            heard = self._translator.hear(message, now_ms())
        except PbxProtocolError:
            self._unread += 1
            if self._unread <= LOUD:
                logger.warning("pbx_event_skipped", extra={"unread": self._unread})
            return None
        is_old = self._comes_again(heard) or self._was_seen(heard)
        # What a list tells again is there still; passed over, it would be over.
        if is_old and not self._translator.is_listing:
            return heard
        for fact in self._translator.facts(heard):
            if self.is_live:
                self._emit(fact)
        return heard

    def _comes_again(self, heard: Heard) -> bool:
        said = "" if self._sequence is None else text(self._sequence(heard.scope))
        if not said.isdecimal() or len(said) > LONGEST_NUMBER:
            return False
        number = int(said)
        last, self._number = self._number, number
        if last is not None and number not in (last, last + 1):
            raise PbxProtocolError(f"messages of the PBX are missing between {last} and {number}")
        return number == last

    def _was_seen(self, heard: Heard) -> bool:
        key = "" if self._once is None else text(self._once(heard.scope))
        if not key:
            return False
        if len(key) > LONGEST_KEY:
            key = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        if key in self._seen:
            return True
        if len(self._seen) >= MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        self._seen[key] = None
        return False

    async def watch(self, heartbeat: Heartbeat | None, beat: Callable[[], None]) -> None:
        """Give our signs of life by `beat`, and wait for the PBX's.

        Raises:
            PbxUnavailableError: The PBX is silent.
        """
        if heartbeat is None:
            return
        while time.monotonic() - self.heard_at < heartbeat.silence_s:
            await asyncio.sleep(heartbeat.every_s)
            if self.is_live:
                beat()
        raise PbxUnavailableError("the PBX is silent")

    def list_ends(self) -> None:
        """All that is there was told: what was not is over, and that is told where all was known before."""
        for fact in self._translator.end_list(now_ms()):
            if self.is_live:
                self._emit(fact)

    def begin(self) -> None:
        """All is known: tell it, and from now on everything that is heard."""
        self.is_live = True
        self._emit(self._translator.picture(now_ms()))


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
