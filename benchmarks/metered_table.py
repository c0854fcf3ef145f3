"""A DynamoDB client that meters its requests as the bill does.

Source: DynamoDB Developer Guide, "DynamoDB item sizes and formats" and "Capacity unit consumption for write
operations": a write costs the larger of the item before and after, in whole KB, also when its condition fails; a
consistent read costs whole 4 KB, any other one half of that; a query costs the sum of what it read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

Wire = dict[str, Any]
"""A value in DynamoDB's own JSON: `{"S": "text"}`."""

_WRITES: Final = frozenset({"put_item", "update_item", "delete_item"})
_NESTED: Final = 3
"""Bytes that a list or map costs beside what is in it; every element costs one more."""


@dataclass(frozen=True)
class Metered:
    """One request.

    Attributes:
        name: Of the client's method.
        wru: Write units.
        rru: Read units.
        item_bytes: Size of the written item afterwards, or before where that was larger.
    """

    name: str
    wru: float = 0
    rru: float = 0
    item_bytes: int = 0


@dataclass
class MeteredClient:
    """Hands every request to `client`, one at a time, and asks it for items' sizes on the side."""

    client: Any
    requests: list[Metered] = field(default_factory=list)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A method of the client, metered if it is a request for items."""
        method: Callable[..., Any] = getattr(self.client, name)
        if name in _WRITES:
            return lambda **request: self._alone(self._write, name, method, request)
        if name in ("get_item", "query"):
            return lambda **request: self._alone(self._read, name, method, request)
        if name == "batch_get_item":
            return lambda **request: self._alone(self._read_many, name, method, request)
        return method

    def _alone(self, metered: Callable[..., Any], *words: Any) -> Any:
        """The handlers ask from several threads; what stands in for DynamoDB here bears one, and sizes need it."""
        with self._turn:
            return metered(*words)

    def _write(self, name: str, method: Callable[..., Any], request: Wire) -> Any:
        key = request.get("Key") or {part: request["Item"][part] for part in ("pk", "sk")}
        before = self._size(request["TableName"], key)
        after = before
        try:
            answer = method(**request)
            after = self._size(request["TableName"], key)
            return answer
        finally:
            size = max(before, after)
            self.requests.append(Metered(name, max(1, ceil(size / 1024)), item_bytes=size))

    def _read(self, name: str, method: Callable[..., Any], request: Wire) -> Any:
        answer = method(**request)
        items = answer["Items"] if name == "query" else [answer.get("Item", {})]
        blocks = max(1, ceil(sum(map(item_size, items)) / 4096))
        self.requests.append(Metered(name, rru=blocks if request.get("ConsistentRead") else blocks / 2))
        return answer

    def _read_many(self, name: str, method: Callable[..., Any], request: Wire) -> Any:
        """Each item is rounded up by itself, and a key without one costs as the smallest."""
        answer = method(**request)
        for table, asked in request["RequestItems"].items():
            found = answer["Responses"].get(table, [])
            blocks = sum(max(1, ceil(item_size(item) / 4096)) for item in found) + len(asked["Keys"]) - len(found)
            self.requests.append(Metered(name, rru=blocks if asked.get("ConsistentRead") else blocks / 2))
        return answer

    def _size(self, table: str, key: Wire) -> int:
        return item_size(self.client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {}))


def item_size(item: Wire) -> int:
    """Bytes of an item: its attributes' names and values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: Wire) -> int:
    (kind, held), *_ = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "B":
            return len(held)
        case "N":
            return _number_size(held)
        case "SS" | "NS" | "BS":
            return sum(_value_size({kind[0]: each}) for each in held)
        case "L":
            return _nested_size(map(_value_size, held))
        case "M":
            return _nested_size(len(name.encode()) + _value_size(each) for name, each in held.items())
        case _:
            return 1


def _nested_size(elements: Iterable[int]) -> int:
    return _NESTED + sum(size + 1 for size in elements)


def _number_size(text: str) -> int:
    """One byte per two significant digits, one more, and one for a sign; zeros at either end are free."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return ceil(len(digits) / 2) + 1 + text.startswith("-")
