"""Exactly one page pops, whatever the network and the pages do: a model of whole rings, with the server's own rule.

The pages' rules are those of `web/client/pop.js`, written out once more; `web/client/pop.test.js` has the same cases
for the page itself. Pages hang, freeze and die, or may not pop any more; timers of hidden pages come up to a second
late; frames overtake each other.
Each ring is made from its number alone, so that a failure can be looked at again. `RINGLINE_POP_RUNS` sets how many.
"""

from __future__ import annotations

import heapq
import itertools
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from ringline_core.domain.pop import LEASE_MS, STEAL_MS, Candidate, Held, claimed, finished, passed, ranked

RUNS = int(os.environ.get("RINGLINE_POP_RUNS", "20000"))
TURN_MS, STEAL_TURN_MS, REPEAT_MS = 350.0, 200.0, 1000.0
END_MS = 30_000.0
"""A call that rings for longer pops nowhere."""


@dataclass(frozen=True)
class World:
    """What may go wrong, and how often; hops are one way, milliseconds."""

    hop_ms: tuple[float, float] = (20, 150)
    tail: tuple[float, float] = (0.05, 800)
    lease_ms: float = LEASE_MS
    hidden: float = 0.5
    hangs: float = 0.25
    freezes: float = 0.15
    dies: float = 0.15
    dies_popping: float = 0.05
    unwilling: float = 0.1
    timers_first: float = 0.2
    """How often a page that hung runs its timers before it reads what came meanwhile."""


@dataclass(frozen=True)
class Pop:
    """`pop` of the wire, to one page."""

    rank: int
    grant: int
    page: int | None
    done: bool


class Ring:
    """One alerting call: the server, its agent's pages, and the network between them."""

    def __init__(self, seed: int, world: World) -> None:
        self.random = random.Random(seed)
        self.world = world
        self.now = 0.0
        self.held: Held | None = None
        self.popped: list[int] = []
        self.died_popping = False
        self._order = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self.pages = [Page(self, number) for number in range(self.random.randint(2, 5))]
        self.candidates = {page.number: Candidate(str(page.number)) for page in self.pages}

    def run(self) -> str:
        """How it ended: `once`, `double`, `missed`, `nobody` (no page lived that could), or `died popping`."""
        for page in self.pages:
            page.suffer()
        self._tell()
        while self._events and self._events[0][0] <= END_MS:
            self.now, _, happens = heapq.heappop(self._events)
            happens()
        if len(self.popped) == 1:
            return "once"
        if self.died_popping:
            return "died popping"
        if self.popped:
            return "double"
        return "missed" if any(page.lives and page.can_pop for page in self.pages) else "nobody"

    def after(self, ms: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + ms, next(self._order), happens))

    def hop(self) -> float:
        share, longest = self.world.tail
        low, high = self.world.hop_ms
        return low + self.random.random() * ((longest if self.random.random() < share else high) - low)

    def claim(self, page: int, grant: int) -> None:
        self.after(self.hop(), lambda: self._take(claimed(self.held, str(page), grant, int(self.now) + 1)))

    def pass_on(self, page: int, grant: int) -> None:
        self.after(self.hop(), lambda: self._passed(page, grant))

    def done(self, grant: int) -> None:
        self.after(self.hop(), lambda: self._take(finished(self.held, grant)))

    def _passed(self, page: int, grant: int) -> None:
        self.candidates[page] = Candidate(str(page), can_pop=False)
        self._take(passed(self.held, str(page), grant))

    def _take(self, held: Held | None) -> None:
        self.held = held or self.held
        self._tell()

    def _tell(self) -> None:
        held = self.held
        grant, done = (held.grant, held.done) if held else (0, False)
        holder = int(held.page) if held and not held.is_passed else None
        for rank, number in enumerate(map(int, ranked(self.candidates.values()))):
            self._post(self.pages[number], Pop(rank, grant, holder, done))

    def _post(self, page: Page, frame: Pop) -> None:
        self.after(self.hop(), lambda: page.reads(frame))


class Page:
    """The rules of `web/client/pop.js` for one call, in a page that may hang, freeze or die."""

    def __init__(self, ring: Ring, number: int) -> None:
        self.ring, self.number, self.rank = ring, number, 0
        self.lives = self.can_pop = True
        self.grant, self.claimed_at = 0, float("nan")
        self.is_claimed = self.is_done = self.is_opened = False
        self._timer = 0
        self._is_armed = False
        self._hangs_until = 0.0
        self._waiting: list[tuple[bool, Callable[[], None]]] = []

    # --- what happens to it

    def suffer(self) -> None:
        """Decide what goes wrong here."""
        world, chance = self.ring.world, self.ring.random.random
        if chance() < world.hangs:
            self.ring.after(chance() * 2500, lambda: self._hang(500 + chance() * 6000))
        if chance() < world.freezes + world.dies:
            self.ring.after(chance() * 2500, self._die)
        if chance() < world.unwilling:
            self.ring.after(chance() * 1000, self._refuse)

    def _refuse(self) -> None:
        self.can_pop = False

    def _hang(self, ms: float) -> None:
        self._hangs_until = self.ring.now + ms
        self.ring.after(ms, self._wake)

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        if self.ring.random.random() < self.ring.world.timers_first:
            waiting.sort(key=lambda each: not each[0])
        for _, happens in waiting:
            self._happens(happens)

    def _die(self) -> None:
        """A frozen page and a dead one look the same from outside."""
        self.lives = False

    def _happens(self, what: Callable[[], None], *, is_timer: bool = False) -> None:
        if self.lives and self.ring.now < self._hangs_until:
            self._waiting.append((is_timer, what))
        elif self.lives:
            what()

    def _arm(self, ms: float, then: Callable[[], None]) -> None:
        self._timer += 1
        self._is_armed = True
        mine = self._timer

        def fires() -> None:
            if mine == self._timer:
                self._is_armed = False
                then()

        late = self.ring.random.random() * 1000 if self.ring.random.random() < self.ring.world.hidden else 0
        self.ring.after(ms + late, lambda: self._happens(fires, is_timer=True))

    # --- what it does

    def reads(self, frame: Pop) -> None:
        self._happens(lambda: self._heard(frame))

    def _heard(self, frame: Pop) -> None:
        if self.is_done:
            return
        self.rank = frame.rank
        if frame.done:
            self.is_done = True
            self._timer += 1
        elif frame.page is None:
            self._open(frame.grant)
        elif frame.grant > self.grant:
            self._granted(frame)

    def _open(self, grant: int) -> None:
        is_news = grant >= self.grant if grant else self.grant == 0 and not self._is_armed
        if is_news and not self.is_opened and not (self.is_claimed and grant == self.grant):
            self.grant = grant
            self._arm(self.rank * TURN_MS, self._turn)

    def _granted(self, frame: Pop) -> None:
        is_fresh = self.is_claimed and self.ring.now - self.claimed_at < self.ring.world.lease_ms
        self.grant, self.is_claimed = frame.grant, False
        if self.is_opened:
            self._tell_done()
        elif frame.page == self.number and is_fresh and self.can_pop:
            self._pop()
        else:
            if frame.page == self.number and is_fresh:
                self.ring.pass_on(self.number, self.grant)
            self._arm(STEAL_MS + self.rank * STEAL_TURN_MS, self._turn)

    def _pop(self) -> None:
        self.is_opened = True
        chance = self.ring.random.random
        if chance() < self.ring.world.dies_popping:
            self.lives, self.ring.died_popping = False, True
            if chance() < 0.5:
                self.ring.popped.append(self.number)
            return
        self.ring.popped.append(self.number)
        self._tell_done()

    def _tell_done(self) -> None:
        self.ring.done(self.grant)
        self._arm(REPEAT_MS, self._tell_done)

    def _turn(self) -> None:
        has_hung = self.is_claimed and self.ring.now - self.claimed_at >= self.ring.world.lease_ms
        self.is_claimed = self.can_pop and not has_hung
        if self.is_claimed:
            self.claimed_at = self.ring.now
            self.ring.claim(self.number, self.grant)
        self._arm(REPEAT_MS, self._turn)


def endings(world: World, runs: int = RUNS) -> Counter[str]:
    """How so many rings end."""
    return Counter(Ring(seed, world).run() for seed in range(runs))


def test_over_all_rings_exactly_one_page_pops_while_one_lives() -> None:
    ended = endings(World())
    assert (ended["double"], ended["missed"]) == (0, 0), ended
    assert ended["once"] > 0.9 * RUNS, ended


@pytest.mark.parametrize(
    "world",
    [
        World(hangs=0, freezes=0, dies=0, dies_popping=0),
        World(hop_ms=(5, 40), tail=(0, 0)),
        World(hidden=1),
        World(hangs=1, freezes=0, dies=0, dies_popping=0),
        World(unwilling=0.8),
    ],
    ids=["nothing-fails", "near", "all-hidden", "all-hang", "most-unwilling"],
)
def test_it_holds_for_other_surroundings(world: World) -> None:
    ended = endings(world, RUNS // 10)
    assert (ended["double"], ended["missed"]) == (0, 0), ended


def test_without_the_lease_pages_that_hang_pop_a_second_time() -> None:
    """What the lease is for: without it this model sees doubles, so it would see them above."""
    assert endings(replace(World(), lease_ms=float("inf")), RUNS // 10)["double"] > 0
