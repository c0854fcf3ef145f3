"""The WebSocket shell around the session: opens sockets, feeds texts in, writes texts out, rotates before AWS does."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, WebSocketException

from ringline_core.errors import InvalidMessageError, UplinkRefusedError, UplinkUnavailableError
from ringline_core.wire.command import EdgeCommand
from ringline_core.wire.edge import Desks
from ringline_edge.identity import EdgeIdentity, assertion
from ringline_edge.uplink.session import Farewell, Leading, Session, StandingBy

logger = logging.getLogger(__name__)
OPEN_S = 10.0
HELLO_S = 10.0
ROTATE_S = 105 * 60.0
ROTATE_JITTER_S = 20 * 60.0
DRAIN_S = 0.5


class Uplink:
    """One edge's socket to the cloud.

    Attributes:
        session: The session it carries.
        on_lead: Called with the epoch when this edge leads from now on.
        on_stand_by: Called when another one does.
        on_command: Called with each command.
        on_desks: Called with each `desks` frame.
        on_frame: Called after each frame of the cloud.
        is_open: Whether the cloud has welcomed us on a socket.
    """

    def __init__(self, session: Session, identity: EdgeIdentity) -> None:
        """Opens nothing yet."""
        self.session = session
        self.on_lead: Callable[[int], None] = lambda _epoch: None
        self.on_stand_by: Callable[[], None] = lambda: None
        self.on_command: Callable[[EdgeCommand], None] = lambda _command: None
        self.on_desks: Callable[[Desks], None] = lambda _desks: None
        self.on_frame: Callable[[], None] = lambda: None
        self.is_open = False
        self._identity = identity
        self._wake = asyncio.Event()
        self._socket: ClientConnection | None = None

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def run(self) -> None:
        """Serve one socket until it ends, rotating it before its time is up; never retries.

        Raises:
            UplinkUnavailableError: The cloud cannot be reached or the socket ended; worth another try.
            UplinkRefusedError: The cloud refuses this edge for good.
        """
        self._socket = await self._open()
        try:
            while True:
                rotate_at = time.monotonic() + ROTATE_S + random.random() * ROTATE_JITTER_S
                await self._serve(self._socket, rotate_at)
                old, self._socket = self._socket, await self._open()
                await old.close()
        finally:
            self.is_open = False
            self.session.closed()
            await self._socket.close()

    async def release(self) -> None:
        """Give the lead up, so that a standby need not wait for the lease to end."""
        frame = self.session.release()
        if frame and self._socket:
            with contextlib.suppress(WebSocketException, TimeoutError):
                await asyncio.wait_for(self._socket.send(frame), DRAIN_S)

    async def _open(self) -> ClientConnection:
        headers = {"Authorization": f"Bearer {assertion(self._identity, time.time())}"}
        try:
            return await connect(
                self._identity.socket_url,
                additional_headers=headers,
                open_timeout=OPEN_S,
                max_size=2**18,
                ping_interval=20,
                ping_timeout=20,
            )
        except InvalidStatus as err:
            status = err.response.status_code
            if status in (401, 403):
                raise UplinkRefusedError(f"the cloud refused this edge's assertion ({status})") from err
            raise UplinkUnavailableError(f"the cloud answered {status}") from err
        except (OSError, TimeoutError, InvalidHandshake) as err:
            raise UplinkUnavailableError(f"the cloud cannot be reached: {type(err).__name__}") from err

    async def _serve(self, socket: ClientConnection, rotate_at: float) -> None:
        """Speak through `socket` until it is time for another one."""
        try:
            await socket.send(self.session.opened())
            reader = asyncio.create_task(self._read(socket))
            try:
                await self._write(socket, reader, rotate_at)
            finally:
                reader.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await reader
        except ConnectionClosed as err:
            raise UplinkUnavailableError("the socket ended") from err

    async def _write(self, socket: ClientConnection, reader: asyncio.Task[None], rotate_at: float) -> None:
        hello_by = time.monotonic() + HELLO_S
        while time.monotonic() < rotate_at:
            self._wake.clear()
            for text in self.session.due(time.monotonic(), _wall_ms()):
                await socket.send(text)
            if reader.done():
                reader.result()
                raise UplinkUnavailableError("the socket ended")
            if not self.session.is_welcome and time.monotonic() > hello_by:
                raise UplinkUnavailableError("the cloud did not answer hello")
            pause = min(self.session.next_due_s(), rotate_at) - time.monotonic()
            waiter = asyncio.ensure_future(self._wake.wait())
            await asyncio.wait({waiter, reader}, timeout=max(0.0, min(pause, 1.0)), return_when=asyncio.FIRST_COMPLETED)
            waiter.cancel()

    async def _read(self, socket: ClientConnection) -> None:
        async for raw in socket:
            if isinstance(raw, bytes):
                continue
            try:
                self._hear(raw)
            except InvalidMessageError as err:
                logger.warning("frame_not_understood", extra={"reason": str(err)})
            self.is_open = self.session.is_welcome
            self.on_frame()
            self.wake()

    def _hear(self, raw: str) -> None:
        match self.session.heard(raw, time.monotonic(), _wall_ms()):
            case Leading(epoch):
                self.on_lead(epoch)
            case StandingBy():
                self.on_stand_by()
            case EdgeCommand() as command:
                self.on_command(command)
            case Desks() as desks:
                self.on_desks(desks)
            case Farewell(code, final, _) if final:
                raise UplinkRefusedError(f"the cloud said goodbye for good ({code})")
            case Farewell(code):
                raise UplinkUnavailableError(f"the cloud said goodbye ({code})")


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000
