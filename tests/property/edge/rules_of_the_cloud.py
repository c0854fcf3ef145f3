"""A cloud that keeps the contract's rules for edges, and checks what an edge may never do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NOW = "2026-01-01T00:00:00.000Z"
Frame = dict[str, Any]


@dataclass
class Cloud:
    """The cloud's rules, and nothing else.

    Attributes:
        stored: Lane and number of the newest document per station.
        needs: Number of the document that a record or result must not come before: station, number.
        refuses: Code per station whose documents are turned away.
        throttled: How many of the next frames are refused for load.
        gone: Newest number per station that was turned away for good.
        leader: Session that leads; None when the lease is over.
    """

    window: int = 4
    epoch: int = 0
    leader: str | None = None
    stored: dict[str, tuple[tuple[int, int], int]] = field(default_factory=dict)
    records: set[str] = field(default_factory=set)
    results: dict[str, str] = field(default_factory=dict)
    needs: dict[str, tuple[str, int]] = field(default_factory=dict)
    refuses: dict[str, str] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)
    throttled: int = 0

    def answer(self, session: str, frame: Frame) -> Frame:
        """What a frame of a session is answered."""
        ack: Frame = {"t": "ack", "frame": frame["frame"], "epoch": frame.get("epoch")}
        match frame["t"]:
            case "hello":
                limits = {"beat_s": 25, "lease_s": 60, "frame_bytes": 300, "window": self.window}
                return {"t": "welcome", **self.role(session, says_hello=True), "now_at": NOW, "limits": limits}
            case "beat":
                return {"t": "beat", "frame": frame["frame"], "now_at": NOW, **self.role(session)}
            case _ if self.throttled:
                self.throttled -= 1
                return {**ack, "code": "rate_limited"}
            case "state" | "snapshot" if frame["epoch"] < self.epoch:
                return {**ack, "code": "fenced"}
            case "state":
                return {**ack, "rejected": [each for each in map(self.store, self.split(frame)) if each]}
            case "records":
                for item in frame["items"]:
                    self.check(item["call"])
                    self.records.add(item["call"])
            case "result":
                if frame["stage"] == "confirmed":
                    self.check(frame["id"])
                self.results[frame["id"]] = frame["stage"]
        return ack

    def role(self, session: str, *, says_hello: bool = False) -> Frame:
        """Who leads: a new session of the same edge takes the lead at once, any session when the lease is over."""
        if self.leader is None or (says_hello and self.leader not in ("other edge", session)):
            self.leader, self.epoch = session, self.epoch + 1
        return {"role": "active" if self.leader == session else "standby", "epoch": self.epoch}

    def split(self, frame: Frame) -> list[Frame]:
        """The documents of a frame, each with its epoch."""
        return [{**each, "epoch": frame["epoch"]} for each in frame["stations"]]

    def store(self, each: Frame) -> Frame | None:
        """Keep a document if it is newer; its verdict if it is turned away."""
        station, number = each["station"], each["doc"]["number"]
        if code := self.refuses.get(station):
            if code == "message_invalid":
                self.gone[station] = max(number, self.gone.get(station, 0))
            return {"station": station, "code": code}
        lane = (each["epoch"], each["seq"])
        if lane > self.stored.get(station, ((0, 0), 0))[0]:
            assert number >= self.stored.get(station, ((0, 0), 0))[1], "an older state overwrote a newer one"
            self.stored[station] = (lane, number)
        return None

    def has(self, station: str, number: int) -> bool:
        """Whether the cloud has seen a document with at least this number."""
        return self.stored.get(station, ((0, 0), 0))[1] >= number or self.gone.get(station, 0) >= number

    def check(self, what: str) -> None:
        """A record or result may come only after what it depends on."""
        assert self.has(*self.needs[what]), f"{what} came before its document"
