"""A PBX in neutral words: legs, phones, queues, transfers. The fakes put it into the bytes of a protocol."""
