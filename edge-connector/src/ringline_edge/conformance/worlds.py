"""Kinds of adapters and the fakes that the kit plays to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from ringline_core.errors import ConfigError
from ringline_edge.conformance.fakes.ami import server as ami
from ringline_edge.conformance.fakes.ami.server import FakeAsterisk
from ringline_edge.conformance.fakes.freeswitch.bank import FreeswitchPhones
from ringline_edge.conformance.fakes.freeswitch.server import PASSWORD
from ringline_edge.conformance.fakes.simulated import SimulatedPbx
from ringline_edge.conformance.scenarios.scenario import WORLD
from ringline_edge.conformance.stage import World

RING_S: Final = 1.0
TWO_DEVICES: Final = ("1003",)
Opened = AbstractAsyncContextManager[World]


@asynccontextmanager
async def simulator() -> AsyncIterator[World]:
    """The simulated PBX on a free port."""
    pbx = SimulatedPbx(RING_S, two_devices=TWO_DEVICES)
    port = await pbx.start()
    try:
        yield World(pbx, {"port": port}, frozenset(WORLD), mischief=pbx.mischief)
    finally:
        await pbx.close()


@asynccontextmanager
async def asterisk() -> AsyncIterator[World]:
    """An AMI of the kit's own on a free port; its dial plan has no place for consultations."""
    pbx = FakeAsterisk(RING_S, two_devices=TWO_DEVICES)
    port = await pbx.start()
    login = {"port": port, "username": ami.USER, "secret": ami.SECRET, "default_answer": "notify"}
    try:
        yield World(pbx, login, frozenset(WORLD), mischief=pbx.mischief)
    finally:
        await pbx.close()


@asynccontextmanager
async def freeswitch() -> AsyncIterator[World]:
    """An event socket of the kit's own on a free port; its phones take NOTIFY."""
    phones = FreeswitchPhones(RING_S, two_devices=TWO_DEVICES)
    port = await phones.open()
    try:
        yield World(
            phones,
            {"port": port, "password": PASSWORD, "phone_events": True},
            frozenset(WORLD),
            mischief=phones.pbx.mischief,
        )
    finally:
        await phones.close()


FAKES: Final[dict[str, Callable[[], Opened]]] = {"simulator": simulator, "asterisk": asterisk, "freeswitch": freeswitch}


def of(kind: str) -> Callable[[], Opened]:
    """How to open the fake of a kind of PBX.

    Raises:
        ConfigError: There is none.
    """
    if kind not in FAKES:
        raise ConfigError(f"the kit has no PBX for {kind!r}; it has {', '.join(sorted(FAKES))}")
    return FAKES[kind]
