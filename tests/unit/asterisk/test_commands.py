"""Commands become AMI actions, by table; what cannot be done is refused before anything is sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from ringline_core.domain.facts import CallLegs, LegRole, Party
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk import commands, rights
from ringline_edge.adapters.asterisk.actions import Action, Situation
from ringline_edge.adapters.asterisk.channels import Channel, Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.members import LOGGED_OFF, Member

OWN, FAR = "hq-1.2", "hq-1.1"


def config(**more: Any) -> AsteriskConfig:
    return AsteriskConfig.model_validate({"username": "u", "secret": "s", **more})


def command(verb: Verb, **more: Any) -> EdgeCommand:
    more.setdefault("call", "c-hq-1")
    return EdgeCommand(id="x1", verb=verb, station="1001", deadline_at=datetime.now(UTC), **more)


def channel(ident: str, name: str) -> Channel:
    return Channel(ident, name, FAR, 0, None, LegRole.PARTY, Party())


def member(queue: str = "support", **more: Any) -> Member:
    told = {"interface": "PJSIP/1001", "paused": False, "reason": "", "penalty": 0, "is_static": False}
    return Member(**{**told, **more, "queue": queue})


def floor(channels: dict[str, Channel]) -> Floor:
    return Floor(Naming(r"^PJSIP/(\d{4})(?=-)", "*", "", "ringline-consult"), channels)


def situation(*members: Member, paused_by_us: dict[str, str] | None = None) -> Situation:
    channels = {OWN: channel(OWN, "PJSIP/1001-00000002"), FAR: channel(FAR, "PJSIP/trunk-00000001")}
    return Situation(floor(channels), {each.queue: each for each in members}, paused_by_us or {})


def asked(
    verb: Verb, *members: Member, legs: CallLegs | None = None, paused: dict[str, str] | None = None, **more: Any
) -> list[tuple[str, dict[str, Any]]]:
    """Names and headers of the actions for a command."""
    now = situation(*members, paused_by_us=paused)
    steps = commands.actions(command(verb, **more), legs or CallLegs((OWN,), (FAR,)), now, config())
    return [(step.name, dict(step.headers)) for step in steps]


def refused(verb: Verb, *members: Member, **more: Any) -> ErrorCode:
    with pytest.raises(CommandError) as error:
        asked(verb, *members, **more)
    return error.value.error_code


OWN_NAME, FAR_NAME = "PJSIP/1001-00000002", "PJSIP/trunk-00000001"
IN_CALL: list[tuple[Verb, dict[str, Any], list[tuple[str, dict[str, Any]]]]] = [
    (Verb.ANSWER, {}, [("PJSIPNotify", {"Channel": OWN_NAME, "Variable": ["Event=talk"]})]),
    (Verb.RESUME, {}, [("PJSIPNotify", {"Channel": OWN_NAME, "Variable": ["Event=talk"]})]),
    (Verb.HOLD, {}, [("PJSIPNotify", {"Channel": OWN_NAME, "Variable": ["Event=hold"]})]),
    (Verb.DROP, {}, [("Hangup", {"Channel": OWN_NAME, "Cause": "16"})]),
    (Verb.REJECT, {"reason": "later"}, [("Hangup", {"Channel": OWN_NAME, "Cause": "17"})]),
    (Verb.TRANSFER, {"to": "1004"}, [("BlindTransfer", {"Channel": OWN_NAME, "Context": "phones", "Exten": "1004"})]),
    (
        Verb.TRANSFER,
        {"to": "+4420", "data": {"ticket": "T-9"}},
        [
            ("Setvar", {"Channel": FAR_NAME, "Variable": "__CTI_TICKET", "Value": "T-9"}),
            ("BlindTransfer", {"Channel": OWN_NAME, "Context": "phones", "Exten": "+4420"}),
        ],
    ),
    (
        Verb.DTMF,
        {"digits": "4#"},
        [("PlayDTMF", {"Channel": FAR_NAME, "Digit": "4"}), ("PlayDTMF", {"Channel": FAR_NAME, "Digit": "#"})],
    ),
    (
        Verb.ATTACH,
        {"data": {"vip": True, "gone": None}},
        [
            ("Setvar", {"Channel": name, "Variable": variable, "Value": value})
            for name in (OWN_NAME, FAR_NAME)
            for variable, value in (("__CTI_VIP", "true"), ("__CTI_GONE", ""))
        ],
    ),
]


@pytest.mark.parametrize(("verb", "more", "expected"), IN_CALL)
def test_a_verb_in_a_call_becomes_these_actions(
    verb: Verb, more: dict[str, Any], expected: list[tuple[str, dict[str, Any]]]
) -> None:
    assert asked(verb, **more) == expected


def test_digits_for_a_call_without_another_channel_are_given_to_the_pbx() -> None:
    expected = [("PlayDTMF", {"Channel": OWN_NAME, "Receive": "true", "Digit": "1"})]
    assert asked(Verb.DTMF, legs=CallLegs((OWN,)), digits="1") == expected


@pytest.mark.parametrize("verb", [Verb.CONSULT, Verb.COMPLETE, Verb.CANCEL, Verb.SWAP, Verb.CONFERENCE])
def test_consultations_need_their_context_and_a_call_that_is_up(verb: Verb) -> None:
    assert refused(verb, to="1002") is ErrorCode.NOT_ALLOWED
    assert verb in commands.capabilities(config()).of("1001")
    assert verb not in commands.capabilities(config(consult_context="")).of("1001")


def test_a_call_that_is_over_meanwhile_is_no_such_call() -> None:
    assert refused(Verb.DROP, legs=CallLegs(("hq-9.9",))) is ErrorCode.NO_SUCH_CALL


@pytest.mark.parametrize("to", ["", "12a", "1002\r\nAction: Originate", "1002@evil", "1,2", "${EVIL}", "+", "1" * 33])
@pytest.mark.parametrize("verb", [Verb.PLACE, Verb.TRANSFER])
def test_a_number_with_anything_but_digits_is_refused(verb: Verb, to: str) -> None:
    asks = command(verb, to="1").model_copy(update={"to": to})
    with pytest.raises(CommandError) as error:
        commands.actions(asks, CallLegs((OWN,), (FAR,)), situation(), config())
    assert error.value.error_code is ErrorCode.NUMBER_INVALID


@pytest.mark.parametrize("name", ["a b", "a=b", "a,b", "", "x" * 49, "${A}"])
def test_call_data_with_a_name_that_is_no_variable_is_refused(name: str) -> None:
    asks = command(Verb.ATTACH, data={"a": 1}).model_copy(update={"data": {name: "1"}})
    with pytest.raises(CommandError) as error:
        commands.actions(asks, CallLegs((OWN,), (FAR,)), situation(), config())
    assert error.value.error_code is ErrorCode.MESSAGE_INVALID


def test_a_placed_call_rings_the_own_phone_and_carries_data_account_and_caller_id() -> None:
    ((name, headers),) = asked(
        Verb.PLACE, call=None, to="+4420", data={"case": "a,b"}, account="acme", caller_id="+4421"
    )
    assert (name, headers["Channel"], headers["ChannelId"]) == ("Originate", "PJSIP/1001", "ringline-x1")
    assert (headers["Context"], headers["Exten"], headers["Account"]) == ("phones", "+4420", "acme")
    assert (headers["CallerID"], headers["Async"], headers["Timeout"]) == ("+4421", "true", "30000")
    assert "__CTI_CASE=a\\,b" in headers["Variable"]
    assert "CONNECTEDLINE(num,i)=+4420" in headers["Variable"]


def test_a_phone_that_answers_by_itself_is_asked_to_in_both_ways() -> None:
    (step,) = commands.actions(command(Verb.PLACE, to="1"), CallLegs(), situation(), config(auto_answer=True))
    assert {"Call-Info", "Alert-Info"} == {
        word for word in ("Call-Info", "Alert-Info") if any(word in each for each in step.headers["Variable"])
    }


def queue_add(queue: str) -> tuple[str, dict[str, Any]]:
    return (
        "QueueAdd",
        {
            "Queue": queue,
            "Interface": "PJSIP/1001",
            "MemberName": "Anna Ek",
            "Penalty": "0",
            "Paused": "true",
            "Reason": "ringline:agent",
            "StateInterface": "hint:1001@agents",
        },
    )


def pause(queue: str, reason: str, interface: str = "PJSIP/1001") -> tuple[str, dict[str, Any]]:
    return "QueuePause", {"Queue": queue, "Interface": interface, "Paused": "true", "Reason": reason}


def unpause(queue: str) -> tuple[str, dict[str, Any]]:
    return "QueuePause", {"Queue": queue, "Interface": "PJSIP/1001", "Paused": "false"}


def remove(queue: str) -> tuple[str, dict[str, Any]]:
    return "QueueRemove", {"Queue": queue, "Interface": "PJSIP/1001"}


STATIC = member("fixed", interface="Local/1001@from-queue/n", is_static=True)
OFF = member("fixed", interface="Local/1001@from-queue/n", is_static=True, paused=True, reason=LOGGED_OFF)
PAUSED_OFF = ("QueuePause", {"Queue": "fixed", "Interface": STATIC.interface, "Paused": "true", "Reason": LOGGED_OFF})
LOG_ON: dict[str, Any] = {"queues": ("support", "sales"), "name": "Anna Ek", "call": None}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ((), [queue_add("support"), queue_add("sales")]),
        ((member(),), [pause("support", "ringline:agent"), queue_add("sales")]),
        ((member(paused=True, reason="lunch"),), [queue_add("sales")]),
        ((member("old"),), [remove("old"), queue_add("support"), queue_add("sales")]),
        ((STATIC,), [PAUSED_OFF, queue_add("support"), queue_add("sales")]),
        ((OFF,), [queue_add("support"), queue_add("sales")]),
    ],
)
def test_log_on_makes_the_station_a_paused_member_of_its_queues(
    members: tuple[Member, ...], expected: list[tuple[str, dict[str, Any]]]
) -> None:
    assert asked(Verb.LOG_ON, *members, **LOG_ON) == expected


def test_log_on_takes_a_static_member_out_of_its_log_off_by_its_own_interface() -> None:
    expected = [pause("fixed", "ringline:agent", "Local/1001@from-queue/n")]
    assert asked(Verb.LOG_ON, OFF, queues=("fixed",), call=None) == expected


def test_log_on_without_queues_is_not_allowed() -> None:
    assert refused(Verb.LOG_ON, queues=(), call=None) is ErrorCode.NOT_ALLOWED


def test_log_off_removes_a_dynamic_member_and_pauses_a_static_one() -> None:
    expected = [remove("support"), pause("fixed", LOGGED_OFF, "Local/1001@from-queue/n")]
    assert asked(Verb.LOG_OFF, member(), STATIC, call=None) == expected


OURS = member("sales", paused=True, reason="ringline:agent")
SET_STATE: list[tuple[tuple[Member, ...], dict[str, str], dict[str, Any], list[tuple[str, dict[str, Any]]]]] = [
    ((member(),), {}, {"state": "not_ready"}, [pause("support", "ringline:agent")]),
    ((member(),), {}, {"state": "not_ready", "reason": "lunch"}, [pause("support", "lunch")]),
    ((member(paused=True, reason="training"),), {}, {"state": "not_ready", "reason": "lunch"}, []),
    ((OURS,), {}, {"state": "not_ready", "reason": "lunch"}, [pause("sales", "lunch")]),
    ((member(paused=True, reason="training"), OURS), {}, {"state": "ready"}, [unpause("sales")]),
    ((member(paused=True, reason="training"),), {}, {"state": "ready"}, [unpause("support")]),
    (
        (member(paused=True, reason="training"), member("sales", paused=True, reason="lunch")),
        {"sales": "lunch"},
        {"state": "ready"},
        [unpause("sales")],
    ),
    ((member(),), {}, {"state": "ready"}, []),
    ((OFF, OURS), {}, {"state": "ready"}, [unpause("sales")]),
    ((OFF, member()), {}, {"state": "not_ready"}, [pause("support", "ringline:agent")]),
]


@pytest.mark.parametrize(("members", "paused", "more", "expected"), SET_STATE)
def test_set_state_pauses_and_unpauses_only_what_is_ours_to_change(
    members: tuple[Member, ...],
    paused: dict[str, str],
    more: dict[str, Any],
    expected: list[tuple[str, dict[str, Any]]],
) -> None:
    assert asked(Verb.SET_STATE, *members, paused=paused, call=None, **more) == expected


def test_set_state_of_a_station_in_no_queue_is_not_logged_on() -> None:
    assert refused(Verb.SET_STATE, state="ready", call=None) is ErrorCode.NOT_LOGGED_ON
    assert refused(Verb.SET_STATE, OFF, state="ready", call=None) is ErrorCode.NOT_LOGGED_ON


def test_what_may_have_to_be_taken_back_says_how() -> None:
    (paused,) = commands.actions(command(Verb.SET_STATE, state="not_ready"), CallLegs(), situation(member()), config())
    assert paused.undo == Action(*unpause("support"))
    (added,) = commands.actions(command(Verb.LOG_ON, queues=("support",)), CallLegs(), situation(), config())
    assert added.undo == Action(*remove("support"))
    old = member(paused=True, reason="training")
    (freed,) = commands.actions(command(Verb.SET_STATE, state="ready"), CallLegs(), situation(old), config())
    assert freed.undo == Action(*pause("support", "training"))


def test_answer_hold_and_resume_are_offered_only_where_the_phone_takes_notify() -> None:
    offered = commands.capabilities(config(stations={"1001": {"answer": "notify"}}))
    by_notify = {Verb.ANSWER, Verb.HOLD, Verb.RESUME}
    assert offered.of("1001") - offered.of("1002") == by_notify
    assert commands.capabilities(config(default_answer="notify")).of("1002") >= by_notify


def test_a_verb_is_not_offered_when_the_user_may_not_do_one_of_its_actions() -> None:
    wanted = commands.capabilities(config(stations={"1001": {"answer": "notify"}}))
    everything = set().union(*rights.NEEDS.values())
    assert rights.permitted(wanted, everything) == wanted
    assert rights.missing(wanted, everything) == []
    some = everything - {"Originate", "PJSIPNotify"}
    lost = {Verb.PLACE, Verb.ANSWER, Verb.HOLD, Verb.RESUME}
    assert wanted.of("1001") - rights.permitted(wanted, some).of("1001") == lost
    assert rights.missing(wanted, some) == ["Originate", "PJSIPNotify"]


def test_a_phone_that_is_answered_by_pickup_needs_originate_and_is_not_held() -> None:
    wanted = commands.capabilities(config(default_answer="pickup"))
    assert wanted.default & {Verb.ANSWER, Verb.HOLD, Verb.RESUME} == {Verb.ANSWER}
    everything = set().union(*rights.NEEDS.values())
    assert Verb.ANSWER in rights.permitted(wanted, everything - {"PJSIPNotify"}).default
    assert Verb.ANSWER not in rights.permitted(wanted, everything - {"Originate"}).default


def test_answering_by_pickup_rings_the_own_phone_with_the_headers_and_takes_what_rings() -> None:
    now = situation()
    (step,) = commands.actions(command(Verb.ANSWER), CallLegs((OWN,)), now, config(default_answer="pickup"))
    assert (step.name, step.headers["Channel"], step.headers["ChannelId"]) == ("Originate", "PJSIP/1001", "ringline-x1")
    assert (step.headers["Application"], step.headers["Data"]) == ("PickupChan", OWN_NAME)


def test_every_verb_that_is_offered_says_which_actions_it_needs() -> None:
    assert commands.capabilities(config(default_answer="notify")).default == set(rights.NEEDS)


@pytest.mark.parametrize(
    "wrong",
    [
        {"station": "("},
        {"station": r"\d+"},
        {"trunk": "["},
        {"dial": "PJSIP/{number}"},
        {"member": "PJSIP/{station"},
        {"default_answer": "telepathy"},
        {"port": 0},
        {"ping_s": 0},
        {"username": ""},
        {"stations": {"1001": {"answer": "maybe"}}},
        {"unknown": 1},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**wrong)
