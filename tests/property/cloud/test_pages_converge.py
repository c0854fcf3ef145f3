"""The real handlers under kills, loss, repetition and disorder: pages end up with the newest document.

A Lambda may die between its write and its posts, frames come twice, late or in another order, posts are lost or late,
and an older edge goes on talking. Only the beat heals what a lost last post leaves.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.cloud import SITE, TENANT, Cloud, call, document, running

STATIONS = ("1001", "1002")
PAGES = {"1001": ("p1", "p2"), "1002": ("p3",)}
AGENTS = {"1001": "anna", "1002": "ben"}
Frame = dict[str, Any]


class KilledError(BaseException):
    """The function's process ended at this very place."""


class Page:
    """What one page holds: the newest `rev` wins."""

    def __init__(self) -> None:
        self.rev = 0
        self.calls: list[str] = []

    def take(self, frame: Frame) -> None:
        """Apply a `station` frame as the contract says."""
        if frame["rev"] > self.rev:
            self.rev, self.calls = frame["rev"], [each["call"] for each in frame["doc"]["calls"]]


class Convergence(RuleBasedStateMachine):
    """Two stations, three pages, an edge that restarts, and a network that does what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.cloud: Cloud = self.stack.enter_context(running())
        self.pages = {socket: Page() for sockets in PAGES.values() for socket in sockets}
        self.way_up: list[Frame] = []
        self.way_down: list[tuple[str, Frame]] = []
        self.newest: dict[str, tuple[int, int, str]] = {}
        self.highest: dict[str, int] = {}
        self.seq = self.number = self.session = 0
        self.epoch = 0
        self.restart()
        for station, sockets in PAGES.items():
            self.cloud.logged_on(AGENTS[station], station, sockets[0])
            for socket in sockets[1:]:
                self.cloud.page_opens(AGENTS[station], socket, f"page-{socket}")
        self.collect()

    @rule()
    def restart(self) -> None:
        """The edge comes back as a new process: a new epoch, and all it knows anew."""
        self.session += 1
        self.epoch = self.cloud.edge_leads(session=f"s{self.session}")["epoch"]
        self.seq = 0
        for station, (_, _, ident) in list(self.newest.items()):
            self.tell(station, ident)

    @rule(station=st.sampled_from(STATIONS))
    def change(self, station: str) -> None:
        self.number += 1
        self.tell(station, f"c-{self.number}")

    def tell(self, station: str, ident: str) -> None:
        """A document goes on its way."""
        self.seq += 1
        self.newest[station] = (self.epoch, self.seq, ident)
        told = {"station": station, "seq": self.seq, "doc": document(station, [call(ident)])}
        self.way_up.append({"t": "state", "epoch": self.epoch, "stations": [told]})

    @rule(data=st.data(), killed=st.booleans())
    def cloud_takes_any(self, data: st.DataObject, killed: bool) -> None:
        """Some frame arrives, perhaps not for the last time; perhaps the function dies after its write."""
        if not self.way_up:
            return
        index = data.draw(st.integers(0, len(self.way_up) - 1))
        stays = killed or data.draw(st.booleans())
        frame = self.way_up[index] if stays else self.way_up.pop(index)
        self.deliver(frame, killed=killed)

    def deliver(self, frame: Frame, *, killed: bool) -> Frame | None:
        """One invocation; what it answered, None when it died."""
        if not killed:
            answer = self.cloud.from_edge(frame)
            self.collect()
            return answer
        wire = self.cloud.pages
        healthy = wire.post
        wire.post = self.die  # type: ignore[method-assign, assignment]
        try:
            self.cloud.from_edge(frame)
        except KilledError:
            pass
        finally:
            wire.post = healthy  # type: ignore[method-assign]
        return None

    @staticmethod
    def die(*_: object) -> tuple[str, ...]:
        """The post never happens, and nothing after it."""
        raise KilledError

    def collect(self) -> None:
        """Posts are on their way to the pages."""
        self.way_down += [(socket, f) for socket, f in self.cloud.pages.posted if f["t"] == "station" and f["doc"]]
        self.cloud.pages.posted.clear()

    @rule(data=st.data())
    def page_hears_any(self, data: st.DataObject) -> None:
        if self.way_down:
            socket, frame = self.way_down.pop(data.draw(st.integers(0, len(self.way_down) - 1)))
            self.pages[socket].take(frame)

    @rule()
    def posts_are_lost(self) -> None:
        self.way_down.clear()

    @rule(socket=st.sampled_from([s for sockets in PAGES.values() for s in sockets]))
    def beat(self, socket: str) -> None:
        station = next(each for each, sockets in PAGES.items() if socket in sockets)
        beat = {"t": "beat", "station": station, "rev": self.pages[socket].rev}
        self.cloud.from_page(beat, AGENTS[station], socket)
        self.collect()

    @invariant()
    def what_is_stored_never_goes_back(self) -> None:
        for station in STATIONS:
            item = self.cloud.deps.stations.get(TENANT, SITE, station)
            if item is not None:
                assert item.lane >= self.highest.get(station, -1)
                self.highest[station] = item.lane

    def teardown(self) -> None:
        """With a good line every page shows the newest document of its station."""
        for frame in list(self.way_up):
            self.deliver(frame, killed=False)
        self.way_down.clear()
        for socket in self.pages:
            self.beat(socket)
        for socket, frame in self.way_down:
            self.pages[socket].take(frame)
        for station, sockets in PAGES.items():
            expected = [self.newest[station][2]] if station in self.newest else []
            assert [self.pages[socket].calls for socket in sockets] == [expected] * len(sockets)
        self.stack.close()


TestPagesConverge = Convergence.TestCase
TestPagesConverge.settings = settings(deadline=None, max_examples=25, stateful_step_count=40)
