"""Options of all suites."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--pbx asterisk` runs the end-to-end tests on a real Asterisk."""
    parser.addoption("--pbx", default="simulator", choices=["simulator", "asterisk"], help="PBX of the local stack")
