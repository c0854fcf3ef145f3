"""What the local stack is asked to be, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
REGION = "us-east-1"
TENANT = "demo"
SITE = "hq"
AUDIENCE = "ringline-local"
FIRST_PAGE_PORT = 8080


class SettingsError(Exception):
    """A variable has a value that the local stack cannot work with."""


@dataclass(frozen=True)
class Settings:
    """The local stack's wishes.

    Attributes:
        run_dir: Holds all state of this stack; two stacks need two.
        pbx: `simulator`, `asterisk`, or `ami` for a PBX that is there already.
        ami: `host:port` of that PBX.
        edge: Whether to start an edge.
        queue_ring_s: Seconds that a queue rings one agent.
        parameters: Parameters of the template, beside those that the stack itself needs.
    """

    run_dir: Path
    pbx: str
    ami: str | None
    edge: bool
    queue_ring_s: float
    parameters: Mapping[str, str]

    @property
    def python(self) -> Path:
        """The project's interpreter."""
        return ROOT / ".venv" / "bin" / "python"

    @property
    def sam(self) -> Path:
        """The SAM CLI's own environment."""
        return ROOT / ".tools" / "sam"

    @property
    def emulator(self) -> Path:
        """The AWS emulator's own environment."""
        return ROOT / ".tools" / "emulator"


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the variables RUN_DIR, PBX, AMI, EDGE, QUEUE_RING_S and PARAMETERS ask for.

    Raises:
        SettingsError: Naming the variable and what it may be.
    """
    ami = environ.get("AMI") or None
    pbx = "ami" if ami else environ.get("PBX") or "simulator"
    if pbx not in ("simulator", "asterisk", "ami"):
        raise SettingsError(f"PBX={pbx}: it may be simulator or asterisk")
    if ami and not ami.rpartition(":")[2].isdigit():
        raise SettingsError(f"AMI={ami}: it must be host:port")
    edge = environ.get("EDGE") or "on"
    if edge not in ("on", "none"):
        raise SettingsError(f"EDGE={edge}: it may be none, or left out")
    run_dir = Path(environ.get("RUN_DIR") or ".run")
    return Settings(
        run_dir=run_dir if run_dir.is_absolute() else ROOT / run_dir,
        pbx=pbx,
        ami=ami,
        edge=edge == "on",
        queue_ring_s=_seconds("QUEUE_RING_S", environ.get("QUEUE_RING_S") or "20"),
        parameters=_parameters(environ.get("PARAMETERS") or ""),
    )


def _parameters(text: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in text.split()]
    if not all(name.isalnum() and equals for name, equals, _ in pairs):
        raise SettingsError(f"PARAMETERS={text}: it must be Name=Value, several with blanks between")
    return {name: value for name, _, value in pairs}


def _seconds(name: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = 0.0
    if seconds <= 0:
        raise SettingsError(f"{name}={value}: it must be a number of seconds above 0")
    return seconds
