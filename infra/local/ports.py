"""Free loopback ports."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def free_port() -> int:
    """A TCP port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def reserved(first_choice: int) -> socket.socket:
    """A socket that listens on `first_choice`, or on a free port if that is taken; nobody else can take it any more.

    A child that inherits it serves it; whoever connects before waits.
    """
    for port in (first_choice, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(128)
        except OSError:
            listener.close()
            continue
        return listener
    raise OSError("no free port on loopback")
