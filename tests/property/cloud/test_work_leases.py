"""Two pages begin, touch and end work as they like, frames are repeated, leases run out: desk and edge stay true."""

from __future__ import annotations

from contextlib import ExitStack

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.cloud import SITE, TENANT, Cloud, Frame, running

WORKS = st.sampled_from([f"w-{number}" for number in range(10)])
SOCKETS = st.sampled_from(["p1", "p2"])
MOST = 8


class WorkLeases(RuleBasedStateMachine):
    """The model is a map from work to the second at which its lease ends."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.cloud: Cloud = self.stack.enter_context(running())
        self.cloud.edge_leads()
        self.cloud.logged_on()
        self.cloud.page_opens(socket="p2", page="page-2")
        self.leases: dict[str, int] = {}
        self.number = 0
        self.sent: list[tuple[Frame, str]] = []

    def say(self, kind: str, work: str, socket: str, ttl_s: int = 60) -> Frame | None:
        self.number += 1
        frame = {"t": kind, "id": f"x-{self.number}", "work": work, "ttl_s": ttl_s}
        frame |= {"channel": "email"} if kind == "work.begin" else {}
        self.sent.append((frame, socket))
        return self.cloud.from_page(frame, socket=socket)

    def ends_at(self, ttl_s: int) -> int:
        return self.cloud.now_ms + ttl_s * 1000

    @rule(work=WORKS, socket=SOCKETS, ttl_s=st.integers(1, 100))
    def begin(self, work: str, socket: str, ttl_s: int) -> None:
        answer = self.say("work.begin", work, socket, ttl_s)
        if work in self.leases:
            assert answer
            assert answer["already"] is True
        elif len(self.leases) == MOST:
            assert answer
            assert answer["error"]["code"] == "not_allowed"
            return
        else:
            assert answer is None
        self.leases[work] = max(self.leases.get(work, 0), self.ends_at(ttl_s))

    @rule(work=WORKS, socket=SOCKETS, ttl_s=st.integers(1, 100))
    def touch(self, work: str, socket: str, ttl_s: int) -> None:
        answer = self.say("work.touch", work, socket, ttl_s)
        assert answer
        assert (answer["stage"] == "confirmed") == (work in self.leases)
        if work in self.leases:
            self.leases[work] = max(self.leases[work], self.ends_at(ttl_s))

    @rule(work=WORKS, socket=SOCKETS)
    def end(self, work: str, socket: str) -> None:
        answer = self.say("work.end", work, socket)
        assert answer
        assert (answer["stage"], answer.get("already", False)) == ("confirmed", work not in self.leases)
        self.leases.pop(work, None)

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        """A frame that was taken before changes nothing."""
        if self.sent:
            frame, socket = data.draw(st.sampled_from(self.sent))
            self.cloud.from_page(frame, socket=socket)

    @rule(seconds=st.integers(1, 50))
    def time_passes(self, seconds: int) -> None:
        self.cloud.later(seconds)
        self.leases = {work: at for work, at in self.leases.items() if at > self.cloud.now_ms}
        self.cloud.edge_leads()

    @rule(socket=SOCKETS)
    def beat(self, socket: str) -> None:
        self.cloud.from_page({"t": "beat", "station": "1001", "rev": 0}, socket=socket)
        newest = self.cloud.pages.to(socket, "station")[-1]
        assert {each["work"] for each in newest["desk"]["work"]} == set(self.leases)

    @invariant()
    def what_is_open_is_stored_once_and_the_edge_knows_it(self) -> None:
        item = self.cloud.deps.stations.get(TENANT, SITE, "1001")
        assert item
        kept = [each["work"] for each in item.desk["work"]]
        assert len(kept) == len(set(kept))
        assert set(self.leases) <= set(kept)
        (told,) = self.cloud.edges.to("e1", "desks")[-1]["items"]
        assert told["work"] == item.desk["work"]

    def teardown(self) -> None:
        self.stack.close()


TestWorkLeases = WorkLeases.TestCase
TestWorkLeases.settings = settings(deadline=None, max_examples=10, stateful_step_count=25)
