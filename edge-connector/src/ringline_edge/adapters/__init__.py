"""One folder per kind of PBX; each imports `ringline_core` and itself only."""
