"""A simulated PBX: a pure call model, a link for the edge and hands for the phones."""
