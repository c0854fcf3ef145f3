"""Numbers by the site's dial plan: E.164 on the way up, diallable on the way down, emergencies never touched."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ringline_core.domain.facts import Ended, Leg, Party, Snapshot
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState, Presentation, Verb
from ringline_edge.numbers import NumbersTable
from ringline_edge.numbers.plan import DialPlan
from tests.unit.edge.conftest import Bench
from tests.unit.edge.test_commands import CALL, Desk, desk  # noqa: F401 - a fixture

GB, US, DE = {"region": "GB"}, {"region": "US"}, {"region": "DE"}
LONDON = "+442079460123"


def plan(**table: Any) -> DialPlan:
    return DialPlan(NumbersTable(**table))


@pytest.mark.parametrize(
    ("table", "shown", "expected"),
    [
        (GB, LONDON, LONDON),
        (GB, "02079460123", LONDON),
        (GB, "442079460123", LONDON),
        (GB, "00442079460123", LONDON),
        (GB, "0012125550123", "+12125550123"),
        (GB, "+15550100", "+15550100"),
        (US, "2125550123", "+12125550123"),
        (US, "12125550123", "+12125550123"),
        (US, "011442079460123", LONDON),
        (DE, "030123456", "+4930123456"),
        ({**GB, "outside_prefix": "9"}, "902079460123", LONDON),
        ({**GB, "outside_prefix": "9"}, "02079460123", LONDON),
        (GB, "1001", "1001"),
        (GB, "5000", "5000"),
        (GB, "101", "101"),
        (GB, "116123", "116123"),
        (GB, "999", "999"),
        (GB, "112", "112"),
        (US, "911", "911"),
        (DE, "112", "112"),
        ({**GB, "longest_extension": 2}, "999", "999"),
        ({**US, "longest_extension": 2}, "911", "911"),
        ({**GB, "outside_prefix": "9", "longest_extension": 2}, "9112", "9112"),
        (GB, "*46", "*46"),
        (GB, "anonymous", "anonymous"),
        (GB, "", ""),
        (GB, "020 7946 0123x", "020 7946 0123x"),
        (DE, "02079460123456789", "02079460123456789"),
    ],
)
def test_what_the_pbx_shows_is_e164_where_it_has_one(table: dict[str, Any], shown: str, expected: str) -> None:
    leg = Leg("t", "k", "trunk", LegState.ALERTING, 1, outside=True, own=Party(shown), dialed=shown)
    told = plan(**table).fact(leg)
    assert isinstance(told, Leg)
    assert (told.own.number, told.dialed) == (expected, expected)


@pytest.mark.parametrize(
    ("table", "asked", "expected"),
    [
        (GB, "020 7946 0123", LONDON),
        (GB, "+44 (0)20 7946-0123", LONDON),
        (GB, "0044 20 7946 0123", LONDON),
        (US, "(212) 555-0123", "+12125550123"),
        (US, "011 44 20 7946 0123", LONDON),
        ({**GB, "dial": "national"}, LONDON, "02079460123"),
        ({**GB, "dial": "national", "outside_prefix": "9"}, LONDON, "902079460123"),
        ({**GB, "dial": "national", "outside_prefix": "9"}, "902079460123", "902079460123"),
        ({**GB, "dial": "national"}, "+1 212 555 0123", "0012125550123"),
        ({**US, "dial": "national", "outside_prefix": "8"}, LONDON, "8011442079460123"),
        ({**US, "dial": "national"}, "+1 212 555 0123", "12125550123"),
        (GB, "1002", "1002"),
        (GB, "12 34", "1234"),
        (GB, "*46", "*46"),
        (GB, "#21#", "#21#"),
        (GB, "999", "999"),
        (GB, "112", "112"),
        (US, "911", "911"),
        (DE, "110", "110"),
        ({**GB, "dial": "national", "outside_prefix": "9"}, "999", "999"),
        ({**GB, "dial": "national", "outside_prefix": "9", "longest_extension": 2}, "999", "999"),
        ({**GB, "dial": "national", "outside_prefix": "9", "longest_extension": 2}, "9999", "9999"),
        (GB, "77012345678901", "77012345678901"),
    ],
)
def test_what_a_page_asks_for_is_dialled_as_the_pbx_wants_it(table: dict[str, Any], asked: str, expected: str) -> None:
    assert plan(**table).dialled(asked) == expected


@pytest.mark.parametrize(
    "asked", ["0800 FLOWERS", "anna", "sip:1001@hq", "+", "", "1;2", "++4420", "20+44", "\u0661\u0662"]
)
def test_letters_and_what_nobody_can_dial_are_refused(asked: str) -> None:
    with pytest.raises(CommandError) as refused:
        plan(**GB).dialled(asked)
    assert refused.value.error_code is ErrorCode.NUMBER_INVALID


def test_the_prefix_for_an_outside_line_is_taken_off_what_a_phone_here_dialled() -> None:
    made = plan(region="DE", outside_prefix="0")
    called = Leg("t", "k", "trunk", LegState.ALERTING, 1, outside=True, own=Party("0030123456"), dialed="0030123456")
    told = made.fact(called)
    assert isinstance(told, Leg)
    assert (told.own.number, told.dialed) == ("+4930123456", "+4930123456")
    assert made.shown("00302101234567") == "+302101234567"
    assert made.dialled("00302101234567") == "+302101234567"


def test_withheld_numbers_names_and_our_own_stations_stay() -> None:
    withheld = Party("02079460123", "Anna", Presentation.RESTRICTED)
    own = Leg("a", "k", "PJSIP/1001", LegState.ALERTING, 1, "1001", own=Party("1001", "Anna Ek"), remote=withheld)
    assert plan(**GB).fact(own) is own
    nobody = replace(own, remote=Party(None, None, Presentation.RESTRICTED))
    assert plan(**GB).fact(nobody) is nobody
    shown = replace(own, remote=Party("02079460123", "Customer"), ended=Ended(2, peer="1002"))
    told = plan(**GB).fact(Snapshot(1, legs=(shown,)))
    assert isinstance(told, Snapshot)
    (leg,) = told.legs
    assert leg.remote == Party(LONDON, "Customer")
    assert (leg.own, leg.ended) == (own.own, shown.ended)


@given(st.text(alphabet="0123456789+*# ()-x", max_size=24), st.sampled_from(["GB", "US", "DE", "FR", "AU"]))
def test_e164_is_its_own_e164_and_whatever_is_dialled_can_be(number: str, region: str) -> None:
    made = plan(region=region)
    once = made.shown(number)
    assert made.shown(once) == once
    try:
        dialled = made.dialled(number)
    except CommandError:
        return
    assert set(dialled) <= set("+0123456789*#")


@pytest.mark.parametrize("table", [{"region": "UK"}, {"region": "gb"}, {"outside_prefix": "x"}, {"dial": "me"}])
def test_a_wrong_table_is_refused(table: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        NumbersTable.model_validate(table)


def test_without_a_region_the_numbering_plans_are_not_even_loaded() -> None:
    code = (
        "import sys; from ringline_edge import app, numbers; from ringline_core.domain.facts import Snapshot;"
        "assert numbers.of(numbers.NumbersTable()).fact(Snapshot(1)) == Snapshot(1);"
        "print('phonenumbers' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"


async def test_a_number_with_letters_fails_before_the_pbx_hears_of_it(desk: Desk) -> None:  # noqa: F811
    desk.commands.dialled = plan(**GB).command
    desk.take("x1", Verb.PLACE, to="0800 FLOWERS")
    assert (await desk.ends())[0]["error"]["code"] == "number_invalid"
    assert not desk.pbx.executed
    desk.take("x2", Verb.TRANSFER, call=CALL, to="020 7946 0123")
    await desk.asked()
    assert desk.pbx.executed[0][0].to == LONDON


async def test_the_running_edge_shows_numbers_by_its_region(bench: Bench) -> None:
    await bench.cloud.whole()
    bench.edge._numbers = plan(**GB)
    outside = Leg("t1", "k1", "trunk", LegState.CONNECTED, 1, outside=True, origin=True, own=Party("02079460123"))
    bench.pbx.say(outside, Leg("a1", "k1", "PJSIP/1001", LegState.ALERTING, 2, station="1001"))
    await bench.cloud.until(lambda c: "1001" in c.documents)
    assert bench.cloud.documents["1001"]["calls"][0]["remote"]["number"] == LONDON
