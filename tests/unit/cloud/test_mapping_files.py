"""CSV files of mappings: whatever spreadsheets save is read, and whatever cannot be read is a refused line."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ringline_cloud.handlers.http.mappings import COLUMNS, MOST_ROWS, read

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(str.strip)
USERS = st.from_regex(r"[^\x00-\x20#\x7f]{1,30}", fullmatch=True).filter(lambda each: each == each.strip())
QUEUES = st.lists(TEXT.filter(lambda each: each and not set(each) & set("|;")), max_size=5, unique=True)
MAPPINGS = st.fixed_dictionaries(
    {
        "site": st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
        "station": st.from_regex(r"[A-Za-z0-9_.*#-]{1,32}", fullmatch=True),
        "login": TEXT.filter(bool), "name": TEXT, "team": TEXT, "queues": QUEUES, "hot_desk": st.booleans(),
    }
)  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("bom", ["", "\ufeff"], ids=["plain", "bom"])
def test_files_of_all_spreadsheets_are_read(delimiter: str, end: str, bom: str) -> None:
    rows = ["User;SITE; Station;Queues;name", 'anna;hq;1001;"support;sales|support";"=cmd|\' /C calc\'!A0"', "", ";;;;"]
    sheet = read(bom + end.join(row.replace(";", delimiter) for row in rows).replace("support,sales", "support;sales"))
    (wish,) = sheet.wishes
    assert (sheet.refused, wish.user, wish.line) == ((), "anna", 2)
    assert wish.mapping is not None
    assert (wish.mapping["queues"], wish.mapping["name"]) == (["support", "sales"], "=cmd|' /C calc'!A0")


def test_lines_are_counted_through_blank_ones_and_line_ends_in_quotes() -> None:
    sheet = read('user,site,station,name\n\nanna,hq,1001,"Anna\nEk"\nben,hq,1 2,\n')
    assert [wish.line for wish in sheet.wishes] == [3]
    assert [(each.line, each.user) for each in sheet.refused] == [(5, "ben")]


def test_more_rows_than_allowed_are_refused_at_the_first_that_is_too_many() -> None:
    sheet = read("user,site,station\n" + "".join(f"u{i},hq,{i}\n" for i in range(MOST_ROWS + 1)))
    assert sheet.wishes == ()
    assert [each.line for each in sheet.refused] == [MOST_ROWS + 2]


def rendered(team: dict[str, dict[str, Any]], columns: list[str], delimiter: str) -> str:
    """A team as a spreadsheet saves it."""
    file = io.StringIO(newline="")
    rows = csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    rows.writerow(columns)
    for user, mapping in team.items():
        cells = {**mapping, "user": user, "queues": "|".join(mapping["queues"])}
        rows.writerow([cells[name] for name in columns])
    return file.getvalue()


@given(st.dictionaries(USERS, MAPPINGS, min_size=1, max_size=8), st.permutations(COLUMNS), st.sampled_from(",;"))
@settings(deadline=None)
def test_what_is_written_as_csv_is_read_as_it_was(
    team: dict[str, dict[str, Any]], columns: list[str], delimiter: str
) -> None:
    sheet = read(rendered(team, columns, delimiter))
    assert sheet.refused == ()
    assert {wish.user: wish.mapping for wish in sheet.wishes} == team


@given(st.one_of(st.text(), st.text('user,site;tanq"\r\n\x00 1|\ufeff').map(lambda rest: f"user,site,station\n{rest}")))
@example("user,site,station\n\x00")
@example('"')
@example("user,site,station\n" + "x" * 200_000)
@settings(deadline=None)
def test_any_text_is_wishes_or_refused_lines(text: str) -> None:
    sheet = read(text)
    assert sheet.wishes or sheet.refused
    assert all(each.reason and each.line for each in sheet.refused)
