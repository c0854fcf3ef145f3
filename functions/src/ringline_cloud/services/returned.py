"""Whether a caller whom nobody served was spoken to later: we called back and they answered, or they came through.

It costs what the number's own list costs, for each missed call of an answer: a question or two to the table, and one
for each of the newest few later interactions.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ringline_cloud.services import numbers
from ringline_cloud.services.deps import Deps
from ringline_core.domain.summary import Outcome
from ringline_core.wire.codes import Direction

LATER = 4
"""Later interactions that are looked at."""

_UNSERVED = (Outcome.MISSED, Outcome.ABANDONED)
_AT_ONCE = 8

Row = dict[str, Any]


def told(deps: Deps, tenant: str, rows: list[Row]) -> list[Row]:
    """The rows; those of callers whom nobody served say how they were spoken to later, as `returned`."""
    unserved = [row for row in rows if row["outcome"] in _UNSERVED]
    if not unserved:
        return rows
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="returned") as pool:
        found = dict(
            zip(map(_key, unserved), pool.map(lambda row: _returned(deps, tenant, row), unserved), strict=True)
        )
    return [{**row, "returned": found[_key(row)]} if row["outcome"] in _UNSERVED else row for row in rows]


def _key(row: Row) -> tuple[str, str]:
    return row["interaction"], row["call"]


def _returned(deps: Deps, tenant: str, missed: Row) -> Row | None:
    if missed["direction"] != Direction.INBOUND or not missed["number"]:
        return None
    digest = numbers.digest(deps.settings.pepper, tenant, missed["number"])
    later = deps.interactions.of_number(tenant, digest, LATER, (missed["began_at"], "~"))
    interactions = dict.fromkeys((*(each["interaction"] for each in later), missed["interaction"]))
    rows = (row for each in interactions for row in _calls(deps, tenant, each))
    served = next((row for row in rows if _serves(row, missed)), None)
    if served is None:
        return None
    agent = next(iter(served["answered_by"]), None)
    return {"call": served["call"], "agent": agent, "at": served["began_at"]}


def _calls(deps: Deps, tenant: str, interaction: str) -> list[Row]:
    return [json.loads(each["row_json"]) for each in deps.calls.of_interaction(tenant, interaction)]


def _serves(row: Row, missed: Row) -> bool:
    is_talk = row["outcome"] == Outcome.ANSWERED and row["direction"] != Direction.INTERNAL
    return is_talk and bool(row["began_at"] > missed["began_at"])
