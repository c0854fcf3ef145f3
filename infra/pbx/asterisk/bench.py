"""The whole bench: one Asterisk, a phone per station, the outside world, and the link that an edge uses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.pbx.asterisk.ami import AmiError
from infra.pbx.asterisk.bed import Bed
from infra.pbx.asterisk.config import EDGE_USER, NOTIFY_USER, STATIONS, Options
from infra.pbx.asterisk.errors import StartError
from infra.pbx.asterisk.fetch import asterisk
from infra.pbx.asterisk.outside import Caller, OutsideWorld
from infra.pbx.asterisk.relay import LinkRelay
from infra.pbx.asterisk.sip.caller import Account
from infra.pbx.asterisk.sip.dialog import ESTABLISHED, CallState
from infra.pbx.asterisk.sip.digest import Credentials
from infra.pbx.asterisk.sip.phone import NotRegisteredError, Phone
from infra.pbx.asterisk.view import PbxView, waiting_state

HANG_UP_LIMIT_S: Final = 1.0
CONNECT_LIMIT_S: Final = 1.0
SERVICE_LIMIT_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Bench:
    """What stands when everything has started.

    Attributes:
        bed: The Asterisk.
        phones: A phone for each station, by station.
        outside: Callers and destinations beyond the trunk.
        relay: The link to the edge.
        view: The PBX's own word on queues and channels.
    """

    bed: Bed
    phones: Mapping[str, Phone]
    outside: OutsideWorld
    relay: LinkRelay
    view: PbxView

    def edge_login(self, user: str) -> dict[str, str | int]:
        """Where and as whom an edge reaches AMI: through the relay, as `bridge` or `bridge-notify`."""
        secret = {EDGE_USER: self.bed.secrets.bridge, NOTIFY_USER: self.bed.secrets.notify}[user]
        return {"host": "127.0.0.1", "port": self.relay.port, "username": user, "secret": secret}

    async def plug_all(self) -> None:
        """Register every phone that is not.

        Raises:
            StartError: The PBX does not take one.
        """
        try:
            await asyncio.gather(*(phone.plug() for phone in self.phones.values()))
        except NotRegisteredError as err:
            raise StartError(f"a phone could not register: {err}") from err

    async def restart(self) -> None:
        """Restart the PBX in the middle of whatever goes on; phones that had power are in service again afterwards.

        Raises:
            StartError: It did not come up again.
        """
        await self.view.close()
        await self.bed.restart()
        await self.view.open()
        self.outside.forget_calls()
        for phone in self.phones.values():
            phone.forget_calls()
        await asyncio.gather(*(phone.register() for phone in self.phones.values() if phone.plugged))
        await self._seen(self._phones_are_in_service, SERVICE_LIMIT_S)

    async def caller_state(self, caller: Caller) -> str:
        """How a caller stands: dialing, queued, ringing, talking, held or ended."""
        call = caller.call
        if call.state is CallState.DIALING:
            return "ringing" if call.ringback else "dialing"
        if not call.live:
            return "ended"
        try:
            channels = await self.view.channels()
        except AmiError:  # the PBX restarts: what the caller's own phone shows is all there is
            return "talking"
        mine = next((channel for channel in channels if channel.caller == caller.caller), None)
        return waiting_state(mine, channels, self.view.holding) if mine and call.live else "ended"

    async def connected(self, station: str) -> None:
        """Wait until the PBX, too, has a phone's calls connected: just after an answer it refuses transfers.

        Gives up without a word after a second: the button then does what the PBX lets it do.
        """
        await self._seen(lambda: self._is_connected(station), CONNECT_LIMIT_S)

    async def _is_connected(self, station: str) -> bool:
        calls = sum(call.state in ESTABLISHED for call in self.phones[station].agent.live_calls)
        legs = [c for c in await self.view.channels() if c.bridge and c.name.startswith(f"PJSIP/{station}-")]
        return len(legs) >= calls

    async def _phones_are_in_service(self) -> bool:
        return not await self.view.out_of_service() & {name for name, phone in self.phones.items() if phone.plugged}

    async def _seen(self, check: Callable[[], Awaitable[bool]], limit_s: float) -> None:
        with contextlib.suppress(TimeoutError, AmiError):
            async with asyncio.timeout(limit_s):
                self.view.moved.clear()
                while not await check():
                    await self.view.moved.wait()
                    self.view.moved.clear()

    async def quiet(self) -> None:
        """Bring everything back to the state after a start: no calls, nobody logged on, every phone plugged.

        Raises:
            AmiError: The PBX is down.
        """
        await self.hush()
        await self.plug_all()
        await self.view.end_all()
        await self.view.log_everybody_off()

    async def hush(self) -> None:
        """Let everybody hang up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HANG_UP_LIMIT_S):
                await self.outside.hang_up_all()
                await asyncio.gather(*(phone.hang_up_all() for phone in self.phones.values()), return_exceptions=True)


@contextlib.asynccontextmanager
async def running(
    state: Path,
    *,
    base: int | None = None,
    options: Options | None = None,
    stations: tuple[str, ...] = STATIONS,
) -> AsyncIterator[Bench]:
    """A bench that is up, with every phone registered; everything is ended on the way out.

    Args:
        state: Folder of this instance.
        base: SIP port, the others follow from it; None looks for free ones.
        options: What is wanted otherwise.
        stations: Stations that have a phone.

    Raises:
        BenchError: Asterisk cannot be had, or did not come up.
    """
    program = await asyncio.to_thread(asterisk)
    bed = Bed(program, state, base=base, options=options)
    async with contextlib.AsyncExitStack() as ends:
        ends.push_async_callback(bed.close)
        await bed.start()
        server = ("127.0.0.1", bed.ports.sip)
        phones = {
            station: Phone(Account(Credentials(station, bed.secrets.phones), server, f"Agent {station}"))
            for station in stations
        }
        bench = Bench(
            bed,
            phones,
            OutsideWorld(server),
            LinkRelay(bed.ports.link, bed.ports.ami),
            PbxView(bed.ports.ami, bed.secrets.bench),
        )
        ends.push_async_callback(_leave, bench)
        await bench.outside.open(bed.ports.trunk)
        await bench.relay.open()
        await bench.view.open()
        await bench.plug_all()
        yield bench


async def _leave(bench: Bench) -> None:
    await bench.hush()
    await bench.relay.close()
    await bench.view.close()
    bench.outside.close()
    for phone in bench.phones.values():
        phone.unplug()
