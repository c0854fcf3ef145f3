"""A PBX that speaks the event socket as FreeSWITCH 1.10 does, as far as its sources and one captured event tell."""

from ringline_edge.conformance.fakes.freeswitch.server import FakeFreeswitch

__all__ = ["FakeFreeswitch"]
