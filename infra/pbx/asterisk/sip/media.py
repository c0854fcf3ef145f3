"""The audio socket of a phone: it sends a little silence and listens to nothing.

Asterisk's Answer() waits up to 500 ms for the first RTP packet, so a phone without any media would enter a queue half a
second late.
"""

from __future__ import annotations

import asyncio
import secrets
from typing import Final

from infra.pbx.asterisk.sip.sdp import Audio

PACKETS: Final = 10
PACKET_S: Final = 0.02
_SILENCE: Final = b"\xff" * 160


class AudioSocket:
    """One UDP port for RTP."""

    def __init__(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]

    @classmethod
    async def open(cls, host: str) -> AudioSocket:
        """A socket on a free port of `host`."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=(host, 0))
        return cls(transport)

    async def send_silence(self, to: Audio) -> None:
        """Send a fifth of a second of G.711 silence to the other side, at its own pace."""
        source = secrets.token_bytes(4)
        for number in range(PACKETS):
            if self._transport.is_closing():
                return
            self._transport.sendto(packet(number, source), (to.host, to.port))
            await asyncio.sleep(PACKET_S)

    def close(self) -> None:
        """Free the port."""
        self._transport.close()


def packet(number: int, source: bytes) -> bytes:
    """RTP packet `number` (from 0) of a stream of silence from `source`. Source: RFC 3550, 5.1."""
    return b"\x80\x00" + number.to_bytes(2, "big") + (number * 160).to_bytes(4, "big") + source + _SILENCE
