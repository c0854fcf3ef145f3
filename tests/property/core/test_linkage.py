"""Keys between sites: what was written is read, and nothing else is."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from ringline_core.domain.linkage import KEPT_H, Linkage, is_key

HOUR_MS = 3_600_000
SECRET = "a" * 64
INTERACTIONS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
TIMES = st.integers(0, 4_000_000_000_000)
OURS = Linkage(SECRET)


@given(INTERACTIONS, TIMES, st.integers(-HOUR_MS, KEPT_H * HOUR_MS))
def test_a_key_names_its_interaction_for_hours_and_clocks_may_differ(interaction: str, at_ms: int, later: int) -> None:
    key = OURS.key(interaction, at_ms)
    assert is_key(key)
    assert OURS.interaction(key, max(0, at_ms + later)) == interaction


@given(INTERACTIONS, TIMES)
def test_a_key_is_short_and_needs_no_quoting_anywhere(interaction: str, at_ms: int) -> None:
    key = OURS.key(interaction, at_ms)
    assert len(key) <= 96
    assert re.fullmatch(r"[A-Za-z0-9._-]+", key)


@given(INTERACTIONS, TIMES, st.integers((KEPT_H + 1) * HOUR_MS, 10**12))
def test_an_old_key_names_nothing(interaction: str, at_ms: int, later: int) -> None:
    assert OURS.interaction(OURS.key(interaction, at_ms), at_ms + later) is None


@given(INTERACTIONS, TIMES)
def test_another_tenants_key_names_nothing(interaction: str, at_ms: int) -> None:
    assert Linkage("b" * 64).interaction(OURS.key(interaction, at_ms), at_ms) is None


@given(INTERACTIONS, TIMES, st.data())
def test_a_key_with_any_character_changed_names_nothing(interaction: str, at_ms: int, data: st.DataObject) -> None:
    key = OURS.key(interaction, at_ms)
    place = data.draw(st.integers(0, len(key) - 1))
    other = data.draw(st.characters(exclude_characters=key[place]))
    assert OURS.interaction(f"{key[:place]}{other}{key[place + 1 :]}", at_ms) is None


@given(INTERACTIONS, TIMES, st.sampled_from(["", ";encoding=hex", ";purpose=isdn-uui;encoding=hex"]))
def test_it_is_read_as_gateways_write_it(interaction: str, at_ms: int, parameters: str) -> None:
    key = OURS.key(interaction, at_ms)
    for text in (key, f'"{key}"', key.encode().hex(), key.encode().hex().upper(), f"04{key.encode().hex()}"):
        assert OURS.interaction(f"{text}{parameters}", at_ms) == interaction


@given(st.text())
def test_whatever_else_comes_with_a_call_is_no_key(text: str) -> None:
    assert OURS.interaction(text, 0) is None


@given(st.one_of(st.none(), st.integers(), st.floats(), st.booleans(), st.text(max_size=40)))
def test_other_values_of_call_data_are_shown(value: object) -> None:
    assert not is_key(value)
