"""What a profile may say of the talk: numbers for ids, patience for each step, passwords, when a verb is taken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ringline_core.domain.facts import CallLegs, Leg
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, LegState, Verb
from ringline_edge.adapters.mapping import loading, plan, samples
from ringline_edge.adapters.mapping.loading import ProfileError
from ringline_edge.adapters.mapping.profile import Sample
from ringline_edge.adapters.mapping.translate import Translator
from tests.support.waiting import eventually
from tests.unit.mapping.test_adapter import CALL, TOKEN, Edge, Feed, Message, changed, command, edge, feed, jsonl
from tests.unit.mapping.test_plain import FIXED
from tests.unit.mapping.test_profiles import GOOD

__all__ = ["feed"]
LOGIN = '    - send: {type: login, id: "{id}", token: "{settings.token}"}\n'
LIST = '    - send: {type: list, id: "{id}"}\n'
ONCE = ("session:\n", "session:\n  once: number\n")
TALKS = {**CALL, "state": "talks"}
LEGS = CallLegs(("7/1001",))


@pytest.mark.parametrize(
    ("where", "told"), [(LOGIN, "the PBX does not answer"), (LIST, "the PBX does not tell what is there")]
)
async def test_each_step_has_a_patience_of_its_own(
    feed: tuple[Feed, str], tmp_path: Path, where: str, told: str
) -> None:
    pbx, address = feed
    pbx.answers["login" if where == LOGIN else "list"] = lambda _: []
    profile = changed(tmp_path, (where, f"{where}      timeout_s: 0.1\n"))
    async with edge(**{**jsonl(address, profile=profile), "reply_timeout_s": 60}) as joined:
        fault = await joined.fault()
    assert (type(fault), str(fault)) == (PbxUnavailableError, told)


async def test_a_step_may_take_longer_than_the_rest(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    ok = {"type": "reply", "ok": True}

    def later(asked: Message) -> list[Message]:
        asyncio.get_running_loop().call_later(0.3, pbx.tell, {**ok, "id": asked["id"]})
        return []

    pbx.answers["login"] = later
    profile = changed(tmp_path, (LOGIN, f"{LOGIN}      timeout_s: 30\n"))
    async with edge(**{**jsonl(address, profile=profile), "reply_timeout_s": 0.1}) as joined:
        await eventually(lambda: any(each["type"] == "list" for each in pbx.asked))
        assert not joined.running.done()


async def test_ids_may_be_numbers_that_begin_again(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [TALKS]
    profile = changed(tmp_path, ("replies:\n", "replies:\n  ids: 99\n"))
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
        for _ in range(100):
            await joined.adapter.execute(command("hold", call="c"), LEGS)
    assert [each["id"] for each in pbx.asked] == [*range(1, 100), 1, 2, 3]


async def test_a_number_that_still_waits_for_its_answer_is_not_given_again(
    feed: tuple[Feed, str], tmp_path: Path
) -> None:
    pbx, address = feed
    pbx.calls = [TALKS]
    answer = pbx.answers["do"]
    profile = changed(tmp_path, ("replies:\n", "replies:\n  ids: 99\n"), ("  hold:\n", "  hold:\n    timeout_s: 60\n"))
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
        pbx.answers["do"] = lambda _: []
        slow = asyncio.create_task(joined.adapter.execute(command("hold", call="c"), LEGS))
        await eventually(lambda: [each for each in pbx.asked if each["type"] == "do"])
        pbx.answers["do"] = answer
        for _ in range(99):
            await joined.adapter.execute(command("drop", call="c"), LEGS)
        pbx.tell({"type": "reply", "id": 3, "ok": False, "text": "the slow one"})
        with pytest.raises(CommandError, match="the slow one"):
            await slow
    assert [each["id"] for each in pbx.asked].count(3) == 1


async def test_the_agents_password_goes_along_and_is_found_by_login(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    agents = [{"phone": "1001", "state": "ready", "login": "4711"}]
    pbx.answers["list"] = lambda _: [{"type": "all", "calls": [], "phones": [], "agents": agents}]
    off = 'do: log_off, phone: "{station}", login: "{login}"'
    profile = changed(tmp_path, (off, off + ', pin: "{password}"'))
    secrets = {"agent_password": "0000", "agent_passwords": {"4711": "1234"}}
    async with edge(**jsonl(address, profile=profile), **secrets) as joined:
        await joined.ready()
        await joined.adapter.execute(command("log_off"), CallLegs())
        await joined.adapter.execute(command("log_off", login="4712"), CallLegs())
        assert "1234" not in repr(joined.adapter.__dict__["_config"])
    assert [(each["login"], each["pin"]) for each in pbx.asked[-2:]] == [("4711", "1234"), ("4712", "0000")]


async def test_a_message_that_came_before_is_passed_over(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    async with edge(**jsonl(address, profile=changed(tmp_path, ONCE))) as joined:
        await joined.ready()
        said = (("a", "rings"), ("b", "over"), ("a", "rings"), (None, "rings"), ("c", "talks"), (None, "over"))
        for number, state in said:
            pbx.tell({**CALL, "state": state, "number": number})
        await eventually(lambda: len(joined.states()) == 5)
        rings, talks = LegState.ALERTING, LegState.CONNECTED
        assert joined.states() == [rings, rings, rings, talks, talks]


async def test_long_values_that_begin_alike_are_not_the_same(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    async with edge(**jsonl(address, profile=changed(tmp_path, ONCE))) as joined:
        await joined.ready()
        for end, state in (("a", "rings"), ("b", "talks"), ("b", "rings"), ("c", "holds")):
            pbx.tell({**CALL, "state": state, "number": "0" * 200 + end})
        await eventually(lambda: len(joined.states()) == 3)
        assert joined.states() == [LegState.ALERTING, LegState.CONNECTED, LegState.HOLD]


async def test_a_setting_that_no_message_can_hold_is_told(feed: tuple[Feed, str], tmp_path: Path) -> None:
    profile = tmp_path / "fixed.yaml"
    send = 'session: {login: [{send: "{id:<4}{settings.word:<4}"}]}\n'
    profile.write_text(FIXED.replace("replies:\n", f"settings: [word]\n{send}replies:\n"))
    settings = {"profile": str(profile), "hosts": [feed[1]], "settings": {"word": "too long"}}
    async with edge(**settings) as joined:
        fault = await joined.fault()
    told = "a message of ours cannot be said to this PBX: a value is longer than its columns"
    assert (type(fault), str(fault)) == (PbxProtocolError, told)


DEPENDS = GOOD.replace("    first: {", "    remember: {locked: locked}\n    first: {").replace(
    "  drop:\n", "  drop:\n    when: {not: {memory: locked, equals: true}}\n"
).replace("map: {r: alerting}", "map: {r: alerting, t: connected}")  # fmt: skip


def test_a_verb_is_offered_while_the_pbx_takes_it() -> None:
    translator = Translator(plan.compiled(*loading.parse(DEPENDS, "feed.yaml")), {})
    model = StationModel("s")
    model.lead(1)
    model.capabilities = lambda _: frozenset({Verb.DROP, Verb.HOLD})
    call = '{"type": "call", "id": "7", "phone": "201", "state": "t"'
    can = []
    for more in ("}", ', "locked": true}', "}", ', "locked": false}'):
        for fact in translator.facts(translator.hear(call + more, 1000)):
            model.apply(fact)
        can.append(model.document("201")["calls"][0]["can"])
    assert can == [["drop", "hold"], ["hold"], ["hold"], ["drop", "hold"]]


async def test_a_verb_that_the_pbx_does_not_take_now_is_refused(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [TALKS]
    profile = changed(tmp_path, ("  hold:\n", "  hold:\n    when: {memory: state, equals: hold}\n"))
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
        with pytest.raises(CommandError) as refused:
            await joined.adapter.execute(command("hold", call="c"), LEGS)
        assert refused.value.error_code is ErrorCode.NOT_ALLOWED
        assert refused.value.text == "This PBX does not take hold for this call now."
        pbx.tell({**CALL, "state": "holds"})
        await eventually(joined.states)
        (leg,) = [each for each in joined.facts if isinstance(each, Leg)]
        assert leg.barred == frozenset()
        await joined.adapter.execute(command("hold", call="c"), LEGS)
    assert [each["do"] for each in pbx.asked if each["type"] == "do"] == ["hold"]


def test_a_sample_shows_what_can_be_done() -> None:
    known = plan.compiled(*loading.parse(DEPENDS, "feed.yaml"))
    tell = {"type": "call", "id": "7", "phone": "201", "state": "t", "locked": True}
    step = {"tell": [tell], "shows": {"201": [{"can": ["drop"]}]}}
    (fault,) = samples.play(known, Sample.model_validate({"name": "locked", "steps": [step]}))
    assert fault == "locked, step 1: 201 should show [{'can': ['drop']}], shows [{'can': []}]"


async def test_a_command_that_is_given_up_leaves_no_bar_behind(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [TALKS]
    answer, pbx.answers["do"] = pbx.answers["do"], lambda _: []
    once = '  hold:\n    remember: {asked: "1"}\n    when: {not: {memory: asked, equals: "1"}}\n'
    async with edge(**jsonl(address, profile=changed(tmp_path, ("  hold:\n", once)))) as joined:
        await joined.ready()
        given = asyncio.create_task(joined.adapter.execute(command("hold", call="c"), LEGS))
        await eventually(lambda: [each for each in pbx.asked if each["type"] == "do"])
        given.cancel()
        await asyncio.gather(given, return_exceptions=True)
        pbx.answers["do"] = answer
        await joined.adapter.execute(command("hold", call="c"), LEGS)


async def test_answers_in_their_order_begin_anew_where_one_never_came(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [TALKS]
    pbx.answers["login"] = lambda _: [{"type": "reply", "ok": True}]
    pbx.answers["do"] = lambda _: []
    patience = ("    send: {type: do", "    timeout_s: 0.2\n    send: {type: do")
    async with edge(**jsonl(address, profile=changed(tmp_path, ("  id: id\n", ""), patience))) as joined:
        await joined.ready()
        for _ in range(2):
            with pytest.raises(CommandError):
                await joined.adapter.execute(command("hold", call="c"), LEGS)
            pbx.answers["do"] = lambda _: [{"type": "reply", "ok": True}]
        fault = await joined.fault()
    assert (type(fault), str(fault)) == (PbxUnavailableError, "the PBX left answers out")


async def test_a_refusal_repeats_no_secret(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [TALKS]
    pbx.answers["do"] = lambda m: [
        {"type": "reply", "id": m["id"], "ok": False, "text": "PIN 0042 of 1001 is wrong", "error": "0042", "pin": 42}
    ]
    profile = changed(tmp_path, ("replies:\n", "redact: [error]\nreplies:\n"))
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
        with pytest.raises(CommandError) as refused:
            await joined.adapter.execute(command("hold", call="c"), LEGS)
    assert refused.value.text == "PIN *** of 1001 is wrong"


async def test_a_refusal_repeats_no_setting_and_no_password(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.answers["do"] = lambda m: [
        {"type": "reply", "id": m["id"], "ok": False, "text": f"{TOKEN}: ann/00429 is not 0042", "error": "0042"}
    ]
    profile = changed(tmp_path, ("replies:\n", "redact: [error]\nreplies:\n"))
    async with edge(**jsonl(address, profile=profile), agent_passwords={"ann": "00429"}) as joined:
        await joined.ready()
        with pytest.raises(CommandError) as refused:
            await joined.adapter.execute(command("log_on", login="ann"), CallLegs())
    assert refused.value.text == "***: ann/*** is not ***"


@contextlib.asynccontextmanager
async def at_a_pipe(folder: Path, pbx: Feed) -> AsyncIterator[Edge]:
    path = folder / "feed.sock"
    server = await asyncio.start_unix_server(pbx.serve, path)
    profile = changed(folder, ("transport: tcp\n", "transport: pipe\n"))
    async with edge(profile=profile, pipe=str(path), settings={"token": TOKEN}) as joined:
        yield joined
    server.close()


async def test_a_program_of_this_machine_is_met_at_its_socket(tmp_path: Path) -> None:
    pbx = Feed()
    async with at_a_pipe(tmp_path, pbx) as joined:
        await joined.ready()
        pbx.tell({**CALL, "state": "rings"})
        await eventually(lambda: joined.states() == [LegState.ALERTING])
        assert pbx.writer is not None
        pbx.writer.close()
        fault = await joined.fault()
    assert (type(fault), str(fault)) == (PbxUnavailableError, "the PBX closed the link")


async def test_nobody_at_the_socket_is_a_pbx_that_is_away(tmp_path: Path) -> None:
    profile = changed(tmp_path, ("transport: tcp\n", "transport: pipe\n"))
    async with edge(profile=profile, pipe=str(tmp_path / "none"), settings={"token": TOKEN}) as joined:
        fault = await joined.fault()
    assert (type(fault), str(fault)) == (PbxUnavailableError, f"nobody is at {tmp_path / 'none'}")


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("  drop:\n", "  place:\n    when: {memory: a, equals: b}\n", "19: commands.place.when: the verb is about no"),
        ("  drop:\n", "  drop:\n    when: {get: a, equals: b}\n", "19: commands.drop.when: there is no message here"),
        ("  drop:\n", "  drop:\n    when: {now: true, equals: b}\n", "19: commands.drop.when: there is no message"),
        (
            "  drop:\n",
            "  drop:\n    when: [{memory: a, exists: true}, {any: [{coalesce: [{memory: a}, b], equals: c}]}]\n",
            "19: commands.drop.when.1: there is no message here",
        ),
        ("  id: id\n", "  id: id\n  ids: 9\n", "8: replies.ids"),
        ("  id: id\n", "  id: id\n  ids: words\n", "8: replies.ids"),
        ("settings", "redact: ['a[']\nsettings", "5: redact.0: no JSON path"),
        ("settings", "redact: ['[0]']\nsettings", "5: redact.0: a path that ends at no name"),
        ("{leg.call}", "{leg.call:<4}", "19: commands.drop.send: widths are for messages of plain text"),
        ("settings", "transport: fifo\nsettings", "5: transport: Input should be"),
        (
            "settings",
            "session: {login: [{send: {a: b}, expect: false, timeout_s: 5}]}\nsettings",
            "5: session.login.0: no answer is waited for",
        ),
    ],
)
def test_faults_in_it_are_told(good: str, bad: str, told: str) -> None:
    assert good in GOOD
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(GOOD.replace(good, bad, 1), "feed.yaml"))
    assert f"feed.yaml:{told}" in str(found.value)


ELSEWHERE = DEPENDS.replace(
    "{not: {memory: locked, equals: true}}", '{not: {memory: locked, of: {const: "8"}, equals: true}}'
)


def test_a_verb_that_depends_on_another_leg_is_told_with_that() -> None:
    translator = Translator(plan.compiled(*loading.parse(ELSEWHERE, "feed.yaml")), {})
    told = []
    for call, more in (("7", ""), ("8", ', "locked": true'), ("8", ', "locked": false')):
        message = f'{{"type": "call", "id": "{call}", "phone": "201", "state": "t"{more}}}'
        facts = translator.facts(translator.hear(message, 1000))
        told.append({each.leg: sorted(each.barred) for each in facts if isinstance(each, Leg)})
    assert told == [{"7": []}, {"7": ["drop"], "8": ["drop"]}, {"7": [], "8": []}]


async def test_a_command_may_bar_itself_until_it_is_refused(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    pbx.calls = [TALKS]
    once = '  hold:\n    remember: {asked: "1"}\n    when: {not: {memory: asked, equals: "1"}}\n'
    async with edge(**jsonl(address, profile=changed(tmp_path, ("  hold:\n", once)))) as joined:
        await joined.ready()
        pbx.tell({**TALKS, "name": "Ann"})
        await eventually(lambda: any(isinstance(each, Leg) for each in joined.facts))
        await joined.adapter.execute(command("hold", call="c"), LEGS)
        with pytest.raises(CommandError, match="does not take hold"):
            await joined.adapter.execute(command("hold", call="c"), LEGS)
        bars = [each.barred for each in joined.facts if isinstance(each, Leg) and each.station]
    assert [each["do"] for each in pbx.asked if each["type"] == "do"] == ["hold"]
    assert bars == [frozenset(), frozenset({Verb.HOLD})]
