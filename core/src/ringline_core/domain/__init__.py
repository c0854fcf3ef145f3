"""The telephone's rules, pure: facts in, station documents out. No I/O, no clock, no PBX's words."""
