"""A recorded link as facts: frames of both directions in their order, as a capture of the link has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.naming import number_of
from ringline_edge.adapters.csta.protocol import FrameProtocol
from ringline_edge.adapters.csta.translate import Translator, monitor_of
from ringline_edge.adapters.csta.xml import Element, find, local, parse, text

_PAUSE_MS: Final = 100
"""Time between two frames: events of CSTA bear none, so a recording has none either."""


def facts(data: bytes) -> Iterator[Fact]:
    """The facts in a recording; its stations are the devices that were monitored in it.

    Raises:
        PbxProtocolError: The recording is none of this protocol.
    """
    messages = [(frame.invoke, parse(frame.body)) for frame in FrameProtocol().receive_data(data)]
    stations = {_asked(each, "monitorObject", "deviceObject") for _, each in messages if local(each) == "MonitorStart"}
    config = CstaConfig(
        host="recorded", dialect="plain", stations=tuple(sorted(each for each in stations if each)) or ("0",)
    )
    translator = Translator(config)
    asked: dict[int, tuple[str, str]] = {}
    for at_ms, (invoke, message) in enumerate(messages):
        match local(message):
            case "MonitorStart":
                asked[invoke] = "monitor", _asked(message, "monitorObject", "deviceObject")
            case "GetAgentState":
                asked[invoke] = "agent", _asked(message, "device")
            case "MonitorStartResponse" if asked.get(invoke, ("",))[0] == "monitor":
                translator.monitors[monitor_of(message)] = asked.pop(invoke)[1]
            case "GetAgentStateResponse" if asked.get(invoke, ("",))[0] == "agent":
                station = asked.pop(invoke)[1]
                if station in translator.agents.seats:
                    yield from translator.agents.take(station, message, at_ms * _PAUSE_MS)
            case _:
                yield from translator.translate(message, at_ms * _PAUSE_MS)


def _asked(request: Element, *path: str) -> str:
    return number_of(text(find(request, *path)))
