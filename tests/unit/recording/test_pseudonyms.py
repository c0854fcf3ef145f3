"""Pseudonyms: the same for the same, never twice, as long as before and of the same kind."""

from __future__ import annotations

import itertools

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.shuffle import Shuffle

keys = st.binary(min_size=32, max_size=32)
numbers = st.from_regex(r"\+?[0-9]{5,15}", fullmatch=True)


@given(key=keys, several=st.lists(numbers, min_size=2, max_size=30, unique=True))
def test_numbers_stay_apart_and_keep_their_length(key: bytes, several: list[str]) -> None:
    names = Pseudonyms(key=key)
    new = [names.number(each) for each in several]
    assert len(set(new)) == len(several)
    assert [len(each) for each in new] == [len(each) for each in several]
    assert not set(new) & set(several) or all(a != b for a, b in zip(several, new, strict=True))
    assert [names.number(each) for each in several] == new


@given(key=keys, number=numbers)
def test_no_number_stays_what_it_was(key: bytes, number: str) -> None:
    assert Pseudonyms(key=key).number(number) != number


@given(key=keys, number=numbers)
def test_what_makes_it_a_number_of_its_kind_stays(key: bytes, number: str) -> None:
    new = Pseudonyms(key=key).number(number)
    assert (new[0] == "+", new.lstrip("+")[0] == "0") == (number[0] == "+", number.lstrip("+")[0] == "0")
    assert new.startswith("00") is number.startswith("00")


@given(key=keys, rest=st.from_regex(r"[1-9][0-9]{8,9}", fullmatch=True), code=st.sampled_from(["1", "44", "49", "353"]))
def test_a_country_code_stays_and_so_does_the_region(key: bytes, rest: str, code: str) -> None:
    for begin in ("+", "00"):
        new = Pseudonyms(key=key).number(f"{begin}{code}{rest}")
        assert new.startswith(f"{begin}{code}")
        assert phonenumbers.parse(new.replace(begin, "+", 1)).country_code == int(code)


@given(key=keys, number=st.from_regex(r"[0-9]{1,4}", fullmatch=True))
def test_an_extension_stays(key: bytes, number: str) -> None:
    assert Pseudonyms(key=key).number(number) == number


def test_a_number_of_the_sites_own_stays_and_nobody_gets_it() -> None:
    own = {f"5{each:04}" for each in range(0, 10_000, 3)}
    names = Pseudonyms(own, is_own=lambda number: number.startswith("51"))
    assert {names.number(each) for each in own} == own
    assert names.number("51234") == "51234"
    others = [f"5{each:04}" for each in range(10_000) if each % 3 and not f"5{each:04}".startswith("51")]
    new = {names.number(each) for each in others}
    assert len(new) == len(others)
    assert not new & own
    assert not {each for each in new if each.startswith("51")}


def test_longer_extensions_stay_where_the_site_says_so() -> None:
    assert Pseudonyms(short=6).number("123456") == "123456"
    assert Pseudonyms().number("123456") != "123456"


@pytest.mark.parametrize("width", [2, 3])
def test_all_strings_of_a_length_are_one_cycle(width: int) -> None:
    shuffle, first = Shuffle(b"k" * 32), "0" * width
    seen = [first]
    while (following := shuffle.next(seen[-1], "n")) != first:
        seen.append(following)
    assert sorted(seen) == ["".join(each) for each in itertools.product("0123456789", repeat=width)]


def test_two_recordings_do_not_agree() -> None:
    number = "+442071234567"
    assert len({Pseudonyms().number(number) for _ in range(20)}) > 15


def test_names_logins_and_texts_are_counted() -> None:
    names = Pseudonyms()
    assert [names.name("Ada"), names.name("Grace"), names.name("Ada")] == ["Name 1", "Name 2", "Name 1"]
    assert (names.text("note"), names.word("host")) == ("Text 1", "word1")
    login = names.login("6001")
    assert (len(login), login == names.login("6001"), login.isdigit(), login != "6001") == (4, True, True, True)


@given(key=keys, words=st.lists(st.from_regex(r"[a-z]{3,8}|[0-9a-f]{8}", fullmatch=True), max_size=40, unique=True))
def test_words_that_look_alike_stay_apart(key: bytes, words: list[str]) -> None:
    names = Pseudonyms(key=key)
    new = [names.alike(each) for each in words]
    assert len(set(new)) == len(words)
    assert [names.alike(each) for each in words] == new
    assert not [each for each, other in zip(words, new, strict=True) if each == other]


def test_numbers_stay_in_a_lab_and_names_do_not() -> None:
    names = Pseudonyms(keep_numbers=True)
    assert (names.number("+442071234567"), names.name("Ada")) == ("+442071234567", "Name 1")
