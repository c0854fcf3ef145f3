"""What can keep the bench from standing."""

from __future__ import annotations


class BenchError(RuntimeError):
    """The real PBX cannot be had or does not run here; the text says why."""


class FetchError(BenchError):
    """Packages could not be fetched or are not what they should be."""


class StartError(BenchError):
    """Asterisk was there but did not come up."""
