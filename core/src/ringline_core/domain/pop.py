"""Exactly one page pops a call: the server ranks the agent's pages, and one of them claims and is granted.

There is no leader among pages: a page that the browser froze keeps its socket, and whatever lock made it the leader.
The server needs no timer either, since the rule is looked at when the next claim comes. The page keeps a lease: a grant
read later than `LEASE_MS` after its own claim is not its any more. The lease is shorter than `STEAL_MS`, so that a page
that wakes up late never pops beside the one that took over. The proofs are
`tests/property/core/test_pop_model.py` and, with the real page, `web/client/pop.model.test.js`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

LEASE_MS: Final = 1200
"""How long after its claim a page may act on the grant, by its own clock."""
STEAL_MS: Final = 1800
"""How long after a grant another page may take it while the holder has not said that it is done; the server's clock."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What ranks one page of an agent.

    Attributes:
        page: Its id; one page may be known by several sockets while it changes over.
        can_pop: Whether its app lets it pop now.
        focused: Whether it has the keyboard.
        visible: Whether any of it can be seen.
        last_input_ms: When it was last used, milliseconds since the epoch; 0 when it never told.
        opened_ms: When its socket said hello, milliseconds since the epoch.
    """

    page: str
    can_pop: bool = True
    focused: bool = False
    visible: bool = False
    last_input_ms: int = 0
    opened_ms: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """Who may pop one call.

    Attributes:
        grant: How many grants there were, this one included; from 1.
        page: The page that got it.
        granted_ms: When, by the server's clock; 0 once the page passed, so that the next claim is granted at once.
        done: The page has popped. Nothing changes after that.
    """

    grant: int
    page: str
    granted_ms: int
    done: bool = False

    @property
    def is_passed(self) -> bool:
        """The page that got it left it to the next."""
        return self.granted_ms == 0 and not self.done


def ranked(candidates: Iterable[Candidate]) -> tuple[str, ...]:
    """The pages, best first, each once: focused, then visible, then the one used last; who cannot pop comes last.

    Of a page with two sockets the newer one counts.
    """
    newest: dict[str, Candidate] = {}
    for each in sorted(candidates, key=lambda each: each.opened_ms):
        newest[each.page] = each
    return tuple(sorted(newest, key=lambda page: _worse(newest[page])))


def claimed(held: Held | None, page: str, asked: int, now_ms: int) -> Held | None:
    """The grant that a claim gets, or None.

    Args:
        held: The grant as it stands; None when there was none yet.
        page: Who claims.
        asked: Number of the grant that the page would take over; 0 when it knows of none.
        now_ms: The server's clock.
    """
    if held is None:
        return Held(1, page, now_ms) if asked == 0 else None
    if held.done or asked != held.grant or now_ms - held.granted_ms < STEAL_MS:
        return None
    return Held(held.grant + 1, page, now_ms)


def finished(held: Held | None, grant: int) -> Held | None:
    """The grant once its page has popped; None when that changes nothing.

    The number alone counts: a page that reloads because it popped may come back under another id.
    """
    return replace(held, done=True) if held is not None and not held.done and held.grant == grant else None


def passed(held: Held | None, page: str, grant: int) -> Held | None:
    """The grant once its page left it to the next; None when that changes nothing."""
    if held is None or held.done or held.is_passed or (held.page, held.grant) != (page, grant):
        return None
    return replace(held, granted_ms=0)


def _worse(each: Candidate) -> tuple[bool, bool, bool, int, int, str]:
    return not each.can_pop, not each.focused, not each.visible, -each.last_input_ms, -each.opened_ms, each.page
