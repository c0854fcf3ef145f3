"""Which class a message is of: the first whose conditions hold, found without asking all of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ringline_edge.adapters.mapping.expressions import Compiler, Getter, Scope, Test, every
from ringline_edge.adapters.mapping.profile import MessageRule
from ringline_edge.adapters.mapping.templates import Render
from ringline_edge.adapters.mapping.values import Condition, text


@dataclass(frozen=True, slots=True)
class MessageClass:
    """One class of messages; `use` finds what an answer repeats of the message."""

    rule: MessageRule
    answer: Render | None
    use: Mapping[str, Getter]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What must hold for a class.

    Attributes:
        words: Values of the key that leave it possible; None where the class does not ask for the key.
        rest: What must hold beside that; None for nothing.
    """

    known: MessageClass
    words: frozenset[str] | None
    rest: Test | None


_Possible = tuple[tuple[Test | None, MessageClass], ...]


class Classifier:
    """The classes of a profile in their order.

    Most of them ask one and the same path, the key, for a word of their own (`get: Event, equals: Hangup`): it is
    followed once, and only those classes are asked that its value leaves possible.
    """

    def __init__(self, compiler: Compiler, classes: Sequence[MessageClass]) -> None:
        """`classes` are the profile's `messages`, in this order.

        Raises:
            ProfileError: A condition cannot be used.
        """
        asked = Counter(each.get for known in classes for each in known.rule.when if _words(each) is not None)
        key = next((name for name, _ in asked.most_common(1)), None)
        self._key = None if key is None else compiler.value(Condition(get=key, exists=True), ("messages",))
        table = [_asked(compiler, known, number, key) for number, known in enumerate(classes)]
        self._others = _possible(table, None)
        words = {word for each in table for word in each.words or ()}
        self._by_word = {word: _possible(table, word) for word in words}

    def of(self, scope: Scope) -> MessageClass | None:
        """The first class whose conditions hold."""
        found = None if self._key is None else self._key(scope)
        possible = self._others if found is None else self._by_word.get(text(found), self._others)
        for rest, known in possible:
            if rest is None or rest(scope):
                return known
        return None


def _possible(table: Sequence[_Asked], word: str | None) -> _Possible:
    return tuple((each.rest, each.known) for each in table if each.words is None or word in each.words)


def _asked(compiler: Compiler, known: MessageClass, number: int, key: str | None) -> _Asked:
    conditions = known.rule.when
    tests = compiler.tests(conditions, ("messages", number, "when"))
    for at, condition in enumerate(conditions):
        words = _words(condition)
        if words is not None and condition.get == key:
            rest = tests[:at] + tests[at + 1 :]
            return _Asked(known, words, every(rest) if rest else None)
    return _Asked(known, None, every(tests))


def _words(condition: Condition) -> frozenset[str] | None:
    """What a condition asks a path to be, if it does nothing else."""
    if condition.get is None or condition.steps or not {"equals", "one_of"} & condition.model_fields_set:
        return None
    return condition.words
