"""How many entries the tables of a part hold: every dict, list, set and deque that can be reached from it."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any

_OURS = "ringline_"
_SIZED = (Mapping, list, set, frozenset, deque, bytearray)


def sizes(*roots: object) -> Counter[str]:
    """Entries by `Class.attribute`, summed over all objects of a class.

    Args:
        roots: Where to begin; of what is not of the product's own classes only containers are looked into.
    """
    found: Counter[str] = Counter()
    seen: dict[int, object] = {}
    ends: list[Any] = list(roots)
    while ends:
        each = ends.pop()
        if id(each) in seen:
            continue
        seen[id(each)] = each
        if isinstance(each, Mapping):
            ends += each.values()
        elif isinstance(each, (list, tuple, set, frozenset, deque)):
            ends += each
        elif type(each).__module__.startswith(_OURS):
            for name, value in _attributes(each):
                if isinstance(value, _SIZED):
                    found[f"{type(each).__name__}.{name}"] += len(value)
                ends.append(value)
    return found


def _attributes(each: object) -> Iterator[tuple[str, Any]]:
    yield from getattr(each, "__dict__", {}).items()
    for kind in type(each).__mro__:
        for name in getattr(kind, "__slots__", ()):
            if hasattr(each, name):
                yield name, getattr(each, name)
