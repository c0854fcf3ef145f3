"""Documents of an edge: one conditional write per station, posts to the agent's pages, then the ack.

A frame that comes again finds its writes refused; the stored document is posted again, since nobody knows whether the
first invocation came so far. Pages ignore a `rev` they have.

Fencing costs no read: every station's lane carries the epoch that wrote it, so a frame of an older epoch is told by the
first station that the newer edge has written; what it may still write before is overwritten by the newer edge's full
snapshot, since a higher epoch always wins. An epoch that this environment saw in a hello or beat is compared first.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ringline_cloud.identity import EdgeIdentity
from ringline_cloud.services import context, frames, handovers, pop, posts, records, wrap_up
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_cloud.telemetry import Metric, count
from ringline_core.wire import codec
from ringline_core.wire.base import to_rfc3339
from ringline_core.wire.codes import ErrorCode
from ringline_core.wire.document import StationDocument
from ringline_core.wire.edge import SEQ_LIMIT, Ack, Records, Snapshot, State, StationState

POOL = 8


class States:
    """Takes what edges say of stations and calls."""

    def __init__(self, deps: Deps) -> None:
        """Remembers the newest epoch and the stations seen, per environment."""
        self._deps = deps
        self._pool = ThreadPoolExecutor(POOL, thread_name_prefix="station")
        self._entered: set[tuple[str, str, str]] = set()
        self._epochs: dict[tuple[str, str], int] = {}

    def learn_epoch(self, who: EdgeIdentity, epoch: int) -> None:
        """A hello or beat showed the site's epoch."""
        self._epochs[(who.tenant, who.site)] = max(epoch, self._epochs.get((who.tenant, who.site), 0))

    def state(self, who: EdgeIdentity, message: State) -> str:
        """Store and post documents; the ack as text.

        Raises:
            StoreThrottledError: The table refused for load; no ack, the edge sends again.
        """
        if self.is_fenced(who, message.epoch):
            return self.fenced(message.frame, message.epoch)
        sent_at = to_rfc3339(message.sent_at) if message.sent_at else None
        outcomes = list(self._pool.map(lambda each: self._one(who, message.epoch, each, sent_at), message.stations))
        if any(epoch > message.epoch for epoch in outcomes):
            return self.fenced(message.frame, message.epoch)
        return codec.encode(Ack(frame=message.frame, epoch=message.epoch))

    def snapshot(self, who: EdgeIdentity, message: Snapshot) -> str:
        """At the end of a snapshot, put out of service what was not in it."""
        if self.is_fenced(who, message.epoch):
            return self.fenced(message.frame, message.epoch)
        if message.phase == "end":
            for item in self._deps.stations.of_site(who.tenant, who.site):
                self._reset(who, item, message.epoch)
        return codec.encode(Ack(frame=message.frame, epoch=message.epoch))

    def records(self, who: EdgeIdentity, message: Records) -> str:
        """Store call records; all or none are acked."""
        list(self._pool.map(lambda each: records.take(self._deps, who, each), message.items))
        return codec.encode(Ack(frame=message.frame))

    def is_fenced(self, who: EdgeIdentity, epoch: int) -> bool:
        """Whether this environment has seen a newer epoch of the site."""
        return epoch < self._epochs.get((who.tenant, who.site), 0)

    def fenced(self, frame: int, epoch: int) -> str:
        """The ack of a frame that changes nothing, since a newer edge leads."""
        count(Metric.EDGE_FENCED)
        return codec.encode(Ack(frame=frame, epoch=epoch, code=ErrorCode.FENCED))

    def _one(self, who: EdgeIdentity, epoch: int, each: StationState, sent_at: str | None) -> int:
        """Store and post one document; the epoch that the stored one has now."""
        deps = self._deps
        doc = each.doc.model_dump_json(by_alias=True)
        news, item = deps.stations.write_document(who.tenant, who.site, each.station, epoch * SEQ_LIMIT + each.seq, doc)
        count(Metric.STATION_WRITTEN if news else Metric.STATION_REPEATED)
        self._enter(who, each.station)
        if item.epoch > epoch:
            return item.epoch
        seen_at = to_rfc3339(each.seen_at) if each.seen_at else None
        if item.sockets:
            posts.to_pages(deps, who.tenant, item, frames.station(item, deps.now_ms(), seen_at, sent_at))
        if each.rang:
            pop.rang(deps, item, each.doc, each.rang)
            context.rang(deps, who.tenant, item, each.doc, each.rang)
        asks = any(owing.ask for owing in each.doc.wrap_up)
        if asks or item.consult:
            # What a late frame asks for may be done and over: only the stored document counts.
            stored = each.doc if news or item.doc is None else StationDocument.model_validate_json(item.doc)
            if asks:
                wrap_up.asked(deps, who.tenant, item, stored)
            handovers.followed(deps, who.tenant, item, stored)
        return item.epoch

    def _enter(self, who: EdgeIdentity, station: str) -> None:
        """A station that this environment sees for the first time is put into the directory."""
        mark = (who.tenant, who.site, station)
        if mark not in self._entered:
            self._deps.stations.enter(*mark)
            self._entered.add(mark)

    def _reset(self, who: EdgeIdentity, item: StationItem, epoch: int) -> None:
        if item.doc is None or item.epoch >= epoch:
            return
        old = StationDocument.model_validate_json(item.doc)
        gone = old.model_copy(update={"in_service": False, "calls": (), "wrap_up": (), "can": ()})
        _, now = self._deps.stations.write_document(
            who.tenant, who.site, item.station, epoch * SEQ_LIMIT, gone.model_dump_json(by_alias=True)
        )
        posts.to_pages(self._deps, who.tenant, now, frames.station(now, self._deps.now_ms()))
