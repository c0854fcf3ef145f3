"""A consultation that is cancelled: its end and the customer's return are told by two threads, in either order."""

from __future__ import annotations

import pytest

from ringline_core.domain.model import StationModel
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import AmiProtocol, Message
from ringline_edge.adapters.asterisk.translate import Translator, moment
from tests.contract.golden import TRACES

CONFIG = AsteriskConfig(username="u", secret="s")
NAMING = Naming(CONFIG.station, CONFIG.feature_prefix, CONFIG.trunk, CONFIG.consult_context)


def messages() -> list[Message]:
    """The recorded session in which 1001 asks 1004 and goes back to the customer."""
    recorded = (TRACES / "asterisk" / "consult-cancel" / "in.ami").read_bytes()
    return list(AmiProtocol(banner="recorded").receive_data(recorded))


def is_end(message: Message) -> bool:
    """The end of the pair's first half."""
    return message.get("Event") == "Hangup" and message["Channel"].endswith(";1")


def is_back(message: Message) -> bool:
    """The agent comes into a bridge."""
    return message.get("Event") == "BridgeEnter" and message["Channel"].startswith("PJSIP/1001-")


def told(session: list[Message], *, is_cancelled: bool) -> list[str]:
    """Transitions of calls at 1001; the page asked for the end just before the pair's half left the agent."""
    translator, model = Translator(NAMING, tells_requests=True), StationModel("hq")
    model.lead(1)
    for message in session:
        left = message.get("Event") == "BridgeLeave" and message["Channel"].endswith(";1")
        for consult in translator.floor.consults.values() if left and is_cancelled else ():
            consult.is_cancelled = True
        for fact in translator.translate(message, moment(message, 0)):
            model.apply(fact)
    assert not translator.floor.consults
    return [each["event"] for each in model.document("1001")["recent"] if each["call"]]


def late(session: list[Message]) -> list[Message]:
    """The same session, with the pair's end told after the agent is back with the customer."""
    (end,) = (message for message in session if is_end(message))
    rest = [message for message in session if message is not end]
    back = max(place for place, message in enumerate(rest) if is_back(message))
    assert back > session.index(end)
    return [*rest[: back + 1], end, *rest[back + 1 :]]


def test_asked_for_by_a_page_it_is_told_in_one_order_whatever_the_pbx_says_first() -> None:
    session = messages()
    expected = told(session, is_cancelled=True)
    assert expected[4:7] == ["answered", "dropped", "resumed"]
    assert told(late(session), is_cancelled=True) == expected


@pytest.mark.parametrize("is_late", [False, True])
def test_ended_by_others_nothing_of_it_is_left_either(*, is_late: bool) -> None:
    session = messages()
    events = told(late(session) if is_late else session, is_cancelled=False)
    assert events.count("dropped") == 2
