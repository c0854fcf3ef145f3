"""What the `mapping` commands do: check a profile, play its samples, try it on a feed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

import typer

from ringline_core.domain.facts import Agent, Device, Fact, Joined, Leg, Pressed, Snapshot
from ringline_core.errors import ConfigError, RinglineError
from ringline_edge.adapters import mapping
from ringline_edge.adapters.mapping import plan as plans
from ringline_edge.adapters.mapping import samples
from ringline_edge.adapters.mapping.adapter import MappingAdapter
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.plan import Plan

EXIT_CONFIG = 78  # EX_CONFIG of sysexits.h


def lint(profile: str) -> None:
    """Say whether a profile can be used; each fault with its line and key."""
    plan = _plan(profile)
    verbs = ", ".join(sorted(plan.commands)) or "none"
    typer.echo(f"{plan.profile.name}: good; {len(plan.profile.messages)} classes, {len(plan.profile.events)} rules")
    typer.echo(f"commands: {verbs}; all others are unsupported")


def play(profile: str) -> None:
    """Play the profile's samples."""
    plan = _plan(profile)
    if not plan.profile.samples:
        _end("the profile has no samples", 1)
    faults = [fault for sample in plan.profile.samples for fault in samples.play(plan, sample)]
    for fault in faults:
        typer.echo(fault)
    typer.echo(f"{plan.profile.name}: {len(plan.profile.samples)} samples, {len(faults)} faults")
    raise typer.Exit(int(bool(faults)))


def try_it(
    profile: str, connect: str, sidecar: list[str], pipe: str, setting: list[str], tls: list[str], seconds: float
) -> None:  # fmt: skip
    """Connect to a feed and print what the profile makes of it."""
    plan = _plan(profile)
    if plan.profile.transport != "poll" and not (connect or sidecar or pipe):
        _end("say where the feed is: --connect host:port, --sidecar or --pipe", EXIT_CONFIG)
    try:
        config = MappingConfig.model_validate(
            {
                "profile": profile,
                "hosts": [connect] if connect else [],
                "listen": connect or None,
                "sidecar": sidecar,
                "pipe": pipe or None,
                "settings": dict(map(_setting, setting)),
                "tls": {key: value for key, _, value in (each.partition("=") for each in tls)} or None,
            }
        )
    except ValueError as err:
        _end(str(err), EXIT_CONFIG)
    if lacking := sorted(set(plan.profile.settings) - config.settings.keys()):
        _end(f"the profile needs --setting for {', '.join(lacking)}", EXIT_CONFIG)
    try:
        mapping.check(config, plan)
    except ConfigError as err:
        _end(str(err), EXIT_CONFIG)
    adapter = MappingAdapter(config, plan)
    try:
        asyncio.run(_listen(adapter, seconds))
    except TimeoutError:
        typer.echo(f"{adapter.unmatched} messages that no rule knew")
    except RinglineError as err:
        _end(f"{err.code}: {err}; {adapter.unmatched} messages that no rule knew", 1)


async def _listen(adapter: MappingAdapter, seconds: float) -> None:
    async with asyncio.timeout(seconds):
        await adapter.run(lambda fact: typer.echo(told(fact)))


def told(fact: Fact) -> str:
    """A fact in one line."""
    match fact:
        case Leg():
            ended = f" ended {fact.ended.left} {fact.ended.cause} by {fact.ended.by}" if fact.ended else ""
            who = f"station {fact.station}" if fact.station else "outside" if fact.outside else "nobody's"
            return f"leg {fact.leg} call {fact.call} {who} {fact.own.number} {fact.state}{ended}"
        case Joined():
            return f"joined {fact.call} {fact.other} {fact.how}"
        case Agent():
            return f"agent {fact.station} {fact.state} {fact.reason or ''}".rstrip()
        case Device():
            return f"phone {fact.station} {fact.device} {'in service' if fact.in_service else 'out of service'}"
        case Pressed():
            return f"pressed {fact.station} {'ready' if fact.ready else 'not ready'}"
        case Snapshot():
            return f"snapshot: {len(fact.legs)} legs, {len(fact.agents)} agents, {len(fact.devices)} phones"


def _setting(given: str) -> tuple[str, str]:
    """A setting from a file: what stands on a command line, everybody on the machine can read."""
    name, equals, file = given.partition("=")
    try:
        return name, Path(file).read_text().strip() if equals else ""
    except OSError as err:
        _end(f"--setting {name}: {err.strerror}", EXIT_CONFIG)


def _plan(profile: str) -> Plan:
    try:
        return plans.load(profile)
    except ConfigError as err:
        _end(str(err), EXIT_CONFIG)


def _end(text: str, code: int) -> NoReturn:
    typer.echo(text, err=True)
    raise typer.Exit(code)
