"""The PBX of the local stack, as a process of its own behind the control API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.local.children import Child, Children
from infra.local.ports import LOOPBACK, free_port
from infra.local.settings import ROOT, Settings

SIMULATOR_TIMEOUT_S = 15.0
ASTERISK_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Pbx:
    """A running PBX.

    Attributes:
        kind: As `ready.json` names it.
        child: Its process; None for a PBX that was there already.
        control_url: Where phones and callers are driven; None without a control API.
        edge_config: The edge's `[pbx]` table.
    """

    kind: str
    child: Child | None
    control_url: str | None
    edge_config: dict[str, Any]


async def start(children: Children, settings: Settings, environ: dict[str, str]) -> Pbx:
    """Start the PBX that the settings ask for.

    Raises:
        ChildError: It did not come up.
        KeyError: `AMI` without AMI_USERNAME or AMI_SECRET in `environ`.
    """
    match settings.pbx:
        case "asterisk":
            return await _asterisk(children, settings)
        case "ami":
            return _existing(settings, environ)
        case _:
            return await _simulated(children, settings)


async def _simulated(children: Children, settings: Settings) -> Pbx:
    pbx_port, control_port = free_port(), free_port()
    child = await children.start(
        "pbx",
        [settings.python, "-m", "infra.pbx.simulated", "--pbx-port", str(pbx_port), "--control-port",
         str(control_port), "--ring-s", f"{settings.queue_ring_s:g}"],
        cwd=ROOT,
    )  # fmt: skip
    await children.ready_line(child, SIMULATOR_TIMEOUT_S)
    config = {"kind": "simulator", "simulator": {"host": LOOPBACK, "port": pbx_port}}
    return Pbx("simulator", child, f"http://{LOOPBACK}:{control_port}", config)


async def _asterisk(children: Children, settings: Settings) -> Pbx:
    control_port = free_port()
    child = await children.start(
        "pbx",
        [settings.python, "-m", "infra.pbx.asterisk", "--state", settings.run_dir / "asterisk", "--control-port",
         str(control_port), "--queue-ring", f"{settings.queue_ring_s:g}"],
        cwd=ROOT,
    )  # fmt: skip
    said = await children.ready_line(child, ASTERISK_TIMEOUT_S)
    config = {"kind": "asterisk", "asterisk": {**said["ami"], "default_answer": "notify"}}
    return Pbx("asterisk", child, f"http://{LOOPBACK}:{control_port}", config)


def _existing(settings: Settings, environ: dict[str, str]) -> Pbx:
    host, _, port = (settings.ami or "").rpartition(":")
    config = {
        "host": host,
        "port": int(port),
        "username": environ["AMI_USERNAME"],
        "secret": environ["AMI_SECRET"],
    }
    return Pbx("asterisk", None, None, {"kind": "asterisk", "asterisk": config})
