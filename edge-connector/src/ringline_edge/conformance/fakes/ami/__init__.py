"""A PBX that speaks AMI as Asterisk 22 does, as far as its recorded sessions and its documentation tell."""

from ringline_edge.conformance.fakes.ami.server import FakeAsterisk

__all__ = ["FakeAsterisk"]
