"""Commands to lines of the event socket: exactly these, and none for what cannot be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.freeswitch.actions import Situation, data_of, encoded, new_id
from ringline_edge.adapters.freeswitch.agents import Agents
from ringline_edge.adapters.freeswitch.channels import Naming
from ringline_edge.adapters.freeswitch.commands import steps
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.floor import Floor
from ringline_edge.adapters.freeswitch.translate import Translator

IN_CALL = CallLegs(("own",), ("far",), ())
CONSULTING = CallLegs(("own",), ("far",), ("second",))


def config(**settings: Any) -> FreeswitchConfig:
    return FreeswitchConfig.model_validate({"password": "x", **settings})


def floor() -> Floor:
    """A customer `far` speaks to `own`; `second` is the same phone's consultation with `asked`."""
    translator = Translator(Naming(config()))

    def say(name: str, ident: str, **more: str) -> None:
        headers = {key.replace("__", "-"): value for key, value in more.items()}
        list(translator.translate({"Event-Name": name, "Unique-ID": ident, **headers}, 1))

    def phone(ident: str, station: str, caller: str, **more: str) -> None:
        rung = {"Call__Direction": "outbound", "variable_dialed_user": station}
        say("CHANNEL_CREATE", ident, Other__Type="originator", Other__Leg__Unique__ID=caller, **rung, **more)
        say("CHANNEL_ANSWER", ident)

    say("CHANNEL_CREATE", "far", Call__Direction="inbound", Caller__Caller__ID__Number="+44")
    say("CHANNEL_ANSWER", "far")
    phone("own", "1001", "far")
    say("CHANNEL_BRIDGE", "far", Bridge__A__Unique__ID="far", Bridge__B__Unique__ID="own")
    phone("second", "1001", "", variable_ringline_consult_of="far", variable_ringline_to="1002")
    phone("asked", "1002", "second")
    say("CHANNEL_BRIDGE", "second", Bridge__A__Unique__ID="second", Bridge__B__Unique__ID="asked")
    return translator.floor


def lines(verb: Verb, calls: CallLegs = IN_CALL, *, held: bool = False, site: Any = None, **more: Any) -> list[str]:
    command = EdgeCommand(id="c1", verb=verb, station="1001", call="c-1", deadline_at=datetime.now(UTC), **more)
    up = floor()
    if held:
        up.channels["own"].state = LegState.HOLD
    now = Situation(up, Agents(up.naming))
    return [step.line for step in steps(command, calls, now, config(**(site or {})))]


@pytest.mark.parametrize(
    ("verb", "more", "expected"),
    [
        (Verb.DROP, {}, ["uuid_kill own NORMAL_CLEARING"]),
        (Verb.REJECT, {"reason": "later"}, ["uuid_kill own USER_BUSY"]),
        (Verb.ANSWER, {}, ["uuid_phone_event own talk"]),
        (Verb.HOLD, {}, ["uuid_hold own"]),
        (Verb.RESUME, {}, ["uuid_hold off own"]),
        (Verb.TRANSFER, {"to": "1003"}, ["uuid_transfer far 1003 XML default", "uuid_kill own NORMAL_CLEARING"]),
        (Verb.DTMF, {"digits": "1#"}, ["uuid_send_dtmf far 1#"]),
        (Verb.ATTACH, {"data": {"A": "x y"}}, ["uuid_setvar own cti_a x%20y", "uuid_setvar far cti_a x%20y"]),
        (Verb.HOLD, {"site": {"phone_events": True}}, ["uuid_phone_event own hold"]),
        (Verb.RESUME, {"site": {"stations": {"1001": {"phone_events": True}}}}, ["uuid_phone_event own talk"]),
    ],
)
def test_what_is_sent_in_a_call(verb: Verb, more: dict[str, Any], expected: list[str]) -> None:
    assert lines(verb, **more) == expected


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        (Verb.COMPLETE, ["uuid_bridge far asked", "uuid_kill second NORMAL_CLEARING", "uuid_kill own NORMAL_CLEARING"]),
        (Verb.CANCEL, ["uuid_kill second NORMAL_CLEARING"]),
        (Verb.SWAP, ["uuid_hold second", "uuid_hold off own"]),
        (
            Verb.CONFERENCE,
            [
                "uuid_hold off own",
                "uuid_transfer own -both conference:ringline-own@default inline",
                "uuid_transfer asked conference:ringline-own@default inline",
                "uuid_kill second NORMAL_CLEARING",
            ],
        ),
    ],
)
def test_what_is_sent_in_a_consultation(verb: Verb, expected: list[str]) -> None:
    assert lines(verb, CONSULTING, held=True) == expected


def test_what_is_sent_to_place_a_call() -> None:
    (line,) = lines(Verb.PLACE, to="+4930", data={"Key": "a,b}"}, caller_id="123", site={"auto_answer": True})
    assert line == (
        f"originate {{origination_uuid={new_id('c1')},ringline_to=+4930,origination_caller_id_number=+4930,"
        "origination_caller_id_name=+4930,effective_caller_id_number=123,originate_timeout=30,sip_auto_answer=true,"
        "cti_key=a%2Cb%7D}user/1001 +4930 XML default"
    )


def test_a_consultation_holds_first_and_says_what_it_is_about() -> None:
    hold, asking = lines(Verb.CONSULT, to="1002")
    assert hold == "uuid_hold own"
    assert ",ringline_consult_of=far," in asking


@pytest.mark.parametrize(
    ("verb", "calls", "more", "code"),
    [
        (Verb.DROP, CallLegs(("gone",)), {}, ErrorCode.NO_SUCH_CALL),
        (Verb.COMPLETE, IN_CALL, {}, ErrorCode.NO_SUCH_CALL),
        (Verb.CONSULT, CONSULTING, {"to": "1003"}, ErrorCode.NOT_ALLOWED),
        (Verb.CONSULT, CallLegs(("second",), ("asked",)), {"to": "1003"}, ErrorCode.NOT_ALLOWED),
        (Verb.TRANSFER, CONSULTING, {"to": "1003"}, ErrorCode.NOT_ALLOWED),
        (Verb.ATTACH, IN_CALL, {"data": {"a b": 1}}, ErrorCode.MESSAGE_INVALID),
        (Verb.ATTACH, IN_CALL, {"data": {"a}": 1}}, ErrorCode.MESSAGE_INVALID),
    ],
)
def test_what_is_refused(verb: Verb, calls: CallLegs, more: dict[str, Any], code: ErrorCode) -> None:
    with pytest.raises(CommandError) as caught:
        lines(verb, calls, **more)
    assert caught.value.error_code is code


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_value_holds_what_freeswitch_would_read(value: str) -> None:
    sent = encoded(value.encode("utf-8", "replace").decode())
    assert sent.isascii()
    assert not set(sent) & set(" \t\r\n'\"\\,;{}[]()$^&|<>=`!")


@settings(deadline=None)
@given(st.text(max_size=20))
def test_no_name_of_data_is_more_than_a_name(name: str) -> None:
    try:
        (kept,) = data_of({name: 1})
    except CommandError:
        return
    assert kept.replace("_", "a").isalnum()
    assert kept.isascii()
