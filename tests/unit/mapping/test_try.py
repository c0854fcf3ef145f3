"""`ringline-edge mapping try`: a profile on a feed, from the command line."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

import aiohttp

from tests.support.waiting import eventually
from tests.unit.mapping.hooks import SECRET, signed, small
from tests.unit.mapping.test_adapter import CALL, TOKEN, Feed, feed, free_port

__all__ = ["feed"]


async def tried(*words: str) -> tuple[int, str]:
    """Exit code and output of `ringline-edge mapping try`."""
    code = "from ringline_edge.cli import app; app()"
    pipe = asyncio.subprocess.PIPE
    asked = [sys.executable, "-c", code, "mapping", "try", *words]
    child = await asyncio.create_subprocess_exec(*asked, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    said, _ = await child.communicate()
    return child.returncode or 0, said.decode()


async def test_try_prints_what_a_profile_makes_of_a_feed(feed: tuple[Feed, str], tmp_path: Path) -> None:
    pbx, address = feed
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n")
    pbx.answers["list"] = lambda _: [{"type": "all"}, {**CALL, "state": "rings"}, {"type": "weather"}]
    code, said = await tried(
        "jsonl", "--connect", address, "--setting", f"token={secret}", "--seconds", "1"
    )  # fmt: skip
    assert code == 0, said
    assert "snapshot: " in said
    assert "1 messages that no rule knew" in said
    assert TOKEN not in said


async def test_try_says_what_is_lacking(feed: tuple[Feed, str]) -> None:
    assert await tried("jsonl") == (78, "say where the feed is: --connect host:port, --sidecar or --pipe\n")
    assert await tried("jsonl", "--connect", feed[1]) == (78, "the profile needs --setting for token\n")
    code, said = await tried("jsonl", "--connect", f"127.0.0.1:{await free_port()}", "--setting", "token=/dev/null")
    assert (code, said.split(":")[0]) == (1, "pbx_down")


async def test_try_waits_for_posts_too(tmp_path: Path) -> None:
    profile, secret, body = tmp_path / "small.yaml", tmp_path / "secret", b"event=call&call=c7&phone=201&state=ringing"
    profile.write_text(small("form"))
    secret.write_text(SECRET)
    door = f"127.0.0.1:{await free_port()}"
    trying = asyncio.create_task(
        tried(str(profile), "--connect", door, "--setting", f"secret={secret}", "--seconds", "3")
    )

    async def posted() -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as http:
                url = f"http://{door}/ringline/events"
                async with http.post(url, data=body, headers=signed(body)) as answer:
                    return answer.status == 204
        return False

    await eventually(posted, 10)
    code, said = await trying
    assert code == 0, said
    assert "leg c7 call c7 station 201 None alerting" in said
    secret.write_text("")
    code, said = await tried(str(profile), "--connect", door, "--setting", f"secret={secret}")
    assert (code, said) == (78, "pbx.mapping.settings.secret: empty; then anybody may post\n")
