"""An application session (ECMA-354) over a link, and the monitors in it; taken up again when the link was lost."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.link import Link
from ringline_edge.adapters.csta.requests import Requests
from ringline_edge.adapters.csta.translate import Translator, monitor_of
from ringline_edge.adapters.csta.xml import Element, find, local, text

logger = logging.getLogger(__name__)
T = TypeVar("T")
AT_ONCE: Final = 16
"""Requests that may be on their way together while a session is set up."""

_CREDENTIALS: Final = frozenset({"invalidApplicationInfo"})
_HOPELESS: Final = re.compile(r"security|subscribedResource|operation/(?:invalid|privilege)")
"""Refusals that another try does not change; a switch that is away is refused in other words."""

_BUSY: Final = frozenset({"serverResourcesBusy", "maxNumberSessions"})


@dataclass(slots=True)
class Kept:
    """What outlives a link, so that the next one can take the session up again.

    Attributes:
        session: Its id; empty for none.
        lost_at_ms: When its link ended.
        devices: The switch's device ids by number.
    """

    session: str = ""
    version: str = ""
    lost_at_ms: int = 0
    devices: dict[str, str] = field(default_factory=dict)


class Session:
    """One session of the server."""

    def __init__(self, link: Link, config: CstaConfig, requests: Requests, translator: Translator, kept: Kept) -> None:
        """`kept` is read and written: it belongs to the adapter."""
        self._link, self._config, self._requests = link, config, requests
        self._translator, self._kept = translator, kept
        self._duration_s = float(config.session_duration_s)
        self.refused: dict[str, str] = {}
        """Why devices may not be monitored, by number."""

    async def begin(self, now_ms: int) -> None:
        """Open the session, or take up the one that was lost, then monitor what is not monitored yet.

        Raises:
            PbxAuthError: Wrong credentials, or no station may be monitored.
            PbxUnavailableError: The server has no room, does not answer, or the link ended.
            PbxProtocolError: The server knows none of the versions.
        """
        if not (self._config.has_session and await self._take_up(now_ms)):
            self._translator.monitors.clear()
            self._kept.devices.clear()
        if not self._config.has_session:
            await self._try(self._link.ask(self._requests.register_status()))
        await self._find_devices()
        await self._monitor()

    async def _take_up(self, now_ms: int) -> bool:
        """Whether the monitors of the session before live on.

        That AES keeps them for a session that is asked for by its id is one client's word [K]; that a new session may
        take them over without a session-level monitor of its own is a guess.
        """
        old = self._kept.session
        recent = bool(old) and now_ms - self._kept.lost_at_ms <= self._config.cleanup_delay_s * 1000
        if not recent or self._config.dialect != "dmcc":
            await self._start("")
            return False
        try:
            await self._start(old)
        except (PbxAuthError, PbxUnavailableError, PbxProtocolError) as err:
            logger.info("pbx_session_refused", extra={"reason": str(err)})
            await self._start("")
            moved = self._link.ask(self._requests.transfer_monitors(old, self._kept.session))
            return await self._try(moved) is not None
        return self._kept.session == old

    async def _start(self, old: str) -> None:
        config, login = self._config, ""
        password = config.password.get_secret_value()
        if config.dialect == "dmcc":
            login = self._requests.avaya_login(config.username, password, config.cleanup_delay_s, old)
        elif config.variant == "openscape_business":
            login = self._requests.plain_login(config.username, password)
        body = self._requests.start_session(config.application_id, login, config.versions, config.session_duration_s)
        answer = await self._link.ask_any(body)
        if local(answer) != "StartApplicationSessionPosResponse":
            raise _refused(answer)
        self._kept.session = text(find(answer, "sessionID"))
        self._kept.version = text(find(answer, "actualProtocolVersion"))
        granted = text(find(answer, "actualSessionDuration"))
        self._duration_s = float(granted) if granted.isdecimal() and int(granted) else float(config.session_duration_s)

    async def _find_devices(self) -> None:
        numbers = [*self._config.stations, *self._config.monitor_queues]
        unknown = [each for each in numbers if each not in self._kept.devices]
        if self._config.dialect == "dmcc":
            await together(self._find_device(number) for number in unknown)
        else:
            self._kept.devices.update({number: number for number in unknown})

    async def _find_device(self, number: str) -> None:
        body = self._requests.third_party_device(self._config.switch_name, number)
        answer = await self._try(self._link.ask(body))
        device = "" if answer is None else text(find(answer, "device"))
        # Made by hand it works as well [K]; what is wrong with it the monitor will say.
        self._kept.devices[number] = device or self._translator.naming.device(number)

    async def _monitor(self) -> None:
        monitored = set(self._translator.monitors.values())
        await together(self.monitor(number) for number in list(self._kept.devices) if number not in monitored)
        if set(self._translator.monitors.values()) & set(self._config.stations):
            return
        reasons = sorted(set(self.refused.values()))
        text = f"none of the stations may be monitored: {', '.join(reasons)}"
        if all(_HOPELESS.search(reason) for reason in reasons):
            raise PbxAuthError(text)
        raise PbxUnavailableError(text)

    async def monitor(self, number: str) -> bool:
        """Monitor a device; whether the PBX lets us. What it answers is logged when it is another answer than before.

        Raises:
            PbxUnavailableError: No answer in time, or the link ended.
        """
        try:
            answer = await self._link.ask(self._requests.monitor(self._kept.devices[number]))
        except CommandError as err:
            if self.refused.get(number) != err.text:
                logger.warning("pbx_station_refused", extra={"station": number, "reason": err.text})
            self.refused[number] = err.text
            return False
        self.refused.pop(number, None)
        self._translator.monitors[monitor_of(answer)] = number
        return True

    async def _try(self, asking: Awaitable[Element]) -> Element | None:
        """The answer; None where the PBX refused, which is no harm here."""
        try:
            return await asking
        except CommandError as err:
            logger.info("pbx_request_refused", extra={"reason": err.text})
            return None

    async def keep_alive(self) -> None:
        """Renew the session at half of the time that was granted; other traffic does not count [G].

        Raises:
            PbxUnavailableError: The server does not answer, or has ended the session.
        """
        while True:
            if not self._config.has_session:
                await asyncio.sleep(self._config.heartbeat_s)
                await self._try(self._link.ask(self._requests.request_status()))
                continue
            await asyncio.sleep(self._duration_s / 2)
            body = self._requests.reset_timer(self._kept.session, self._config.session_duration_s)
            answer = await self._link.ask_any(body)
            granted = text(find(answer, "actualSessionDuration"))
            if local(answer) != "ResetApplicationSessionTimerPosResponse":
                self._kept.session = ""
                raise PbxUnavailableError("the PBX does not prolong the session")
            if granted.isdecimal() and int(granted):
                self._duration_s = float(granted)

    def stop(self) -> None:
        """Say goodbye; nobody waits for the answer."""
        if self._config.has_session and self._kept.session:
            self._link.say(self._requests.stop_session(self._kept.session))
            self._kept.session = ""


def _refused(answer: Element) -> PbxAuthError | PbxUnavailableError | PbxProtocolError:
    code = find(answer, "errorCode")
    said = text(find(code, "definedError")) or text(find(code, "applError")) or local(answer)
    if said in _CREDENTIALS:
        return PbxAuthError(f"the PBX refuses the user or the password: {said}")
    if said in _BUSY:
        return PbxUnavailableError(f"the PBX has no room for another session: {said}")
    if said == "requestedProtocolVersionNotSupported":
        return PbxProtocolError("the PBX knows none of the protocol versions that were offered; see protocol_versions")
    return PbxUnavailableError(f"the PBX refuses the session: {said[:80]}")


async def together(work: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of all, a few at a time; the first failure ends it."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(each: Coroutine[Any, Any, T]) -> T:
        async with room:
            return await each

    tasks = [asyncio.ensure_future(one(each)) for each in work]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
