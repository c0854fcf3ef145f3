"""Recorded calls again and again, each time as calls that never were: with ids, times and customers of their own.

What is played are the golden traces of `tests/traces`, and for the simulated PBX calls at its own exchange. One play in
ten breaks off, so that ends never come; one in five rings an extension that nobody has told of.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringline_edge.adapters.asterisk.protocol import WANTED
from ringline_edge.adapters.csta.protocol import FrameProtocol
from ringline_edge.adapters.freeswitch.protocol import EslProtocol
from tests.support import simulated_calls

_TRACES: Final = Path(__file__).parents[1] / "traces"
_BEGAN_MS: Final = 1_800_000_000_000
_PAUSE_MS: Final = 2_000
_USUAL_MS: Final = 60_000
_TAPED_MS: Final = 1_760_000_000_000
"""When the fake's recordings of FreeSWITCH begin."""

_BROKEN, _STRANGE, _STRANGERS = 10, 5, 40
_ODD: Final = 2_654_435_761
"""An odd number, by which a count spreads over all of 32 bits and meets no value twice."""


@dataclass(frozen=True)
class Play:
    """One recorded scenario, once more.

    Attributes:
        at_ms: When it begins.
        messages: As the PBX sends them.
        is_broken: The calls' ends are not in it.
    """

    at_ms: int
    messages: Sequence[bytes]
    is_broken: bool


@dataclass(frozen=True)
class Recording:
    """What one PBX said.

    Attributes:
        traces: Messages, by scenario.
        spans_ms: How long each scenario lasts.
        ids: What must be another one in every play.
        renew: The new one, by what was found, the number of the play, and how much later it is in milliseconds.
        first_ms: When each scenario began.
        extension: One that others take the place of.
    """

    traces: Sequence[Sequence[bytes]]
    spans_ms: Sequence[int]
    first_ms: Sequence[int]
    ids: re.Pattern[bytes]
    renew: Callable[[re.Match[bytes], int, int], bytes]
    extension: bytes

    def plays(self, *, broken: bool = True) -> Iterator[Play]:
        """The scenarios in turn, for ever; `broken`: some of them without their ends."""
        at_ms, count = _BEGAN_MS, 0
        while True:
            for messages, first_ms, span_ms in zip(self.traces, self.first_ms, self.spans_ms, strict=True):
                count += 1
                is_broken = broken and count % _BROKEN == 0
                told = messages[: max(1, len(messages) * (1 + count % 7) // 8)] if is_broken else messages
                yield Play(at_ms, [self._again(each, count, at_ms - first_ms) for each in told], is_broken)
                at_ms += (span_ms + _PAUSE_MS) // 1000 * 1000

    def _again(self, message: bytes, count: int, later_ms: int) -> bytes:
        if count % _STRANGE == 0:
            stranger = b"8%03d" % (count // _STRANGE % _STRANGERS)
            message = re.sub(rb"(?<!\d)%s(?!\d)" % self.extension, stranger, message)
        return self.ids.sub(lambda found: self.renew(found, count, later_ms), message)


def recording(name: str) -> Recording:
    """Of `asterisk`, `csta-dmcc`, `csta-plain`, `freeswitch` or `simulator`."""
    return _MADE[name]()


def _customer(number: bytes, count: int) -> bytes:
    """Another caller of the same country; as many digits, since lengths are told beside some messages."""
    return number[:-7] + b"%07d" % ((int(number[-7:]) + count * 7919) % 10**7)


def _hex(value: bytes, count: int) -> bytes:
    return b"%08x" % ((int(value, 16) + count * _ODD) % 2**32)


def _asterisk() -> Recording:
    """Without what the adapter drops unread."""
    traces = []
    for path in sorted(_TRACES.glob("asterisk/*/in.ami")):
        blocks = [each.strip(b"\r\n") + b"\r\n\r\n" for each in path.read_bytes().split(b"\r\n\r\n")]
        wanted = [each for each in blocks if each[len(b"Event: ") :].split(b"\r\n", 1)[0] in WANTED]
        if any(b"Timestamp: " in each for each in wanted):
            traces.append(wanted)
    stamps = [[float(each) * 1000 for each in re.findall(rb"Timestamp: ([\d.]+)", b"".join(trace))] for trace in traces]
    ids = re.compile(
        rb"(?P<customer>\+\d{10,13})|(?P<second>(?<!\d)1[67]\d{8})(?=\.\d)|(?P<ours>ctd-\d+)"
        rb"|(?P<uuid>(?<![0-9a-f])[0-9a-f]{8}(?=-[0-9a-f]{4}-))|(?P<channel>(?<=-)[0-9a-f]{8}(?=[;\r<]))"
    )

    def renew(found: re.Match[bytes], count: int, later_ms: int) -> bytes:
        value = found[0]
        match found.lastgroup:
            case "customer":
                return _customer(value, count)
            case "second":
                return b"%d" % (int(value) + later_ms // 1000)
            case "ours":
                return b"%s-%d" % (value, count)
            case _:
                return _hex(value, count)

    spans = [round(max(each) - min(each)) for each in stamps]
    return Recording(traces, spans, [int(min(each)) // 1000 * 1000 for each in stamps], ids, renew, b"1002")


def _csta(dialect: str) -> Recording:
    """Events of CSTA bear no time; call ids come again after 60,000, as those of a switch do."""
    traces = []
    for path in sorted(_TRACES.glob(f"csta/{dialect}-*/in.csta")):
        frames = FrameProtocol().receive_data(path.read_bytes())
        traces.append([each.body for each in frames if b"<MonitorStart" not in each.body])
    ids = re.compile(
        rb"(?P<customer>0207\d{7})|(?P<ucid>(?<=LinkageID>)\d{20})|(?P<long>(?<=<callID>)[0-9A-F]{16,}(?=<))"
        rb"|(?P<short>(?<=<callID>)\d{1,5}(?=<))"
    )

    def renew(found: re.Match[bytes], count: int, _later_ms: int) -> bytes:
        value = found[0]
        match found.lastgroup:
            case "customer":
                return _customer(value, count)
            case "ucid":
                return b"%010d" % (int(value[:10]) + count * 1000) + value[10:]
            case "long":
                return value[:-9] + b"%09d" % (int(value[-9:]) + count * 8)
            case _:
                return b"%d" % ((int(value) + count * 8) % 60_000)

    return Recording(traces, [_USUAL_MS] * len(traces), [0] * len(traces), ids, renew, b"4751")


def _freeswitch() -> Recording:
    traces = []
    for path in sorted(_TRACES.glob("freeswitch/*/in.esl")):
        bodies = [json.dumps(each.headers).encode() for each in EslProtocol().receive_data(path.read_bytes())]
        traces.append([b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(b), b) for b in bodies])
    ids = re.compile(
        rb"(?P<customer>\+\d{10,13})|(?P<stamp>(?<!\d)1[67]\d{14}(?!\d))|(?P<uuid>(?<![0-9a-f])[0-9a-f]{8}(?=-[0-9a-f]{3}))"
    )

    def renew(found: re.Match[bytes], count: int, later_ms: int) -> bytes:
        value = found[0]
        match found.lastgroup:
            case "customer":
                return _customer(value, count)
            case "stamp":
                return b"%d" % (int(value) + later_ms * 1000)
            case _:
                return _hex(value, count)

    return Recording(traces, [_USUAL_MS] * len(traces), [_TAPED_MS] * len(traces), ids, renew, b"1002")


def _simulator() -> Recording:
    ids = re.compile(
        rb"(?P<customer>\+\d{10,13})|(?P<stamp>(?<!\d)1[67]\d{11}(?!\d))|(?P<id>(?<!\d)1[67]\d{8}(?=\.\d))"
    )

    def renew(found: re.Match[bytes], count: int, later_ms: int) -> bytes:
        match found.lastgroup:
            case "customer":
                return _customer(found[0], count)
            case "stamp":
                return b"%d" % (int(found[0]) + later_ms)
            case _:
                return b"%d" % (int(found[0]) + later_ms // 1000)

    traces = simulated_calls.traces()
    begun = [simulated_calls.BEGAN_MS] * len(traces)
    return Recording(traces, [_USUAL_MS] * len(traces), begun, ids, renew, b"1002")


_MADE: Final[dict[str, Callable[[], Recording]]] = {
    "asterisk": _asterisk,
    "csta-dmcc": lambda: _csta("dmcc"),
    "csta-plain": lambda: _csta("openscape"),
    "freeswitch": _freeswitch,
    "simulator": _simulator,
}
