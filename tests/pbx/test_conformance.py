"""The conformance kit on a real Asterisk: the same scenarios, the same documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from infra.pbx.asterisk.bank import AsteriskPhoneBank
from infra.pbx.asterisk.bench import Bench
from ringline_edge.conformance import kit
from ringline_edge.conformance.kit import Verdict
from ringline_edge.conformance.scenarios import ALL
from ringline_edge.conformance.scenarios.scenario import Scenario
from ringline_edge.conformance.stage import World

pytestmark = pytest.mark.asyncio(loop_scope="session")
OFFERS = frozenset({"queue", "pickup", "transfer_keys", "restart", "outside", "along"})
OURS = {"told_twice", "told_in_another_order", "garbage", "clock_set", "wrapped_up_by_the_pbx"}
"""The bytes of this link and the clock are Asterisk's own, and it tells nobody of a queue's wrap-up."""

NO_PROFILE = {"consult_and_complete", "consult_and_cancel", "consult_and_swap", "conference", "held_back"}
"""Profiles consult nobody and hold no agents."""

PLAIN_CALLS = [each for each in ALL if each.needs <= OFFERS - {"along"} and each.name not in OURS | NO_PROFILE]
CONTEXT = "phones"


@pytest.mark.parametrize("scenario", [each for each in ALL if each.needs <= OFFERS], ids=lambda each: each.name)
async def test_asterisk_makes_the_documents_of(bench: Bench, scenario: Scenario) -> None:
    @asynccontextmanager
    async def world() -> AsyncIterator[World]:
        settings = {**bench.edge_login("bridge-notify"), "default_answer": "notify"}
        yield World(AsteriskPhoneBank(bench), settings, OFFERS)

    (outcome,) = [each async for each in kit.play("asterisk", world, [scenario])]
    expected = Verdict.UNSUPPORTED if scenario.name in OURS else Verdict.PASSED
    assert (outcome.verdict, outcome.why if expected is Verdict.PASSED else "") == (expected, "")


@pytest.mark.parametrize("scenario", PLAIN_CALLS, ids=lambda each: each.name)
async def test_a_profile_alone_makes_the_documents_of(bench: Bench, scenario: Scenario) -> None:
    @asynccontextmanager
    async def world() -> AsyncIterator[World]:
        login = bench.edge_login("bridge-notify")
        link = {"hosts": [f"{login['host']}:{login['port']}"]}
        account = {"username": login["username"], "secret": login["secret"], "context": CONTEXT}
        yield World(AsteriskPhoneBank(bench), {"profile": "ami", **link, "settings": account}, OFFERS)

    (outcome,) = [each async for each in kit.play("mapping", world, [scenario])]
    assert (outcome.verdict, outcome.why) == (Verdict.PASSED, "")
