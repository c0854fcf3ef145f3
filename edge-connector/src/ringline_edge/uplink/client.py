"""The WebSocket shell around the session: opens sockets, feeds texts in, writes texts out, rotates before AWS does.

API Gateway ends every socket after 2 h. So the next one is opened and welcomed before the old one goes; meanwhile the
old one serves on, and acks that are still on their way there are heard to their end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from ringline_core.errors import InvalidMessageError, UplinkRefusedError, UplinkUnavailableError
from ringline_edge.identity import EdgeIdentity, assertion
from ringline_edge.uplink.heard import Farewell, Heard, SentAwayError
from ringline_edge.uplink.session import Session

logger = logging.getLogger(__name__)
OPEN_S = 10.0
HELLO_S = 10.0
CLOSE_S = 0.5
DRAIN_S = 2.0
ROTATE_S = (95 * 60.0, 115 * 60.0)
ROTATE_AGAIN_S = 60.0
TURN_S = 1.0
LARGEST_FRAME = 2**18
TOO_BIG = 1009


@dataclass(eq=False)
class Link:
    """One socket with its reader.

    Attributes:
        welcomed: Set once the cloud answered the hello on it.
        said_hello_s: When that was said, by the clock that only goes forward.
    """

    socket: ClientConnection
    said_hello_s: float
    welcomed: asyncio.Event = field(default_factory=asyncio.Event)
    reader: asyncio.Task[None] = field(init=False)


class Uplink:
    """The edge's way to the cloud, over one socket, or two while they change.

    Attributes:
        hear: Called with what the rest of the edge must know of the cloud's frames.
        on_open: Called when the cloud welcomed us after an absence.
        rotations: How often a socket was changed before its end.
    """

    def __init__(
        self, session: Session, identity: EdgeIdentity, rotate_after_s: tuple[float, float] = ROTATE_S
    ) -> None:
        """Opens nothing yet. A socket is changed after a random time between the two of `rotate_after_s`."""
        self.hear: Callable[[Heard], None] = lambda _heard: None
        self.on_open: Callable[[], None] = lambda: None
        self.rotations = 0
        self._session, self._identity, self._rotate_after_s = session, identity, rotate_after_s
        self._wake, self._heard = asyncio.Event(), asyncio.Event()
        self._link: Link | None = None
        self._links: set[Link] = set()
        self._rotation: asyncio.Task[None] | None = None
        self._rotate_at_s = 0.0

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def heard_until(self, done: Callable[[], bool]) -> None:
        """Wait until `done` is true, asked anew after each frame of the cloud."""
        while not done():
            self._heard.clear()
            await self._heard.wait()

    async def run(self) -> None:
        """Serve one socket after the other until one ends before its time; never retries.

        Raises:
            UplinkUnavailableError: The cloud cannot be reached or the socket ended; worth another try.
            SentAwayError: The cloud said goodbye, and when to come back.
            UplinkRefusedError: The cloud refuses this edge for good.
        """
        self._link = await self._open()
        self._plan_rotation()
        try:
            while True:
                await self._turn(self._link)
        except ConnectionClosed as err:
            raise self._broken(err) from err
        finally:
            await self._close()

    async def release(self) -> None:
        """Give the lead up, so that a standby need not wait for the lease to end."""
        frame = self._session.release()
        if frame and self._link:
            with contextlib.suppress(WebSocketException, TimeoutError):
                await asyncio.wait_for(self._link.socket.send(frame), CLOSE_S)

    async def _turn(self, link: Link) -> None:
        """Send what is due, then wait for a reason to look again."""
        self._wake.clear()
        now_s = time.monotonic()
        self._check(link, now_s)
        for text in self._session.due(now_s, _wall_ms()):
            await link.socket.send(text)
        if self._rotation is None and now_s >= self._rotate_at_s:
            self._rotation = asyncio.create_task(self._rotate(link))
        pause_s = min(self._session.next_due_s() - time.monotonic(), TURN_S)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._wake.wait()

    def _check(self, link: Link, now_s: float) -> None:
        """Whether there is any use in going on with this socket."""
        if link.reader.done():
            link.reader.result()
            raise UplinkUnavailableError("the socket ended")
        if not link.welcomed.is_set() and now_s - link.said_hello_s > HELLO_S:
            raise UplinkUnavailableError("the cloud did not answer hello")
        if self._session.is_deaf(now_s):
            raise UplinkUnavailableError("the cloud answers no more")
        if self._rotation is not None and self._rotation.done():
            rotation, self._rotation = self._rotation, None
            rotation.result()

    async def _rotate(self, old: Link) -> None:
        """Change to a new socket; when that fails the old one serves on, and the change is planned anew."""
        self._rotate_at_s = time.monotonic() + ROTATE_AGAIN_S
        try:
            fresh = await self._open()
        except UplinkUnavailableError as err:
            logger.warning("rotation_failed", extra={"reason": str(err)})
            return
        try:
            async with asyncio.timeout(HELLO_S):
                await fresh.welcomed.wait()
        except TimeoutError:
            logger.warning("rotation_failed", extra={"reason": "the cloud did not answer hello"})
            await self._end(fresh)
            return
        self._link = fresh
        self.rotations += 1
        self._plan_rotation()
        self.wake()
        await self._drain(old)

    async def _drain(self, old: Link) -> None:
        """Let the acks of what went over the old socket come; what they leave open is sent again on the new one."""
        on_its_way = self._session.in_flight()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self.heard_until(lambda: not (on_its_way & self._session.in_flight()))
        await self._end(old)

    def _plan_rotation(self) -> None:
        first_s, last_s = self._rotate_after_s
        self._rotate_at_s = time.monotonic() + random.uniform(first_s, last_s)

    async def _open(self) -> Link:
        """A new socket on which hello is said."""
        headers = {"Authorization": f"Bearer {assertion(self._identity, time.time())}"}
        try:
            socket = await connect(
                self._identity.socket_url,
                additional_headers=headers,
                open_timeout=OPEN_S,
                close_timeout=CLOSE_S,
                max_size=LARGEST_FRAME,
                compression=None,  # processor time and memory for every frame, to save a few bytes of traffic
                ping_interval=20,
                ping_timeout=20,
            )
            link = Link(socket, time.monotonic())
            await socket.send(self._session.hello())
        except InvalidStatus as err:
            raise _refused(err.response.status_code) from err
        except (OSError, TimeoutError, WebSocketException) as err:
            raise UplinkUnavailableError(f"the cloud cannot be reached: {type(err).__name__}") from err
        link.reader = asyncio.create_task(self._read(link))
        link.reader.add_done_callback(lambda _reader: self.wake())
        self._links.add(link)
        return link

    async def _read(self, link: Link) -> None:
        async for raw in link.socket:
            if isinstance(raw, str):
                self._take(link, raw)

    def _take(self, link: Link, raw: str) -> None:
        welcomes, was_welcome = self._session.welcomes, self._session.is_welcome
        try:
            heard = self._session.heard(raw, time.monotonic(), _wall_ms())
        except InvalidMessageError as err:
            logger.warning("frame_not_understood", extra={"reason": str(err)})
            return
        if self._session.welcomes > welcomes:
            link.welcomed.set()
        if self._session.is_welcome and not was_welcome:
            self.on_open()
        if isinstance(heard, Farewell):
            # A socket that gives way may be told so; only the newest one's goodbye is meant for us.
            if link is self._link:
                raise _dismissed(heard)
        elif heard is not None:
            self.hear(heard)
        self._heard.set()
        self.wake()

    def _broken(self, err: ConnectionClosed) -> UplinkUnavailableError:
        code = err.rcvd.code if err.rcvd else None
        if code == TOO_BIG:
            self._session.lanes.frame_was_too_large()
        return UplinkUnavailableError(f"the socket ended ({code or 'without a word'})")

    async def _close(self) -> None:
        """End all there is; what was on its way waits in the spool."""
        self._link = None
        rotation, self._rotation = self._rotation, None
        self._session.closed()
        if rotation is not None:
            rotation.cancel()
            await asyncio.gather(rotation, return_exceptions=True)
        await asyncio.gather(*map(self._end, tuple(self._links)))
        self._heard.set()

    async def _end(self, link: Link) -> None:
        self._links.discard(link)
        await link.socket.close()
        link.reader.cancel()
        await asyncio.gather(link.reader, return_exceptions=True)


def _refused(status: int) -> UplinkUnavailableError | UplinkRefusedError:
    if status in (401, 403):
        return UplinkRefusedError(f"the cloud refuses this edge ({status}): is it enrolled there, is its clock right?")
    return UplinkUnavailableError(f"the cloud answered {status}")


def _dismissed(farewell: Farewell) -> UplinkUnavailableError | UplinkRefusedError:
    if farewell.final:
        return UplinkRefusedError(f"the cloud said goodbye for good ({farewell.code})")
    return SentAwayError(f"the cloud said goodbye ({farewell.code})", farewell.retry_after_s)


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
