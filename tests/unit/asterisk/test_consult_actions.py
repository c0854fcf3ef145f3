"""What a consultation asks of the PBX, step by step, and what the dial plan must have for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ringline_core.domain.facts import CallLegs, LegRole, Party
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk import commands, rights
from ringline_edge.adapters.asterisk.actions import Situation
from ringline_edge.adapters.asterisk.channels import Channel, Consult, Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.consult_actions import EXTENS
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.port import Capabilities

CONFIG = AsteriskConfig.model_validate({"username": "u", "secret": "s"})
CONTEXT = "ringline-consult"
A, T, LINK = "PJSIP/1001-02", "PJSIP/trunk-01", "Local/1004@phones-03;1"
AGENT, CUSTOMER, HALF = "hq-1.2", "hq-1.1", "hq-1.3"


def channel(ident: str, name: str, station: str | None = None) -> Channel:
    role = LegRole.HELPER if name.startswith("Local/") else LegRole.PARTY
    return Channel(ident, name, CUSTOMER, 0, station, role, Party(), state=LegState.CONNECTED)


def in_talk() -> Floor:
    """The agent and the customer in one bridge."""
    floor = Floor(Naming(r"^PJSIP/(\d{4})(?=-)", "*", "", CONTEXT))
    for each in (channel(AGENT, A, "1001"), channel(CUSTOMER, T)):
        floor.channels[each.ident] = each
        list(floor.enter(each, "b1"))
    return floor


def consulting(*, answered: bool = True, with_customer: bool = False, alone: bool = False) -> Floor:
    """The customer waits, or the colleague where the agent swapped."""
    floor = in_talk()
    link = floor.channels[HALF] = channel(HALF, LINK)
    link.state = LegState.CONNECTED if answered else LegState.INITIATED
    agent = floor.channels[AGENT]
    consult = Consult(agent, floor.channels[CUSTOMER], link, is_alone=alone)
    floor.consults[AGENT], link.consult, agent.is_apart = consult, consult, not with_customer
    return floor


def asked(floor: Floor, verb: Verb, own: str = AGENT, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    told = {"id": "x1", "station": "1001", "call": "c-hq-1", "deadline_at": datetime.now(UTC), **more}
    legs = CallLegs((own,), (CUSTOMER,))
    steps = commands.actions(EdgeCommand(verb=verb, **told), legs, Situation(floor, {}), CONFIG)
    return [(step.name, dict(step.headers)) for step in steps]


def variable(on: str, name: str, value: str) -> tuple[str, dict[str, Any]]:
    return "Setvar", {"Channel": on, "Variable": name, "Value": value}


def move(first: tuple[str, str], second: tuple[str, str] | None = None) -> tuple[str, dict[str, Any]]:
    headers = {"Channel": first[0], "Context": CONTEXT, "Exten": first[1], "Priority": "1"}
    if second:
        extra = {"Channel": second[0], "Context": CONTEXT, "Exten": second[1], "Priority": "1"}
        headers |= {f"Extra{name}": value for name, value in extra.items()}
    return "Redirect", headers


HANG_UP = {name: ("Hangup", {"Channel": name, "Cause": "16"}) for name in (A, T, LINK)}


def test_consult_has_the_customer_wait_and_the_agent_dial_and_data_goes_on_both() -> None:
    assert asked(in_talk(), Verb.CONSULT, to="1004", data={"case": 7}) == [
        variable(A, "__CTI_CASE", "7"),
        variable(T, "__CTI_CASE", "7"),
        variable(A, "__RINGLINE_CUSTOMER", T),
        move((T, "held"), (A, "1004")),
    ]


@pytest.mark.parametrize(
    ("verb", "with_customer", "expected"),
    [
        (Verb.COMPLETE, False, [HANG_UP[A]]),
        (Verb.COMPLETE, True, [HANG_UP[A]]),
        (Verb.CANCEL, False, [HANG_UP[LINK]]),
        (Verb.CANCEL, True, [HANG_UP[LINK]]),
        (Verb.DROP, False, [HANG_UP[T]]),
        (Verb.CONFERENCE, False, [variable(T, "RINGLINE_AGENT", A), move((T, "conference"))]),
        (Verb.CONFERENCE, True, [variable(LINK, "RINGLINE_AGENT", A), move((LINK, "conference"))]),
        *(
            (
                verb,
                False,
                [
                    variable(A, "RINGLINE_CONSULTED", LINK),
                    variable(T, "RINGLINE_CONSULTED", LINK),
                    move((A, "swap-customer"), (LINK, "held")),
                ],
            )
            for verb in (Verb.SWAP, Verb.RESUME)
        ),
        (
            Verb.SWAP,
            True,
            [
                variable(A, "RINGLINE_CONSULTED", LINK),
                variable(T, "RINGLINE_CONSULTED", LINK),
                move((A, "swap-consulted"), (T, "held")),
            ],
        ),
    ],
)
def test_what_may_follow(verb: Verb, with_customer: bool, expected: list[tuple[str, dict[str, Any]]]) -> None:
    assert asked(consulting(with_customer=with_customer), verb) == expected


def test_dropping_the_consultation_ends_it_alone() -> None:
    assert asked(consulting(), Verb.DROP, own=HALF) == [HANG_UP[LINK]]


def test_without_a_customer_dropping_ends_the_agents_own_part() -> None:
    assert asked(consulting(alone=True), Verb.DROP) == [HANG_UP[A]]


@pytest.mark.parametrize(
    ("floor", "verb", "own"),
    [
        (consulting(answered=False), Verb.SWAP, AGENT),
        (consulting(answered=False), Verb.CONFERENCE, AGENT),
        (consulting(), Verb.CONSULT, AGENT),
        (consulting(), Verb.TRANSFER, AGENT),
        (consulting(), Verb.CONSULT, HALF),
        (consulting(), Verb.HOLD, HALF),
        (consulting(alone=True), Verb.COMPLETE, AGENT),
        (consulting(alone=True), Verb.SWAP, AGENT),
        (in_talk(), Verb.COMPLETE, AGENT),
        (in_talk(), Verb.CANCEL, AGENT),
    ],
)
def test_what_a_consultation_does_not_allow_is_refused(floor: Floor, verb: Verb, own: str) -> None:
    with pytest.raises(CommandError) as refused:
        asked(floor, verb, own, to="1002")
    assert refused.value.error_code is ErrorCode.NOT_ALLOWED


def test_three_in_one_bridge_cannot_be_held_for_a_consultation() -> None:
    floor = in_talk()
    third = floor.channels["hq-1.9"] = channel("hq-1.9", "PJSIP/1002-09", "1002")
    list(floor.enter(third, "b1"))
    with pytest.raises(CommandError) as refused:
        asked(floor, Verb.CONSULT, to="1004")
    assert refused.value.error_code is ErrorCode.NOT_ALLOWED


def test_a_context_that_lacks_one_way_out_is_no_place_for_consultations() -> None:
    items = [{"Event": "ListDialplan", "Extension": exten} for exten in sorted(EXTENS)]
    assert rights.lacking_extens(items) == []
    assert rights.lacking_extens(items[1:]) == [items[0]["Extension"]]
    offered = commands.capabilities(CONFIG)
    left = rights.without_consultations(Capabilities(offered.default, {"1001": offered.default}))
    lost = {Verb.CONSULT, Verb.COMPLETE, Verb.CANCEL, Verb.SWAP, Verb.CONFERENCE}
    assert offered.default - left.default == offered.default - left.of("1001") == lost
