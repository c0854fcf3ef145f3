"""Ringline's edge connector: joins a PBX to the cloud."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ringline_core.domain.model import StationModel
from ringline_core.errors import ConfigError, PbxProtocolError, RinglineError
from ringline_core.wire.codec import compact
from ringline_edge import app as edge_app
from ringline_edge import config as edge_config
from ringline_edge import identity, logs, mapping_cli, registry
from ringline_edge.availability import release
from ringline_edge.doctor import asking, telling
from ringline_edge.doctor.reasoning import diagnose
from ringline_edge.recording import folder

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h
EXIT_DATA = 65  # EX_DATAERR
ENROLLED = ("site", "edge", "kid", "audience", "socket_url")
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(mapping_cli.app, name="mapping")
ConfigOption = Annotated[Path, typer.Option("--config", help="the configuration file")]
DEFAULT = Path("/etc/ringline-edge/edge.toml")


def _version(asked: bool) -> None:
    if asked:
        typer.echo(edge_app.SOFTWARE)
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say the version and end")
    ] = False,
) -> None:
    """Ringline's edge connector: joins a PBX to the cloud."""


@app.command()
def run(config: ConfigOption = DEFAULT) -> None:
    """Join the PBX to the cloud until told to stop."""
    try:
        loaded = edge_config.load(config)
        logs.set_up(loaded.edge.log_level)
        edge_app.run(loaded, config)
    except ConfigError as err:
        _refuse(str(err))


@app.command("check-config")
def check_config(config: ConfigOption = DEFAULT) -> None:
    """Say whether the configuration can be used."""
    try:
        loaded = edge_config.load(config)
        registry.create(loaded.pbx.kind, loaded.pbx.settings, str(config))
    except ConfigError as err:
        _refuse(str(err))
    typer.echo(f"{config}: good; pbx {loaded.pbx.kind}, state in {loaded.edge.state_dir}")


@app.command("release-all")
def release_everybody(config: ConfigOption = DEFAULT) -> None:
    """Free every agent whom a hold of this product keeps from calls; for when the connector itself is gone."""
    try:
        loaded = edge_config.load(config)
        adapter = registry.create(loaded.pbx.kind, loaded.pbx.settings, str(config))
    except ConfigError as err:
        _refuse(str(err))
    try:
        held = asyncio.run(release.release_all(adapter))
    except (RinglineError, TimeoutError) as err:
        _refuse(f"the PBX did not release them: {err or 'no answer in time'}", code=1)
    typer.echo(f"released: {', '.join(held) or 'nobody was held'}")


@app.command()
def doctor(
    agent: Annotated[str | None, typer.Option(help="the agent who gets no calls")] = None,
    station: Annotated[str | None, typer.Option(help="the phone that gets none")] = None,
    json_: Annotated[bool, typer.Option("--json", help="for machines")] = False,
    config: ConfigOption = DEFAULT,
) -> None:
    """Say why an agent gets no calls; ends with 0 if they would, 1 if not, 2 if that could not be found out."""
    if agent is not None and station is not None:
        _refuse("--agent or --station, not both", code=telling.NOT_FOUND_OUT)
    try:
        loaded = edge_config.load(config)
        adapter = registry.create(loaded.pbx.kind, loaded.pbx.settings, str(config))
    except ConfigError as err:
        _refuse(str(err), code=telling.NOT_FOUND_OUT)
    facts = asyncio.run(asking.ask(loaded.health, adapter, agent=agent, station=station))
    found = [diagnose(each) for each in facts]
    if json_:
        typer.echo(json.dumps(telling.as_json(found)))
    else:
        typer.echo("\n\n".join(map(telling.text, found)) or "Nobody is logged on, as far as the edge knows.")
    raise typer.Exit(telling.exit_code(found))


@app.command()
def enroll(
    api: Annotated[str, typer.Option(help="address of the HTTP API")],
    edge: Annotated[str, typer.Option(help="this edge's id, unique at the site")] = "edge-1",
    config: ConfigOption = DEFAULT,
) -> None:
    """Make this edge known to the cloud; the one-time code is read from standard input."""
    try:
        folder = edge_config.load(config).edge.state_dir
        identity.prepare(folder)
    except ConfigError as err:
        _refuse(str(err))
    if sys.stdin.isatty():
        sys.stderr.write("Enrolment code: ")
        sys.stderr.flush()
    code = sys.stdin.readline().strip()
    private, public = identity.make_key()
    answer = _post(f"{api.rstrip('/')}/enrolments", {"code": code, "public_key": public, "edge": edge})
    try:
        me = identity.EdgeIdentity(**{name: str(answer[name]) for name in ENROLLED}, private_pem=private)
    except KeyError as err:
        _refuse(f"the cloud's answer to the enrolment lacks {err}", code=1)
    identity.save(folder, me)
    typer.echo(json.dumps({name: answer[name] for name in ENROLLED}))


@app.command()
def record(
    out: Annotated[Path, typer.Option(help="folder to make; it must not be there yet")],
    seconds: Annotated[float | None, typer.Option(min=1, help="how long; without it until Ctrl-C")] = None,
    scenario: Annotated[str, typer.Option(help="what is done meanwhile, in one sentence")] = "",
    keep_numbers: Annotated[bool, typer.Option("--keep-numbers", help="leave telephone numbers as they are")] = False,
    config: ConfigOption = DEFAULT,
) -> None:
    """Write down a session with the PBX, redacted, to be sent to whoever mends the adapter; changes nothing there."""
    # The recorder has no place in the memory of a running edge.
    command = importlib.import_module("ringline_edge.recording.command")
    try:
        is_whole = command.run(config, out, seconds, scenario, typer.echo, keep_numbers=keep_numbers)
    except RinglineError as err:
        _refuse(f"{err.code}: {err}")
    raise typer.Exit(0 if is_whole else 1)


@app.command()
def replay(
    trace: Annotated[Path, typer.Argument(help="folder of a recording, or recorded bytes of a PBX session")],
    kind: Annotated[str | None, typer.Option(help="the kind of PBX they came from, where no folder says so")] = None,
    site: Annotated[str, typer.Option(help="site id for the call ids")] = "site",
) -> None:
    """Turn a recorded PBX session into station documents, one JSON line each."""
    model = StationModel(site)
    model.lead(1)
    try:
        read = folder.read(trace) if trace.is_dir() else folder.Trace("", trace.read_bytes(), {})
        if not (kind or read.kind):
            _refuse(f"{trace}: does not say which kind of PBX it is of; use --kind")
        for fact in registry.replay(kind or read.kind, read.data, site, read.settings):
            for station in sorted(model.apply(fact).stations):
                typer.echo(compact(model.document(station)))
    except ConfigError as err:
        _refuse(str(err))
    except PbxProtocolError as err:
        _refuse(f"{trace}: {err}", code=EXIT_DATA)
    except OSError as err:
        _refuse(f"{trace}: {err.strerror}", code=EXIT_DATA)


@app.command()
def conformance(
    adapter: Annotated[str, typer.Option(help="the kind of PBX, as [pbx] kind names it")],
    sheet: Annotated[Path | None, typer.Option(help="where the capability sheet goes")] = None,
) -> None:
    """Play the kit's scenarios to an adapter; ends with 1 if any failed."""
    # The kit has no place in the memory of a running edge.
    report = importlib.import_module("ringline_edge.conformance.report")
    try:
        is_good = report.run(adapter, sheet or Path(f"conformance-{adapter}.md"), typer.echo)
    except ConfigError as err:
        _refuse(str(err))
    raise typer.Exit(0 if is_good else 1)


def _post(url: str, body: dict[str, str]) -> dict[str, str]:
    request = urllib.request.Request(  # noqa: S310 - the address is the operator's own word
        url, json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
            return dict(json.load(answer))
    except urllib.error.HTTPError as err:
        with err:
            detail = err.read(500).decode(errors="replace")
        _refuse(f"the cloud refused the enrolment ({err.code}): {detail}", code=1)
    except (urllib.error.URLError, TimeoutError, ValueError) as err:
        _refuse(f"{url} cannot be reached: {err}", code=1)


def _refuse(text: str, code: int = EXIT_CONFIG) -> NoReturn:
    sys.stderr.write(f"ringline-edge: {text}\n")
    raise typer.Exit(code)
