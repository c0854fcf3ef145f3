"""The site's board: kept together only while somebody looks at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ringline_core.domain import board
from ringline_core.domain.board import Board
from ringline_core.domain.facts import Fact
from ringline_core.domain.model import StationModel
from ringline_core.domain.waiting import WaitingCallers
from ringline_edge.desks import DeskBook
from ringline_edge.uplink.boards import BoardLane


class BoardMaker:
    """Makes the board of documents as they were shown last, desks, and callers who wait.

    Attributes:
        wake: Called when the lane may have something to tell without a new document.
    """

    def __init__(self, model: StationModel, desks: DeskBook, lane: BoardLane) -> None:
        """`lane` tells it, and says whether anybody looks."""
        self.wake: Callable[[], None] = lambda: None
        self._model, self._desks, self._lane = model, desks, lane
        self._documents: dict[str, dict[str, Any]] = {}
        self._callers = WaitingCallers()
        lane.make, lane.on_end = self.board, self._documents.clear

    def saw(self, fact: Fact, now_ms: int) -> None:
        """A fact of the adapter; who waits is kept always, since it cannot be asked for later."""
        if self._callers.take(fact, now_ms):
            self.changed()

    def shown(self, station: str, document: dict[str, Any]) -> None:
        """A station's new document."""
        if self._lane.is_watched:
            self._documents[station] = document
            self._lane.changed()

    def changed(self) -> None:
        """Desks or waiting callers are others now."""
        if self._lane.is_watched:
            self._lane.changed()
            self.wake()

    def board(self, cloud_ms: float) -> Board:
        """The board now; the first one builds the documents of all stations."""
        for station in self._model.stations:
            if station not in self._documents:
                self._documents[station] = self._model.document(station)
        return board.built(self._documents.values(), self._desks.desks, self._callers.all, cloud_ms)
