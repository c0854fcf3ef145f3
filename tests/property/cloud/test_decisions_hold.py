"""Decisions under any order of what agents and edges do: what nobody has decided is never lost, nor in two places.

An entry of a document is undecided at the desk, owed by its agent, or decided by a note, a disposition or "nothing to
note". It leaves the document only as an edge drops it: decided, or let go and acknowledged.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ringline_cloud.services import decisions
from ringline_cloud.store.stations import StationItem
from tests.support.cloud import SITE, TENANT, Cloud, call, document, running

Frame = dict[str, Any]
STATION = "1001"
NEEDS: list[list[str]] = [[], ["note"], ["note", "disposition"]]
NEWEST = st.integers(0, 2)
"""Which of the newest calls; a story is about few at a time."""


class Decisions(RuleBasedStateMachine):
    """One agent, one station, four calls, and an edge that drops an entry once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.cloud: Cloud = self.stack.enter_context(running())
        self.cloud.edge_leads()
        self.cloud.logged_on()
        self.seq = self.number = 0
        self.calls: list[str] = []
        self.up: set[str] = set()
        self.entries: dict[str, Frame] = {}
        self.decided: set[str] = set()
        self.begun: set[str] = set()
        self.sent: list[Frame] = []
        self.revs: dict[str, int] = {}

    def item(self) -> StationItem:
        found = self.cloud.deps.stations.get(TENANT, SITE, STATION)
        assert found
        return found

    def owed(self) -> set[str]:
        """Calls whose interactions the agent owes."""
        return {each.removeprefix("i-") for each in self.cloud.deps.agents.get(TENANT, "anna").get("owed", {})}

    def is_on(self) -> bool:
        return self.item().agent == "anna"

    def tell(self) -> None:
        """The edge's present document."""
        self.seq += 1
        doc = document(STATION, [call(each, leg="connected") for each in sorted(self.up)])
        doc["wrap_up"] = list(self.entries.values())
        told = {"station": STATION, "seq": self.seq, "doc": doc, "rang": sorted(self.up)}
        frame = {"t": "state", "epoch": 1, "stations": [told]}
        self.sent.append(frame)
        assert (self.cloud.from_edge(frame) or {})["t"] == "ack"
        self.drop_what_was_owed()

    def drop_what_was_owed(self) -> None:
        """Once acknowledged, an edge forgets what it asked the cloud to owe; what it asked to save may be decided."""
        for ident, each in list(self.entries.items()):
            if each["ask"] == "owe":
                assert ident in self.owed() | self.decided
                del self.entries[ident]
            elif each["ask"] == "save":
                self.note_decision(ident)
                each["ask"] = None

    def note_decision(self, ident: str) -> None:
        """What the desk says is decided, and could be: nothing but a note was wanted, and one was begun."""
        if f"i-{ident}" in self.item().decided and ident not in self.decided:
            assert ident in self.begun
            self.decided.add(ident)

    @rule(needs=st.sampled_from(NEEDS), text=st.sampled_from([None, "draft", "note"]), ends=st.booleans())
    def call_comes(self, needs: list[str], text: str | None, ends: bool) -> None:
        """A call that counts, perhaps with something written in it, and perhaps with an end."""
        if not self.is_on():
            self.log_on(edge_heard=True)
        if self.up:
            self.hang_up(needs)
        self.calls.insert(0, f"c-{len(self.calls)}")
        self.up = {self.calls[0]}
        self.tell()
        if text:
            self.write(newest=0, draft=text == "draft", twice=False)
        if ends:
            self.hang_up(needs)

    def hang_up(self, needs: list[str]) -> None:
        ident = self.up.pop()
        if ident not in self.decided:
            self.entries[ident] = {
                "interaction": f"i-{ident}", "call": ident, "since_at": "2027-01-15T08:10:00.000Z", "needs": needs,
                "limit_at": None, "ask": None,
            }  # fmt: skip
        self.tell()

    @precondition(lambda self: self.is_on() and self.entries)
    @rule(data=st.data(), ask=st.sampled_from(["save", "owe"]))
    def press_ready(self, data: st.DataObject, ask: str) -> None:
        ident = data.draw(st.sampled_from(sorted(self.entries)))
        self.entries[ident]["ask"] = ask
        self.tell()

    @rule()
    def edge_hears(self) -> None:
        """The edge drops what is decided."""
        known = self.item().decided
        kept = {ident: each for ident, each in self.entries.items() if f"i-{ident}" not in known}
        if kept != self.entries:
            self.entries = kept
            self.tell()

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def a_frame_comes_again(self, data: st.DataObject) -> None:
        assert (self.cloud.from_edge(data.draw(st.sampled_from(self.sent))) or {})["t"] == "ack"

    @precondition(lambda self: self.calls)
    @rule(newest=NEWEST, draft=st.booleans(), twice=st.booleans())
    def write(self, newest: int, draft: bool, twice: bool) -> None:
        ident = self.calls[min(newest, len(self.calls) - 1)]
        self.number += 1
        base = self.revs.get(ident, 0)
        said = {"interaction": f"i-{ident}", "base": base, "text": f"text {self.number}", "draft": draft}
        frame = {"t": "note.put", "id": f"n-{self.number}", **said}
        wanted = self.wanted(ident)
        answer = self.cloud.from_page(frame) or {}
        if twice:
            assert self.cloud.from_page(frame) == answer
        if answer["t"] == "error":
            assert answer["code"] in ("forbidden", "note_conflict")
            self.revs[ident] = (answer.get("current") or {"rev": base})["rev"]
            return
        self.revs[ident] = answer["rev"]
        self.begun.add(ident)
        if not draft and wanted is not None and wanted <= {"note"}:
            self.decided.add(ident)

    def wanted(self, ident: str) -> set[str] | None:
        """What the call's decision wants; None when none is to be made."""
        if self.is_on() and ident in self.entries:
            return set(self.entries[ident]["needs"])
        if self.is_on() and ident in self.up:
            return {"note"}
        debts = self.cloud.deps.agents.get(TENANT, "anna").get("owed", {})
        return set(debts[f"i-{ident}"]["needs"]) if f"i-{ident}" in debts else None

    @precondition(lambda self: self.calls)
    @rule(newest=NEWEST, nothing=st.booleans(), disposition=st.sampled_from([None, "sold"]), twice=st.booleans())
    def decide(self, newest: int, nothing: bool, disposition: str | None, twice: bool) -> None:
        ident = self.calls[min(newest, len(self.calls) - 1)]
        self.number += 1
        said = {"interaction": f"i-{ident}", "nothing_to_note": nothing, "disposition": disposition}
        frame = {"t": "wrap_up.done", "id": f"w-{self.number}", **said}
        wanted = self.wanted(ident)
        answer = self.cloud.from_page(frame) or {}
        if twice and answer["t"] == "result":
            assert self.cloud.from_page(frame) == answer
        if answer.get("stage") == "confirmed" and wanted is not None:
            assert "disposition" not in wanted or disposition or self.disposed(ident)
            self.decided.add(ident)
        elif answer.get("stage") == "failed":
            assert (answer["error"]["code"], bool(wanted)) == ("gate_closed", True)

    def disposed(self, ident: str) -> bool:
        return self.cloud.deps.decisions.disposition(TENANT, f"i-{ident}", "anna") is not None

    @precondition(lambda self: self.is_on())
    @rule()
    def log_off(self) -> None:
        self.number += 1
        self.cloud.from_page({"t": "command", "id": f"off-{self.number}", "verb": "log_off", "force": True})
        command = self.cloud.edges.to("e1", "command")[-1]
        self.cloud.from_edge({"t": "result", "id": command["id"], "stage": "confirmed"})
        assert not self.is_on()
        self.up.clear()

    @precondition(lambda self: not self.is_on())
    @rule(edge_heard=st.booleans())
    def log_on(self, edge_heard: bool) -> None:
        """The edge drops a former sitting's entries, perhaps only after the new one has begun."""
        if edge_heard:
            self.entries.clear()
            self.tell()
        self.number += 1
        self.cloud.from_page({"t": "command", "id": f"on-{self.number}", "verb": "log_on"})
        assert self.is_on()
        self.entries.clear()
        self.tell()

    @rule()
    def log_on_again(self) -> None:
        if self.is_on():
            before = self.item().desk
            self.number += 1
            self.cloud.from_page({"t": "command", "id": f"on-{self.number}", "verb": "log_on"})
            assert self.item().desk == before

    @invariant()
    def what_is_owed_is_not_decided(self) -> None:
        assert not self.owed() & self.decided

    @invariant()
    def what_is_listed_stands_where_it_should(self) -> None:
        item, owed = self.item(), self.owed()
        for ident in self.entries:
            is_decided = f"i-{ident}" in item.decided
            if self.is_on():
                assert is_decided == (ident in self.decided), ident
                assert not (is_decided and ident in owed), ident
            else:
                assert (ident in owed) != (ident in self.decided), ident

    @invariant()
    def the_desk_shows_what_the_agent_owes(self) -> None:
        if self.is_on():
            assert {each["call"] for each in self.item().desk["owed"]} == self.owed()

    @invariant()
    def the_gate_is_closed_by_what_is_undecided_alone(self) -> None:
        if self.is_on():
            firm = {ident for ident, each in self.entries.items() if each["needs"]} - self.decided
            assert decisions.is_gated(self.item()) == bool(firm)

    def teardown(self) -> None:
        """The moto tables go."""
        self.stack.close()


TestDecisionsHold = Decisions.TestCase
TestDecisionsHold.settings = settings(
    deadline=None, max_examples=10, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)
