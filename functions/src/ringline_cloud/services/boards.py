"""An edge's board, told to each page that looks as far as its supervisor may see it: one read, one post each."""

from __future__ import annotations

from ringline_cloud.identity import EdgeIdentity
from ringline_cloud.services import watching
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.states import States
from ringline_cloud.store.watches import Team
from ringline_core.wire import codec
from ringline_core.wire.edge import Ack, Board
from ringline_core.wire.page import BoardFrame

NOBODY = Team(frozenset(), frozenset())


def take(deps: Deps, states: States, who: EdgeIdentity, message: Board) -> str:
    """Tell the board on; the ack as text. Watchers whose time is over, or whose sockets are gone, are forgotten."""
    found = deps.watches.get(who.tenant, who.site)
    if message.epoch < found.epoch or states.is_fenced(who, message.epoch):
        return states.fenced(message.frame, message.epoch)
    live = found.live(deps.now_ms())
    over = set(found.watchers) - set(live)
    for team in sorted(set(live.values()), key=str):
        roster = None if team is None else found.teams.get(team, NOBODY)
        sockets = sorted(socket for socket, each in live.items() if each == team)
        over |= set(deps.pages.post(sockets, codec.encode(seen(roster, who.site, message))))
    if over or not live:
        watching.ended(deps, who.tenant, who.site, over)
    return codec.encode(Ack(frame=message.frame, epoch=message.epoch))


def seen(team: Team | None, site: str, message: Board) -> BoardFrame:
    """The board as a supervisor of `team` sees it; None sees all.

    A team sees the stations where one of its agents is logged on, and the queues that its agents serve.
    """
    stations = tuple(each for each in message.stations if team is None or each.agent in team.agents)
    shown = {each.station for each in stations}
    left = (each for each in message.left if team is None or each.agent in team.agents)
    return BoardFrame(
        site=site,
        **message.model_dump(include={"whole", "at", "part", "parts"}),
        stations=stations,
        queues=tuple(each for each in message.queues if team is None or each.queue in team.queues),
        gone=tuple(each.station for each in left if each.station not in shown),
        closed=tuple(each for each in message.closed if team is None or each in team.queues),
    )
