"""The rendered configuration says what the local stack promises."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

import pytest

from infra.pbx.asterisk.config import (
    STATIONS,
    Instance,
    Options,
    Ports,
    Secrets,
    fill,
    queue_numbers,
    queues_of,
    render,
)

SECRETS = Secrets("bench-pw", "bridge-pw", "notify-pw", "phone-pw")


def rendered(options: Options | None = None) -> dict[str, str]:
    instance = Instance(
        Path("/state"), Path("/run"), Path("/none"), Path("/data"), Ports.at(7000), SECRETS, options or Options()
    )
    return render(instance)


def section(text: str, name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=(";",), delimiters=("=",))
    parser.read_string(text)
    return parser[name]


def test_no_hole_is_left_in_any_file() -> None:
    for name, text in rendered().items():
        assert not re.search(r"@[A-Z_]+@", text), name


def test_a_hole_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("port = @NOBODY@", {})


def test_every_station_has_a_hint_that_a_hold_can_be_set_on() -> None:
    text = rendered()["extensions.conf"]
    agents = text.partition("[agents]")[2].partition("[queues]")[0]
    for station in STATIONS:
        assert f"exten => {station},hint,PJSIP/{station}&Custom:ringline-{station}\n" in agents


def test_logging_in_by_feature_code_names_the_hint_as_state_interface() -> None:
    assert "hint:${CHANNEL(endpoint)}@agents)" in rendered()["extensions.conf"]


def test_queues_have_strict_empty_rules_and_the_asked_ring_time() -> None:
    text = rendered(Options(queue_ring_s=7))["queues.conf"]
    template = section(text, "q")
    assert (template["joinempty"], template["leavewhenempty"], template["timeout"]) == ("strict", "strict", "7")


@pytest.mark.parametrize(
    ("user", "write"),
    [
        ("bridge", "call,agent,originate,reporting,user"),
        ("bridge-notify", "call,agent,originate,reporting,user,system"),
    ],
)
def test_an_edge_has_the_least_rights_it_needs(user: str, write: str) -> None:
    found = section(rendered()["manager.conf"], user)
    assert found["read"] == "system,call,agent,user"
    assert found["write"] == write
    assert found["eventfilter"].startswith("!Event: ")
    assert (found["deny"], found["permit"]) == ("0.0.0.0/0.0.0.0", "127.0.0.0/255.0.0.0")


def test_each_user_has_a_secret_of_its_own() -> None:
    text = rendered()["manager.conf"]
    assert [section(text, user)["secret"] for user in ("bench", "bridge", "bridge-notify")] == [
        "bench-pw",
        "bridge-pw",
        "notify-pw",
    ]
    fresh = Secrets()
    assert len({fresh.bench, fresh.bridge, fresh.notify, fresh.phones}) == 4
    assert fresh.bridge not in repr(fresh)


def test_extra_queues_are_there_only_when_asked_for() -> None:
    plain, extra = rendered(), rendered(Options(extra_queues=True))
    assert "[local]" not in plain["queues.conf"]
    assert "exten => 5002" not in plain["extensions.conf"]
    assert "member => Local/1003@agents/n,0,Agent 1003,hint:1003@agents" in extra["queues.conf"]
    assert "member => PJSIP/1002,0,Agent 1002,hint:1002@agents" in extra["queues.conf"]
    assert queue_numbers(Options(extra_queues=True)) == {
        "5000": "support",
        "5001": "sales",
        "5002": "local",
        "5003": "static",
        "5004": "wrapping",
    }


def test_everything_listens_on_loopback_only() -> None:
    files = rendered()
    bound = [line for text in files.values() for line in text.splitlines() if re.match(r"bind(addr)? *=", line)]
    assert bound
    assert all(re.search(r"= *127\.0\.0\.1(:7000)?$", line) for line in bound)


def test_sue_is_in_support_only() -> None:
    assert queues_of("1004") == ("support",)
    assert queues_of("1001") == ("support", "sales")
