"""One site's numbers by the world's numbering plans.

Extensions, short codes, feature codes and emergency numbers are never touched, and what is no number of any plan is
left alone: the PBX may know what it means.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import shortnumberinfo

from ringline_core.domain.facts import Fact, Leg, Party, Snapshot
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Presentation
from ringline_core.wire.command import EdgeCommand
from ringline_edge.numbers import NumbersTable

REGIONS: Final = frozenset(phonenumbers.SUPPORTED_REGIONS)
KNOWN: Final = 4096
_PUNCTUATION: Final = re.compile(r"[\s()./\u00a0\u2010-\u2015-]+")
_NUMBER: Final = re.compile(r"\+?[0-9]{1,32}")
_FEATURE: Final = re.compile(r"[*#][0-9*#]{0,31}")
_TRUNK_ZERO: Final = re.compile(r"^(\s*\+\d{1,3}\s*)\(0\)")


class DialPlan:
    """Turns numbers of one site into E.164 and back; pure but for what it remembers."""

    def __init__(self, table: NumbersTable) -> None:
        """`table` names a region."""
        self._table = table
        self._e164: Callable[[str, bool], str | None] = lru_cache(KNOWN)(self._find_e164)

    def fact(self, fact: Fact) -> Fact:
        """See `Numbers.fact`; in E.164."""
        match fact:
            case Leg():
                return self._leg(fact)
            case Snapshot():
                return replace(fact, legs=tuple(self._leg(leg) for leg in fact.legs))
            case _:
                return fact

    def command(self, command: EdgeCommand) -> EdgeCommand:
        """See `Numbers.command`."""
        if command.to is None:
            return command
        return command.model_copy(update={"to": self.dialled(command.to)})

    def shown(self, number: str, *, dialled_here: bool = False) -> str:
        """A number that the PBX shows, in E.164 where it has one.

        Args:
            number: As shown.
            dialled_here: By a phone of this site, so that it may begin with the prefix for an outside line.
        """
        return self._e164(number, dialled_here) or number

    def dialled_shown(self, number: str) -> str:
        """See `Numbers.dialled_shown`."""
        return self.shown(number, dialled_here=True)

    def dialled(self, to: str) -> str:
        """What the PBX is to dial for a number that a person or an application gave.

        Raises:
            CommandError: `number_invalid`.
        """
        bare = _bare(to)
        if _FEATURE.fullmatch(bare):
            return bare
        if not _NUMBER.fullmatch(bare):
            raise CommandError(ErrorCode.NUMBER_INVALID, "A number has digits, * and # only, and + before them.")
        e164 = self._e164(bare, False)
        if e164 is None or self._table.dial == "e164":
            return e164 or bare
        return self._table.outside_prefix + self._national(e164)

    def _leg(self, leg: Leg) -> Leg:
        own = leg.own if leg.station is not None else self._party(leg.own, dialled_here=not leg.origin)
        remote = leg.remote and self._party(leg.remote)
        dialed = leg.dialed and self.shown(leg.dialed, dialled_here=True)
        if (own, remote, dialed) == (leg.own, leg.remote, leg.dialed):
            return leg
        return replace(leg, own=own, remote=remote, dialed=dialed)

    def _party(self, party: Party, *, dialled_here: bool = False) -> Party:
        if not party.number or party.presentation is Presentation.RESTRICTED:
            return party
        shown = self.shown(party.number, dialled_here=dialled_here)
        return party if shown == party.number else replace(party, number=shown)

    def _find_e164(self, number: str, dialled_here: bool) -> str | None:
        """None for what is short, an emergency number, or no number of any plan."""
        bare = _bare(number)
        if not _NUMBER.fullmatch(bare) or self._is_short(bare):
            return None
        after = bare.removeprefix(self._table.outside_prefix)
        # Where the prefix is 0, 0030123456 is Berlin from a phone here, and something in Greece from anybody else.
        for each in (after, bare) if dialled_here else (bare, after):
            if found := self._parsed(each):
                return found
        return None

    def _is_short(self, bare: str) -> bool:
        if bare.startswith("+"):
            return False
        after = bare.removeprefix(self._table.outside_prefix)
        if any(shortnumberinfo.is_emergency_number(each, self._table.region) for each in (bare, after)):
            return True
        return len(bare) <= self._table.longest_extension

    def _parsed(self, bare: str) -> str | None:
        try:
            found = phonenumbers.parse(bare, self._table.region)
        except phonenumbers.NumberParseException:
            return None
        # Who writes a country code means it; national digits may be an extension of some other kind.
        good = phonenumbers.is_possible_number if bare.startswith("+") else phonenumbers.is_valid_number
        return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164) if good(found) else None

    def _national(self, e164: str) -> str:
        text = phonenumbers.format_out_of_country_calling_number(phonenumbers.parse(e164), self._table.region)
        return re.sub(r"[^0-9+]", "", text)


def _bare(number: str) -> str:
    """Without what only makes it readable, the trunk zero in `+44 (0)20` too."""
    return _PUNCTUATION.sub("", _TRUNK_ZERO.sub(r"\1", number))
