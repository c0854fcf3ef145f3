"""Who is run again, when, and what is said about it; the clock and the pauses are the test's."""

from __future__ import annotations

import asyncio
import logging

import pytest

from ringline_core.errors import (
    ConfigError,
    PbxAuthError,
    PbxProtocolError,
    PbxUnavailableError,
    RinglineError,
    UplinkRefusedError,
    UplinkUnavailableError,
)
from ringline_edge.supervisor import STABLE_S, Part
from ringline_edge.uplink.heard import SentAwayError


class Script:
    """A part that fails as told, and serves for as long as told before that; it ends the test with its script."""

    def __init__(self, *runs: tuple[float | None, Exception | None]) -> None:
        self.runs = list(runs)
        self.pauses: list[float] = []
        self.now = 0.0
        self.lost = 0
        self.part = Part("pbx", clock=lambda: self.now, pause=self.pause, fraction=lambda: 1.0)

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if not self.runs:
            raise asyncio.CancelledError

    async def serve(self) -> None:
        served_s, error = self.runs.pop(0)
        if served_s is not None:
            self.part.found()
            self.now += served_s
        if error:
            raise error

    def lose(self) -> None:
        self.lost += 1

    async def play(self) -> None:
        """Run the script to its end."""
        with pytest.raises(asyncio.CancelledError):
            await self.part.run(self.serve, self.lose)


AWAY = PbxUnavailableError("away")


async def test_the_pauses_of_a_part_that_stays_away_double_up_to_half_a_minute() -> None:
    script = Script(*[(None, AWAY)] * 9)
    await script.play()
    assert script.pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


@pytest.mark.parametrize(("served_s", "last_pause"), [(STABLE_S + 1, 0.5), (STABLE_S - 1, 2.0)])
async def test_only_a_part_that_served_for_long_begins_its_back_off_anew(served_s: float, last_pause: float) -> None:
    script = Script((None, AWAY), (None, AWAY), (served_s, AWAY))
    await script.play()
    assert script.pauses == [0.5, 1.0, last_pause]


async def test_a_cloud_that_says_when_to_come_back_is_not_asked_earlier() -> None:
    script = Script((1, SentAwayError("drain", 12.5)))
    await script.play()
    assert script.pauses == [13.0]


@pytest.mark.parametrize(
    "error",
    [AWAY, PbxProtocolError("junk"), UplinkUnavailableError("away"), SentAwayError("bye", 0), ValueError("bug")],
)
async def test_what_may_get_better_is_tried_again(error: Exception) -> None:
    script = Script((None, error), (None, error))
    await script.play()
    assert len(script.pauses) == script.lost == 2
    assert script.part.stopped is None


@pytest.mark.parametrize("error", [PbxAuthError("wrong"), UplinkRefusedError("4403"), ConfigError("no such file")])
async def test_what_only_a_human_can_mend_is_tried_once(error: RinglineError, caplog: pytest.LogCaptureFixture) -> None:
    script = Script((1, error), (1, AWAY))
    running = asyncio.create_task(script.part.run(script.serve, script.lose))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    assert len(script.runs) == 1
    assert not script.pauses
    assert script.part.stopped is error
    assert [r.message for r in caplog.records if r.levelno >= logging.ERROR] == ["part_stopped"]


async def test_an_absence_is_logged_once_when_it_begins_and_once_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    await Script((5, AWAY), (None, AWAY), (None, AWAY), (5, AWAY), (None, AWAY)).play()
    said = [record.message for record in caplog.records if record.name.endswith("supervisor")]
    assert said == ["part_found", "part_lost", "part_found", "part_lost"]


async def test_a_part_that_is_away_from_the_start_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    script = Script((None, AWAY), (None, AWAY))
    await script.play()
    assert [record.message for record in caplog.records] == ["part_lost"]
    assert script.part.losses == 0


async def test_losses_count_only_what_had_served() -> None:
    script = Script((5, AWAY), (None, AWAY), (5, AWAY))
    await script.play()
    assert script.part.losses == 2
    assert not script.part.is_up
