"""Frames that the contract does not allow: a stable code each, and the socket goes on."""

from __future__ import annotations

import json

import pytest

from tests.support.cloud import Cloud, document

PAGE = [
    ("not json", "message_invalid"),
    ("[]", "message_invalid"),
    ("{}", "message_invalid"),
    ('{"t":"no_such_type"}', "message_invalid"),
    ('{"t":"beat","surprise":1}', "message_invalid"),
    ('{"t":"beat","rev":"x"}', "message_invalid"),
    ('{"t":"command","id":"a b","verb":"place"}', "message_invalid"),
    ('{"t":"beat","station":"' + "9" * 29_000 + '"}', "too_large"),
    ("[" * 20_000, "message_invalid"),
    ('{"t":"hello","v":2,"page":"p","client":"x"}', "version_unsupported"),
    ('{"t":"note.put","id":"n1","interaction":"i-1","text":"' + "ä" * 9_000 + '"}', "too_large"),
    ('{"t":"command","id":"x1","verb":"reject","call":"c","reason":"because"}', "message_invalid"),
    ('{"t":"command","id":"x1","verb":"set_state","state":"not_ready","reason":"ringline:wrap_up"}', "message_invalid"),
    ('{"t":"command","id":"x1","verb":"attach","call":"c","data":{"k":"' + "x" * 3_000 + '"}}', "too_large"),
]
EDGE = [
    ("not json", "message_invalid"),
    ('{"t":"state","frame":7,"epoch":1,"stations":[]}', "message_invalid"),
    ('{"t":"state","frame":7,"epoch":1,"stations":[{"station":"1001","seq":1,"doc":{}}]}', "message_invalid"),
    ('{"t":"beat","frame":7,"epoch":1,"pbx":"sideways"}', "message_invalid"),
    ('{"t":"hello","frame":7,"v":9,"edge":"edge-1","session":"s","software":"x","pbx":{"kind":"x"}}',
     "version_unsupported"),
    ('{"t":"beat","frame":7,"epoch":1,"pbx":"up","new":1}', "message_invalid"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code"), PAGE)
def test_a_page_hears_the_code_and_the_socket_goes_on(cloud: Cloud, text: str, code: str) -> None:
    refused = cloud.from_page(text)
    assert refused
    assert (refused["t"], refused["code"]) == ("error", code)
    assert (cloud.from_page({"t": "beat"}) or {})["t"] == "beat"


@pytest.mark.parametrize(("text", "code"), EDGE)
def test_an_edge_hears_the_code_of_the_very_frame(cloud: Cloud, text: str, code: str) -> None:
    refused = cloud.from_edge(text)
    assert refused
    assert refused["code"] == code
    if text.startswith("{"):
        assert (refused["t"], refused["frame"]) == ("ack", 7)


def test_the_refused_frames_id_comes_back_as_ref(cloud: Cloud) -> None:
    refused = cloud.from_page({"t": "command", "id": "x1", "verb": "fly"})
    assert refused
    assert (refused["ref"], refused["code"]) == ("x1", "message_invalid")


def test_a_frame_names_no_tenant_site_or_agent(cloud: Cloud) -> None:
    for name in ("tenant", "site", "agent", "roles"):
        assert (cloud.from_page({"t": "beat", name: "other"}) or {})["code"] == "message_invalid"


def test_a_document_of_another_station_than_its_envelope_is_refused(cloud: Cloud) -> None:
    told = {"station": "1001", "seq": 1, "doc": document("1002")}
    answer = cloud.from_edge({"t": "state", "epoch": 1, "stations": [told]})
    assert answer
    assert answer["code"] == "message_invalid"


def test_a_fault_of_ours_is_told_without_a_word_of_it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr(cloud.deps.agents, "get", broken)
    refused = cloud.from_page({"t": "beat"})
    assert refused
    assert refused["code"] == "internal"
    assert "secret" not in json.dumps(refused)
