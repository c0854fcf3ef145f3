"""Bringing about what the gates want: per station one hold or none, asked of the PBX until it is so.

Nothing is tried again by itself: what the PBX refused is asked again when something changes or the PBX is found anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from ringline_core.domain.holds import HoldKind
from ringline_core.errors import CommandError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.port import PbxAdapter

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a station is to be kept by; `kind` None: by nothing."""

    kind: HoldKind | None
    in_call: bool = False


_FREE = Wish(None)


class Holding:
    """The holds of all stations.

    Attributes:
        on_kept: Called with a station whose hold has changed at the PBX.
        impossible: Why a station cannot be kept from calls, by station.
    """

    def __init__(self, adapter: PbxAdapter) -> None:
        """Nobody is held."""
        self.on_kept: Callable[[str], None] = lambda _station: None
        self.impossible: dict[str, str] = {}
        self._adapter = adapter
        self._wanted: dict[str, Wish] = {}
        self._kept: dict[str, Wish] = {}
        self._stale: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def kept(self, station: str) -> HoldKind | None:
        """The hold that the PBX keeps now, as far as it answered."""
        return self._kept.get(station, _FREE).kind

    @property
    def stations(self) -> tuple[str, ...]:
        """Stations with a hold, or with one on its way."""
        known = {*self._kept, *self._wanted}
        return tuple(sorted(each for each in known if self._wanted.get(each, _FREE).kind or self.kept(each)))

    def want(self, station: str, wish: Wish) -> None:
        """From now on the station is to be kept so."""
        self._wanted[station] = wish
        if self._is_to_do(station) and station not in self._tasks:
            task = asyncio.get_running_loop().create_task(self._bring_about(station))
            self._tasks[station] = task
            task.add_done_callback(partial(self._done, station))

    def _done(self, station: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(station) is task:
            del self._tasks[station]

    def undone(self, station: str) -> None:
        """Somebody else may have taken the hold away: it is asked for anew, and shown meanwhile."""
        if self._wanted.get(station, _FREE).kind:
            self._stale.add(station)
            self.want(station, self._wanted[station])

    def align(self) -> None:
        """What the PBX keeps for us is not known any more: lift what nobody wants, ask anew for what somebody does."""
        self.impossible.clear()
        for station in {*self._adapter.held, *self._wanted}:
            self._stale.add(station)
            self.want(station, self._wanted.get(station, _FREE))

    def forget(self) -> None:
        """Somebody else acts at the PBX from now on: nothing is wanted here, and what is kept there is not known."""
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()
        self._wanted = dict.fromkeys(self._wanted, _FREE)
        self._kept.clear()
        self._stale.clear()

    async def settled(self) -> None:
        """Returns once nothing is on its way."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _bring_about(self, station: str) -> None:
        while self._is_to_do(station):
            wish = self._wanted[station]
            self._stale.discard(station)
            if not await self._ask(station, wish):
                return
            self._kept[station] = wish
            self.on_kept(station)

    def _is_to_do(self, station: str) -> bool:
        return station in self._stale or self._wanted[station] != self._kept.get(station, _FREE)

    async def _ask(self, station: str, wish: Wish) -> bool:
        try:
            if wish.kind is None:
                await self._adapter.unhold(station)
            else:
                await self._adapter.hold(station, wish.kind.reason, in_call=wish.in_call)
        except (CommandError, PbxUnavailableError) as err:
            self._refused(station, err)
            return False
        self.impossible.pop(station, None)
        return True

    def _refused(self, station: str, err: CommandError | PbxUnavailableError) -> None:
        if isinstance(err, CommandError) and err.error_code is ErrorCode.UNSUPPORTED:
            if self.impossible.get(station) != err.text:
                logger.warning("hold_impossible", extra={"station": station, "reason": err.text})
            self.impossible[station] = err.text
            self.on_kept(station)
        else:
            logger.warning("hold_refused", extra={"station": station, "reason": str(err)})
