"""The conformance kit at servers that tell the same story in other ways than the two that the kit has itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ringline_edge.conformance import kit
from ringline_edge.conformance.fakes.csta.bank import CstaBank
from ringline_edge.conformance.fakes.csta.server import PASSWORD, USER, FakeCsta
from ringline_edge.conformance.fakes.csta.state import Call
from ringline_edge.conformance.kit import Verdict
from ringline_edge.conformance.scenarios import ALL
from ringline_edge.conformance.stage import World
from ringline_edge.conformance.worlds import csta_like

AES = {"username": USER, "password": PASSWORD, "switch_name": "CM1"}
OPENSCAPE = {"dialect": "plain", "variant": "openscape"}
BUSINESS = {"dialect": "plain", "variant": "openscape_business", "username": USER, "password": PASSWORD}


def as_usual(_: FakeCsta) -> None:
    """Nothing beside what the kind brings: with OpenScape a cold transfer takes a new call id."""


def new_ids(server: FakeCsta) -> None:
    """Hot transfers take a new call id."""
    server.engine.new_ids = True


def in_pieces(server: FakeCsta) -> None:
    """TCP cuts messages anywhere."""
    server.chop = 7


def silent(server: FakeCsta) -> None:
    """No event tells an agent's change."""
    server.engine.silent = True


def trunks(server: FakeCsta) -> None:
    """The network takes a call over before the far end rings."""
    engine, ring = server.engine, server.engine.ring

    def reached(call: Call, number: str, *, queue: bool = False) -> None:
        if number.startswith("+"):
            engine.emit(
                call,
                "NetworkReachedEvent",
                engine.x.connection("outboundConnection", call.ident, number),
                engine.x.subject("networkInterfaceUsed", "T12"),
                engine.x.subject("callingDevice", call.calling) + engine.x.subject("calledDevice", call.called),
                end="<cause>normal</cause>",
            )
        ring(call, number, queue=queue)

    engine.ring = reached  # type: ignore[method-assign]


OTHERS: dict[str, tuple[str, dict[str, Any], Callable[[FakeCsta], None]]] = {
    "openscape": ("openscape", OPENSCAPE, as_usual),
    "openscape, new ids": ("openscape", OPENSCAPE, new_ids),
    "openscape business": ("openscape_business", BUSINESS, as_usual),
    "aes, new ids": ("dmcc", AES, new_ids),
    "aes, in pieces": ("dmcc", AES, in_pieces),
    "aes, silent": ("dmcc", AES | {"agent_poll_s": 0.2}, silent),
    "aes, trunks": ("dmcc", AES, trunks),
}


async def played(name: str) -> list[tuple[str, str, Verdict, str]]:
    kind, settings, change = OTHERS[name]

    @asynccontextmanager
    async def opened() -> AsyncIterator[World]:
        async with csta_like(kind, frozenset() if kind == "dmcc" else frozenset({"reason"}), **settings) as world:
            assert isinstance(world.bank, CstaBank)
            change(world.bank.server)
            yield world

    outcomes = [each async for each in kit.play("csta", opened)]
    return [(name, each.scenario.name, each.verdict, each.why) for each in outcomes]


async def test_the_kit_is_passed_at_servers_that_tell_it_otherwise() -> None:
    # All at once: the kit mostly waits.
    outcomes = [each for found in await asyncio.gather(*map(played, OTHERS)) for each in found]
    assert [each for each in outcomes if each[2] is Verdict.FAILED] == []
    lacking = {(each[0], each[1]) for each in outcomes if each[2] is Verdict.UNSUPPORTED}
    at_avaya = {(name, "data_of_a_call") for name, (kind, _, _) in OTHERS.items() if kind == "dmcc"}
    assert lacking == {(name, each) for name in OTHERS for each in ("two_devices", "clock_set")} | at_avaya
    assert sum(each[2] is Verdict.PASSED for each in outcomes) == len(OTHERS) * len(ALL) - len(lacking)
