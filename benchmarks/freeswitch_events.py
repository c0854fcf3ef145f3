"""What an event of FreeSWITCH costs the edge: cutting it from the stream, reading it, and translating it.

The calls are the fake's golden scenarios; events that carry variables are padded with them to the size of
real ones, some 8 KB and 140 headers. `python -m benchmarks.run freeswitch_events`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from benchmarks.figures import ROOT, Figure
from ringline_edge.adapters.freeswitch import replay
from ringline_edge.adapters.freeswitch.protocol import EslProtocol, Message

TRACES = ROOT / "tests/traces/freeswitch"
PADDING = {
    f"variable_{kind}_{number}": f"value-{number}@192.0.2.7:5060;transport=udp"
    for kind in ("sip_h_X", "rtp_local_sdp", "ep_codec", "switch_r_sdp")
    for number in range(24)
}
ROUNDS, REPEATED = 9, 8
BUDGET_US = 30


def measure() -> Iterator[Figure]:
    """The least of several rounds: other work on the machine only ever adds."""
    events = [
        frame.headers
        for trace in sorted(TRACES.glob("*/in.esl"))
        for frame in EslProtocol().receive_data(trace.read_bytes())
    ]
    bodies = [json.dumps(event | (PADDING if _has_variables(event) else {})).encode() for event in events]
    stream = b"".join(b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(each), each) for each in bodies)
    count = len(bodies) * REPEATED
    whole = min(_timed(lambda: sum(1 for _ in replay(stream, "hq", {}))) for _ in range(ROUNDS)) / count
    parsed = min(_timed(lambda: sum(1 for _ in EslProtocol().receive_data(stream))) for _ in range(ROUNDS)) / count
    bare = min(_timed(lambda: sum(1 for _ in map(json.loads, bodies))) for _ in range(ROUNDS)) / count
    size = sum(map(len, bodies)) // len(bodies)
    note = f"{len(bodies)} events of {size} bytes; json.loads alone {bare:.1f} us"
    yield Figure("FreeSWITCH event, parse", f"{parsed:.1f} us", note=note)
    yield Figure(
        "FreeSWITCH event, parse and translate", f"{whole:.1f} us", f"<= {BUDGET_US} us", whole <= BUDGET_US,
        f"{whole / bare:.2f} x json.loads",
    )  # fmt: skip


def _has_variables(event: Message) -> bool:
    """Call states and the agents' news come without."""
    return str(event["Event-Name"]).startswith("CHANNEL_") and event["Event-Name"] != "CHANNEL_CALLSTATE"


def _timed(work: Callable[[], object]) -> float:
    """Microseconds of processor time, which other programs of the machine do not count into."""
    began = time.process_time()
    for _ in range(REPEATED):
        work()
    return (time.process_time() - began) * 1e6
