"""Write the golden traces of the fake FreeSWITCH: `python -m tests.support.fakes.freeswitch_traces`.

They are no recordings of a FreeSWITCH; a real one's go beside them under names of their own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ringline_edge.conformance.fakes.freeswitch.channels import Clock
from ringline_edge.conformance.fakes.freeswitch.server import CALLER, FakeFreeswitch

TRACES = Path(__file__).parents[2] / "traces/freeswitch"
META = 'pbx = "a fake of our own; no FreeSWITCH"\nlink = "event socket, event json"\nscenario = "{}"\n'


class Steady(Clock):
    """Two milliseconds from event to event, so that the same trace has the same times."""

    def now(self) -> int:
        """The next moment."""
        self._last = max(self._last, 1_760_000_000_000_000) + 2_000
        return self._last

    def later(self) -> None:
        """People take a second."""
        self._last += 1_000_000


class Recorder(FakeFreeswitch):
    """Says its events into a buffer."""

    def __init__(self) -> None:
        self.said = bytearray()
        super().__init__()
        self.steady = self.engine.clock = Steady()

    def _say(self, event: dict[str, Any]) -> None:
        body = json.dumps(event, ensure_ascii=False).encode()
        self.said += b"Content-Length: %d\nContent-Type: text/event-json\n\n%s" % (len(body), body)

    def do(self, line: str) -> None:
        """Run one of the PBX's functions."""
        self.api.run(line, lambda _output: None)

    def seat(self, station: str) -> None:
        """An agent of the support queue logs on and is ready."""
        name = f"{station}@default"
        self.do(f"callcenter_config agent add {name} callback")
        self.do(f"callcenter_config agent set contact {name} user/{station}")
        self.do(f"callcenter_config tier add support@default {name} 1 1")
        self.do(f"callcenter_config agent set status {name} Available")


def answered(pbx: Recorder) -> str:
    """A caller speaks to 1001."""
    caller = pbx.outside_call(CALLER, "1001", name="Ada Lovelace")
    pbx.answer("1001")
    return caller


def dropped_by_phone(pbx: Recorder) -> None:
    """An outside call, answered, hung up by the phone."""
    answered(pbx)
    pbx.hang_up("1001")


def dropped_by_caller(pbx: Recorder) -> None:
    """An outside call, answered, hung up by the caller."""
    pbx.hang_up(answered(pbx))


def abandoned(pbx: Recorder) -> None:
    """The caller gives up while it rings."""
    pbx.hang_up(pbx.outside_call(CALLER, "1001"))


def no_answer(pbx: Recorder) -> None:
    """It rings out."""
    pbx.outside_call(CALLER, "1001")
    pbx.ring_out("1001")


def busy(pbx: Recorder) -> None:
    """A colleague is called who is busy."""
    pbx.engine.busy.add("1002")
    pbx.dial("1001", "1002")


def hold_resume(pbx: Recorder) -> None:
    """The phone's hold key, twice."""
    caller = answered(pbx)
    pbx.hold("1001")
    pbx.resume("1001")
    pbx.steady.later()
    pbx.hang_up(caller)


def hangup_on_hold(pbx: Recorder) -> None:
    """The caller hangs up on hold; FreeSWITCH says that the hold ended, and at once that the call did."""
    caller = answered(pbx)
    pbx.hold("1001")
    pbx.hang_up(caller)


def blind_by_phone(pbx: Recorder) -> None:
    """REFER by the phone to a colleague who answers."""
    answered(pbx)
    pbx.transfer("1001", "1003")
    pbx.answer("1003")
    pbx.hang_up("1003")


def attended_by_phone(pbx: Recorder) -> None:
    """REFER with Replaces by the phone after a consultation on its second line."""
    answered(pbx)
    pbx.hold("1001")
    pbx.dial("1001", "1002")
    pbx.answer("1002")
    pbx.complete("1001")
    pbx.hang_up("1002")


def queue_rejected_then_answered(pbx: Recorder) -> None:
    """A queue call that one agent refuses and the next one takes."""
    pbx.seat("1001")
    pbx.seat("1002")
    caller = pbx.outside_call(CALLER, "5000")
    pbx.reject("1001")
    pbx.answer("1002")
    pbx.hang_up(caller)


def click_to_dial(pbx: Recorder) -> None:
    """The PBX rings the own phone, and dials once it is picked up."""
    variables = "{origination_uuid=7d0f2f6e-c2d,ringline_to=004930123456,cti_ticket=7%208}"
    pbx.do(f"originate {variables}user/1001 004930123456 XML default")
    pbx.answer("1001")
    pbx.answer("004930123456")
    pbx.hang_up("1001")


def phones_and_agents(pbx: Recorder) -> None:
    """Registrations come and go; an agent uses the phone's keys."""
    pbx.register("1001")
    pbx.seat("1001")
    pbx.press("1001", "not_ready")
    pbx.press("1001", "log_off")
    pbx.unregister("1001")


SCENARIOS: tuple[Callable[[Recorder], None], ...] = (
    dropped_by_phone,
    dropped_by_caller,
    abandoned,
    no_answer,
    busy,
    hold_resume,
    hangup_on_hold,
    blind_by_phone,
    attended_by_phone,
    queue_rejected_then_answered,
    click_to_dial,
    phones_and_agents,
)


def main() -> None:
    """Write `in.esl` and `meta.toml` of every scenario."""
    for scenario in SCENARIOS:
        pbx = Recorder()
        scenario(pbx)
        folder = TRACES / scenario.__name__.replace("_", "-")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "in.esl").write_bytes(pbx.said)
        (folder / "meta.toml").write_text(META.format((scenario.__doc__ or "").strip().rstrip(".")))


if __name__ == "__main__":
    main()
