"""XPaths that cannot be asked: told by lint where that can be known, and no value where it cannot."""

from __future__ import annotations

import pytest

from ringline_edge.adapters.mapping import documents
from ringline_edge.adapters.mapping.expressions import Scope

MESSAGE = "<m xmlns:n='urn:calls'><n:kind>a</n:kind><kind>b</kind></m>"


def value(path: str) -> object:
    root = documents.parse("xml", MESSAGE, strip_namespaces=False)
    return documents.path("xml", path)(Scope(root, root, 0, lambda _leg, _name: None))


@pytest.mark.parametrize("path", ["n:kind", "concat('a')", "$x", "kind["])
def test_what_can_never_be_asked_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no XPath"):
        value(path)


def test_what_fails_only_where_something_stands_is_no_value() -> None:
    assert value("kind[n:x]") is None
    assert (
        len(documents.many("xml", "kind[n:x]")(Scope(None, documents.parse("xml", MESSAGE), 0, lambda *_: None))) == 0
    )


def test_namespaces_that_are_kept_can_be_asked_for() -> None:
    assert value("*[local-name()='kind' and namespace-uri()='urn:calls']") == "a"
    assert value("kind") == "b"
