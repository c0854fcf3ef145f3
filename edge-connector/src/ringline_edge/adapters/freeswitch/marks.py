"""What is known because we do it: put down before a step is sent, for its events may come before its answer."""

from __future__ import annotations

from collections.abc import Iterator

from ringline_core.domain.facts import Fact, Joined
from ringline_edge.adapters.freeswitch import endings
from ringline_edge.adapters.freeswitch.actions import Step
from ringline_edge.adapters.freeswitch.snapshot import conference_mix
from ringline_edge.adapters.freeswitch.translate import Translator


def put(translator: Translator, step: Step) -> None:
    """Before a step is sent."""
    if step.status is not None:
        translator.agents.expect(*step.status)
    mark = step.mark
    if mark is None:
        return
    for channel in mark.left:
        channel.has_left, channel.transferred_to = True, mark.to
    if mark.sent is not None:
        endings.sent_away(translator.floor, mark.sent, mark.station)
    if mark.killed is not None:
        mark.killed.is_killed = True


def take_back(translator: Translator, step: Step) -> None:
    """Nothing came of it."""
    if step.status is not None:
        translator.agents.unexpect(*step.status[:2])
    mark = step.mark
    if mark is None:
        return
    for channel in mark.left:
        channel.has_left, channel.transferred_to = False, None
    if mark.sent is not None:
        translator.floor.transferrer_of.pop(mark.sent.ident, None)
    if mark.killed is not None:
        mark.killed.is_killed = False


def done(translator: Translator, step: Step, at_ms: int) -> Iterator[Fact]:
    """The PBX did it; the facts that no event tells."""
    if step.data is not None:
        channel, data = step.data
        channel.attach(data)
        if channel.state is not None:
            yield channel.fact()
    mark = step.mark
    if mark is None or not mark.conference:
        return
    first, *others = mark.joining
    for channel in mark.joining:
        channel.bridge = conference_mix(mark.conference)
        channel.changed_at_ms, channel.consult_of = at_ms, None
    for channel in others:
        if channel.call != first.call:
            yield Joined(first.call, channel.call, at_ms, "conference")
    for channel in mark.joining:
        if channel.state is not None:
            yield channel.fact()
