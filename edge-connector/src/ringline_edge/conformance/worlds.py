"""Kinds of adapters and the fakes that the kit plays to them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from ringline_core.errors import ConfigError
from ringline_edge.conformance.fakes.ami import server as ami
from ringline_edge.conformance.fakes.ami.server import FakeAsterisk
from ringline_edge.conformance.fakes.csta import bank as csta_bank
from ringline_edge.conformance.fakes.csta import server as csta_server
from ringline_edge.conformance.fakes.csta import services as csta_services
from ringline_edge.conformance.fakes.csta.bank import CstaBank
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
        yield World(pbx, {"port": port}, frozenset(WORLD), mischief=pbx.mischief, turn_clock=pbx.turn_clock)
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
            turn_clock=phones.turn_clock,
            wraps_up=phones.wraps_up,
        )
    finally:
        await phones.close()


@asynccontextmanager
async def csta() -> AsyncIterator[World]:
    """An Avaya AES of the kit's own on a free port."""
    async with csta_like("dmcc", username=csta_server.USER, password=csta_server.PASSWORD, switch_name="CM1") as world:
        yield world


@asynccontextmanager
async def csta_plain() -> AsyncIterator[World]:
    """A server of ECMA-323 and nothing beside it: no session, and no reason codes, which are Avaya's."""
    async with csta_like("standard", frozenset({"reason"}), dialect="plain") as world:
        yield world


@asynccontextmanager
async def csta_like(server: str, silent: frozenset[str] = frozenset(), **more: Any) -> AsyncIterator[World]:
    """A CSTA server of that kind, see `FakeCsta`; `more` are settings of the adapter that fit it."""
    bank = CstaBank(server, RING_S)
    settings = {
        "host": "127.0.0.1",
        "port": await bank.start(),
        "stations": csta_bank.STATIONS,
        "queues": dict.fromkeys(csta_bank.QUEUE_NUMBERS, csta_bank.QUEUE),
        "recorders": (csta_bank.RECORDER,),
        "reasons": {"lunch": 3},
        "agent_password": csta_services.AGENT_PASSWORD,
        "auto_answer": False,
    }
    offers = frozenset(WORLD) - {"second_device"}
    try:
        spoil, wraps_up = bank.server.mischief, bank.wraps_up
        yield World(bank, settings | more, offers, silent, spoil, wraps_up=wraps_up, kind="csta")
    finally:
        await bank.close()


@asynccontextmanager
async def mapping() -> AsyncIterator[World]:
    """The same AMI, to be understood by the shipped profile `ami` alone."""
    pbx = FakeAsterisk(RING_S, two_devices=TWO_DEVICES)
    port = await pbx.start()
    login = {"username": ami.USER, "secret": ami.SECRET, "context": "phones"}
    try:
        settings = {"profile": "ami", "hosts": [f"127.0.0.1:{port}"], "settings": login}
        yield World(pbx, settings, frozenset(WORLD) - {"along"}, mischief=pbx.mischief)
    finally:
        await pbx.close()


FAKES: Final[dict[str, Callable[[], Opened]]] = {
    "simulator": simulator,
    "asterisk": asterisk,
    "csta": csta,
    "csta-plain": csta_plain,
    "freeswitch": freeswitch,
    "mapping": mapping,
}


def of(kind: str) -> Callable[[], Opened]:
    """How to open the fake of a kind of PBX.

    Raises:
        ConfigError: There is none.
    """
    if kind not in FAKES:
        raise ConfigError(f"the kit has no PBX for {kind!r}; it has {', '.join(sorted(FAKES))}")
    return FAKES[kind]
