"""`ringline-edge mapping`: what whoever writes a profile needs while writing it."""

from __future__ import annotations

import importlib
from typing import Annotated

import typer

# Profiles have no place in the memory of an edge that uses none.
WORK = "ringline_edge.profiles"
app = typer.Typer(no_args_is_help=True, help="Write and try profiles of the mapping adapter.")
Named = Annotated[str, typer.Argument(help="name of a shipped profile, or a file that ends in .yaml")]


@app.command()
def lint(profile: Named) -> None:
    """Say whether a profile can be used; each fault with its line and key."""
    importlib.import_module(WORK).lint(profile)


@app.command()
def test(profile: Named) -> None:
    """Play the profile's samples; ends with 1 if one does not come out."""
    importlib.import_module(WORK).play(profile)


@app.command("try")
def try_it(
    profile: Named,
    connect: Annotated[str, typer.Option(help="host:port of the feed, or where to wait for it")] = "",
    sidecar: Annotated[list[str] | None, typer.Option(help="program of the sidecar, then each argument")] = None,
    pipe: Annotated[str, typer.Option(help="path of the Unix socket at which the feed waits")] = "",
    setting: Annotated[list[str] | None, typer.Option(help="NAME=FILE: a value that the profile asks for")] = None,
    tls: Annotated[list[str] | None, typer.Option(help="KEY=VALUE of the table tls, say pin_sha256=...")] = None,
    seconds: Annotated[float, typer.Option(help="how long to listen")] = 60,
) -> None:
    """Connect to a feed and print what the profile makes of it, numbers and names of callers among it."""
    importlib.import_module(WORK).try_it(profile, connect, sidecar or [], pipe, setting or [], tls or [], seconds)
