"""Broken networks, refused tokens and rotation, in a real browser."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import Open, events, settled, until
from tests.support.fake_page_cloud import FakePageCloud, at, call

BEAT_QUICKLY = 0.3
NO_FRAMES = ("{", "[]", "null", '"x"', "{}", '{"t":7}', '{"message":"Internal server error","connectionId":"x"}')


async def hidden(page: Page, persisted: str) -> None:
    """What the browser says when it puts the page aside, and when it takes it out again."""
    await page.evaluate(f"dispatchEvent(new PageTransitionEvent('{persisted}', {{persisted: true}}))")


async def test_s33_a_cut_socket_comes_back_with_nothing_missed_and_nothing_twice(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    await settled(page, cloud.rev)
    for leg, event in (("connected", "answered"), ("hold", "held"), ("connected", "resumed")):
        await cloud.cut()
        cloud.change(call(leg=leg), event=event)
        await settled(page, cloud.rev)
    assert await events(page) == ["ringing", "answered", "held", "resumed"]
    hello = [frame for frame in cloud.heard if frame["t"] == "hello"][-1]
    assert hello["rev"] < cloud.rev
    assert hello["n"] > 2**32


@pytest.mark.parametrize("seconds", [3, 20])
async def test_s33_the_banner_follows_how_long_the_network_is_gone(
    cloud: FakePageCloud, open_page: Open, seconds: int
) -> None:
    page = await open_page("/host.html", live=False)
    await page.clock.install()
    await page.reload()
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
    cloud.ticket_status = 503
    await cloud.cut()
    await expect(page.locator("section.panel")).to_have_attribute("data-live", "false")
    await page.clock.run_for(seconds * 1000)
    said = "Reconnecting…" if seconds < 6 else "No connection since"
    await expect(page.get_by_text(said)).to_be_visible()
    cloud.change(call(), event="ringing")
    cloud.ticket_status = 201
    await page.clock.run_for(1000)
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
    assert await events(page) == ["ringing"]


async def test_a_silent_socket_becomes_suspect_and_is_replaced(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.heartbeat_s = BEAT_QUICKLY
    page = await open_page()
    cloud.is_mute = True
    await until(page, "window.sockets.includes('suspect')")
    await until(page, "window.sockets.includes('retrying')")
    cloud.is_mute = False
    await cloud.cut()
    await until(page, "window.client.state.socket.state === 'live'")


async def test_a_lost_post_is_found_by_the_next_beat(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.heartbeat_s = BEAT_QUICKLY
    page = await open_page()
    cloud.change(call(), event="ringing")
    await expect(page.get_by_role("group", name="Erika Müller")).to_be_visible()
    assert await events(page) == ["ringing"]


async def test_rotation_opens_the_next_socket_before_it_closes_the_old_one(
    cloud: FakePageCloud, open_page: Open
) -> None:
    timing = json.dumps({"rotateMs": 400, "rotateJitterMs": 1})
    page = await open_page(f"/host.html?timing={timing}")
    hello = await cloud.hears(lambda frame: frame["t"] == "hello" and "replaces" in frame, "rotation")
    assert hello["replaces"] == hello["page"]
    await cloud.tell(call(), event="ringing")
    await settled(page, cloud.rev)
    assert await events(page) == ["ringing"]
    assert "retrying" not in await page.evaluate("window.sockets")
    assert "refresh" in await page.evaluate("window.tokens")


async def test_a_refused_token_is_asked_for_once_more_and_then_a_person_is(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.ticket_status = 401
    page = await open_page(live=False)
    await expect(page.get_by_text("Sign in again")).to_be_visible()
    assert await page.evaluate("window.tokens") == ["connect", "rejected"]
    cloud.ticket_status = 201
    await page.get_by_role("button", name="Retry now").click()
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()


@pytest.mark.parametrize("code", [4403, 4426])
async def test_a_final_bye_ends_it(cloud: FakePageCloud, open_page: Open, code: int) -> None:
    page = await open_page()
    await cloud.say({"t": "bye", "code": code})
    await expect(page.get_by_text(f"({code})")).to_be_visible()
    assert await page.evaluate("window.client.state.socket.state") == "closed"
    assert cloud.tickets == 1


async def test_a_drain_bye_brings_the_page_back(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.say({"t": "bye", "code": 4503, "retry_after_ms": 50})
    await until(page, "window.sockets.filter(state => state === 'live').length === 2")
    assert cloud.tickets == 2


async def test_s32_a_page_put_aside_closes_its_socket_and_opens_one_again_when_back(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await hidden(page, "pagehide")
    assert await page.evaluate("window.client.state.socket.state") == "parked"
    await hidden(page, "pageshow")
    await page.evaluate("document.dispatchEvent(new Event('resume'))")
    await until(page, "window.client.state.socket.state === 'live'")
    assert cloud.tickets == 2


async def test_a_command_without_a_socket_is_refused_at_once_and_never_sent_later(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    cloud.ticket_status = 503
    await cloud.cut()
    await until(page, "window.client.state.socket.state !== 'live'")
    asked = "window.client.command('drop', {call: 'c-1'}).catch(error => error.code)"
    assert await page.evaluate(asked) == "offline"
    cloud.ticket_status = 201
    await until(page, "window.client.state.socket.state === 'live'")
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_frames_that_are_no_frames_are_ignored(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    for socket in cloud.sockets:
        for text in (
            "{",
            "[]",
            "null",
            '"x"',
            "{}",
            '{"t":7}',
            '{"message":"Internal server error","connectionId":"x"}',
        ):
            await socket.send_str(text)
    await cloud.tell(call(), event="ringing", at=at())
    await settled(page, cloud.rev)
    assert await events(page) == ["ringing"]
