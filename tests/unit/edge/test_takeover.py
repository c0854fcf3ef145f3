"""An edge that takes the lead over: what the other one knew is not lost, and what stands by keeps its hands off."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from tests.support.waiting import eventually
from tests.unit.edge.test_gates import OWING, Site, site

__all__ = ["site"]
WORK = {"work": "w-1", "channel": "email", "label": "x", "lease_until_at": "2099-01-01T00:00:00.000Z"}


def leads(site: Site) -> None:
    """From now on this edge leads."""
    site.gates.leads = lambda: True
    site.gates.led()


def follows(site: Site) -> None:
    """Until told otherwise this edge does not lead."""
    site.gates.leads = lambda: False


async def test_a_debt_that_arose_under_another_edge_counts_although_this_one_remembers_the_agent(site: Site) -> None:
    site.tell()
    site.document()
    site.gates.close()
    site.memory.close()
    site.start()
    follows(site)  # desks come before the welcome
    site.tell(wrap_up=[OWING])
    leads(site)
    assert [each["interaction"] for each in site.document()["wrap_up"]] == ["i-hq-L9"]


async def test_debts_that_come_before_the_clouds_clock_is_known_do_not_lie_ahead(site: Site) -> None:
    at = (datetime.now(UTC) + timedelta(minutes=59)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    follows(site)
    site.tell(policy={"gate": "dirty"}, wrap_up=[{**OWING, "since_at": at, "needs": []}])
    site.gates.offset_ms = lambda: 3_600_000.0
    leads(site)
    gate, now_ms = site.gates.of("1001"), time.time_ns() // 1_000_000
    assert gate is not None
    assert (gate.next_due_ms(now_ms) or 0) - now_ms <= 10_000


async def test_a_supervisors_hold_outlives_the_edge_that_made_it(site: Site) -> None:
    site.pbx.holds["1001"] = "ringline:supervisor"
    follows(site)
    site.gates.stood_by()
    site.tell(held="ringline:supervisor")
    leads(site)
    await site.holding.settled()
    assert site.pbx.holds == {"1001": "ringline:supervisor"}


async def test_one_that_stands_by_lifts_nothing_when_its_own_way_to_the_cloud_is_gone(site: Site) -> None:
    site.pbx.holds["1001"] = "ringline:wrap_up"
    follows(site)
    site.gates.stood_by()
    site.gates.cloud_is_away(away=True)
    await site.holding.settled()
    assert site.pbx.holds == {"1001": "ringline:wrap_up"}


async def test_a_hold_after_a_second_lead_counts_from_then(site: Site) -> None:
    work = {**WORK, "blocks": ["voice"]}
    site.tell(work=[work])
    await eventually(lambda: site.document()["agent"]["reason"] == "ringline:work")
    first = site.document()["agent"]["since_at"]
    site.gates.stood_by()
    site.pbx.holds.clear()
    await eventually(lambda: datetime.now(UTC) > datetime.fromisoformat(first) + timedelta(milliseconds=20))
    site.tell(work=[work])
    leads(site)
    await eventually(lambda: site.document()["agent"]["reason"] == "ringline:work")
    assert site.document()["agent"]["since_at"] != first
