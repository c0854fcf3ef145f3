"""The conformance kit: what every adapter must make of the same story, told by a PBX of its own protocol."""
