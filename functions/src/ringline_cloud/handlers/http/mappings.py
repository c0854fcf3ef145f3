"""A file of mappings as administrators have it: CSV as spreadsheets save it, alone or inside JSON.

Reading never fails: what cannot be read is a refused line. A cell that looks like a formula is a text like any other.
"""

from __future__ import annotations

import base64
import csv
import io
import re
from collections.abc import Iterator, Sequence

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from pydantic import ValidationError

from ringline_cloud.handlers.http.bodies import (
    ImportedMappings,
    ImportOrder,
    Mapping,
    MappingChange,
    MappingOf,
    MappingRow,
    RefusedLine,
)
from ringline_cloud.services.mapping_plan import Refusal, Sheet, Wish
from ringline_cloud.services.mappings import Imported
from ringline_core.errors import InvalidMessageError, TooLargeError
from ringline_core.wire.codec import explain

COLUMNS = ("user", "site", "station", "login", "name", "team", "queues", "hot_desk")
NEEDED = COLUMNS[:3]
MOST_ROWS = 5_000
MOST_BYTES = 2 * 1024 * 1024
"""Of a request. Lambda takes 6 MB and gives no more either, and the answer repeats the rows with their former state."""

BOM = "\ufeff"
Row = tuple[int, list[str]]
"""Line on which a row begins, counted from 1, and its cells."""


def order_of(event: APIGatewayProxyEventV2) -> ImportOrder:
    """What is asked: `text/csv` with the switches in the query, or JSON with the file as one of its fields.

    Raises:
        TooLargeError: Above `MOST_BYTES`.
        InvalidMessageError: No UTF-8, no JSON, or unknown or wrong switches.
    """
    body = event.raw_event.get("body") or ""
    data = base64.b64decode(body) if event.raw_event.get("isBase64Encoded") else body.encode("utf-8", "replace")
    if len(data) > MOST_BYTES:
        raise TooLargeError(f"the file has {len(data)} bytes, {MOST_BYTES} are allowed; import it in parts")
    kind = event.headers.get("content-type", "").partition(";")[0].strip().lower()
    query = event.raw_event.get("queryStringParameters") or {}
    try:
        if kind == "text/csv":
            return ImportOrder.model_validate({**query, "csv": data.decode("utf-8")})
        return ImportOrder.model_validate_json(data, strict=True)
    except UnicodeDecodeError as err:
        raise InvalidMessageError(f"byte {err.start + 1} is no UTF-8; save the file as CSV in UTF-8") from err
    except ValidationError as err:
        raise InvalidMessageError(explain(err)) from err


def read(text: str) -> Sheet:
    """The file's wishes and refused lines.

    Args:
        text: CSV with a header line; comma or semicolon, quotes as RFC 4180 has them, any line ends, BOM or none.
            Columns by their names in any order and case. Queues are separated by `|` or `;`.
    """
    rows, broken = _rows(text.removeprefix(BOM))
    if not rows:
        return Sheet(refused=(broken or Refusal("the file is empty", 1),))
    (line, cells), *rest = rows
    names = [cell.lower() for cell in cells]
    if fault := _header_fault(names):
        return Sheet(refused=(Refusal(fault, line),))
    if len(rest) > MOST_ROWS:
        return Sheet(refused=(Refusal(f"more than {MOST_ROWS} rows; import the file in parts", rest[MOST_ROWS][0]),))
    read_rows = [_wish(names, row) for row in rest]
    refused = [each for each in read_rows if isinstance(each, Refusal)]
    if broken or not rest:
        refused.append(broken or Refusal("there are no rows below the header", line))
    return Sheet(tuple(each for each in read_rows if isinstance(each, Wish)), tuple(refused))


def told(imported: Imported) -> ImportedMappings:
    """The answer to an import."""
    both = [(each.user, each.before, each.after) for each in imported.changes]
    return ImportedMappings(
        added=[MappingOf(user=user, mapping=Mapping(**after)) for user, was, after in both if after and not was],
        changed=[
            MappingChange(user=user, before=Mapping(**was), after=Mapping(**after))
            for user, was, after in both
            if was and after
        ],
        removed=[MappingOf(user=user, mapping=Mapping(**was)) for user, was, after in both if was and not after],
        unchanged=imported.unchanged,
        refused=told_refused(imported.refused),
        without_queues=[user for user, _, after in both if after and not after["queues"]],
        applied=imported.applied,
        ident=imported.ident,
    )


def told_refused(refused: Sequence[Refusal]) -> list[RefusedLine]:
    """Refusals as the API tells them."""
    return [RefusedLine(line=each.line, user=each.user, reason=each.reason) for each in refused]


def _rows(text: str) -> tuple[list[Row], Refusal | None]:
    """All rows that are not blank, as far as they can be read, and where that ended early."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    rows: list[Row] = []
    begins = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append((begins, stripped))
            begins = reader.line_num + 1
    except csv.Error as err:
        return rows, Refusal(f"no CSV from here on: {err}", begins)
    return rows, None


def _delimiter(text: str) -> str:
    header = next((line for line in text.splitlines() if line.strip()), "")
    return ";" if header.count(";") > header.count(",") else ","


def _header_fault(names: Sequence[str]) -> str | None:
    if missing := [name for name in NEEDED if name not in names]:
        return f"the header has no column {', '.join(missing)}; the columns are {', '.join(COLUMNS)}"
    if unknown := [name for name in names if name not in COLUMNS]:
        return f"the header has an unknown column {unknown[0][:40]!r}; the columns are {', '.join(COLUMNS)}"
    twice = [name for name in COLUMNS if names.count(name) > 1]
    return f"the header has the column {twice[0]} more than once" if twice else None


def _wish(names: Sequence[str], row: Row) -> Wish | Refusal:
    line, cells = row
    filled = dict(zip(names, cells, strict=False))
    user = filled.get("user") or None
    if any(cells[len(names) :]):
        return Refusal(f"{len(cells)} cells, the header has {len(names)}", line, user)
    fields = {name: cell for name, cell in filled.items() if cell and name != "queues"}
    try:
        known = MappingRow.model_validate({**fields, "queues": [*_queues(filled.get("queues", ""))]})
    except ValidationError as err:
        return Refusal(explain(err), line, user)
    return Wish(known.user, known.mapping().stored(), line)


def _queues(cell: str) -> Iterator[str]:
    """Each once, in the cell's order."""
    yield from dict.fromkeys(each.strip() for each in re.split(r"[|;]", cell) if each.strip())
