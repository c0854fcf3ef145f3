"""The real handlers over moto, with agents logged on at every station of the shift, and everything counted."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from benchmarks.bill import Usage
from benchmarks.metered_table import MeteredClient
from benchmarks.shift import Moment
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import MAX_FRAME_BYTES
from ringline_edge.spool.live import Entry
from ringline_edge.uplink import batch
from tests.support.cloud import Cloud, running

EPOCH = 1
Frame = dict[str, Any]


class MeteredCloud:
    """A cloud and what its events cost; an edge leads, and every agent has some pages open."""

    def __init__(self, cloud: Cloud) -> None:
        """Nothing was told yet."""
        self.cloud = cloud
        self._meter = MeteredClient(cloud.client.client)
        cloud.client.client = self._meter
        self._seq: defaultdict[str, int] = defaultdict(int)
        cloud.edge_leads()

    def log_on(self, stations: Sequence[str], pages: int) -> None:
        """Everybody sits down."""
        for station in stations:
            agent = f"agent-{station}"
            self.cloud.mapped(agent, station)
            self.cloud.logged_on(agent, station, socket_of(station, 1))
            for number in range(2, pages + 1):
                socket = socket_of(station, number)
                self.cloud.page_opens(agent, socket, f"page-{socket}")

    def tell(self, documents: Mapping[str, Frame], rang: Mapping[str, set[str]] | None = None) -> int:
        """Tell of documents in as few `state` frames as the edge would need; how many those were.

        Raises:
            RuntimeError: The cloud did not take one.
        """
        told = [self._entry(station, document, rang or {}) for station, document in documents.items()]
        frames = 0
        while told:
            chosen, texts = batch.fill(told, batch.entry_text, MAX_FRAME_BYTES, batch.MAX_STATIONS)
            told = told[len(chosen) :]
            frames += 1
            ack = self.cloud.from_edge(batch.state(frames, EPOCH, self.cloud.now_ms, texts))
            if ack is None or ack["t"] != "ack" or ack.get("code") or ack.get("rejected"):
                raise RuntimeError(f"the cloud did not take a document: {ack}")
        return frames

    def moments(self, moments: Sequence[Moment]) -> Usage:
        """Tell of some moments at once, as natural batching does; their calls' records go in a frame of their own."""
        documents: dict[str, Frame] = {}
        rang: defaultdict[str, set[str]] = defaultdict(set)
        for moment in moments:
            documents |= moment.documents
            for station, calls in moment.rang.items():
                rang[station] |= calls
        records = [each for moment in moments for each in moment.records]
        items = [{"call": each.call, "version": each.version, "record": each.record} for each in records]
        with self.counted() as counted:
            frames = self.tell(documents, rang)
            if items:
                self.cloud.from_edge({"t": "records", "items": items})
        return replace(counted[0], frames=frames + bool(items))

    def _entry(self, station: str, document: Frame, rang: Mapping[str, set[str]]) -> Entry:
        self._seq[station] += 1
        rung = tuple(sorted(rang.get(station, ())))
        return Entry(station, self._seq[station], compact(document), rung, self.cloud.now_ms)

    @contextmanager
    def counted(self) -> Iterator[list[Usage]]:
        """What the block used, its frames in left out; in the list when it has ended."""
        found: list[Usage] = []
        requests, posts = len(self._meter.requests), self._posts()
        yield found
        found.append(Usage(0, self._posts() - posts, self._meter.requests[requests:]))

    def _posts(self) -> int:
        return len(self.cloud.pages.posted) + len(self.cloud.edges.posted)


def socket_of(station: str, number: int) -> str:
    """A page's socket; as long as API Gateway's ids are."""
    return f"p{number}-{station}".ljust(16, "x")


@contextmanager
def underway(documents: Mapping[str, Frame], pages: int) -> Iterator[MeteredCloud]:
    """A cloud with an agent at each station, `pages` pages open, and these documents stored."""
    logging.disable(logging.INFO)
    with running() as cloud:
        metered = MeteredCloud(cloud)
        metered.log_on(tuple(documents), pages)
        for station, document in documents.items():
            metered.tell({station: document})
        yield metered
    logging.disable(logging.NOTSET)
