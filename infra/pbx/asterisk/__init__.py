"""A real Asterisk with SIP phones on loopback, for `make run PBX=asterisk` and the PBX tests. Never shipped."""

from infra.pbx.asterisk.fetch import available

__all__ = ["available"]
