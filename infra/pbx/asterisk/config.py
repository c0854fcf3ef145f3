"""The configuration of one instance, rendered from `conf/*.conf`. Pure: settings in, file texts out."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.pbx.asterisk.modules import MODULES

TEMPLATES: Final = Path(__file__).parent / "conf"
STATIONS: Final = tuple(str(number) for number in range(1001, 1011))
BENCH_USER, EDGE_USER, NOTIFY_USER = "bench", "bridge", "bridge-notify"
RTP_PORTS: Final = 198

_QUEUES: Final = {"5000": "support", "5001": "sales"}
_EXTRA_QUEUES: Final = {"5002": "local", "5003": "static", "5004": "wrapping"}
_SUPPORT_ONLY: Final = frozenset({"1004"})
_EXTRA_SECTIONS: Final = """\
; Members as other distributions make them: a Local channel that dials the phone, and one that nobody may remove.
[local](q)
strategy = rrmemory
member => Local/1003@agents/n,0,Agent 1003,hint:1003@agents
[static](q)
strategy = rrmemory
member => PJSIP/1002,0,Agent 1002,hint:1002@agents
; Its own wrap-up, and empty rules that do not count who is paused.
[wrapping](q)
strategy = rrmemory
wrapuptime = 3
joinempty = yes
leavewhenempty = no"""
_QUEUE_NUMBER: Final = """\
exten => {number},1,Gosub(cti-id,s,1)
 same => n,Answer()
 same => n,Queue({queue},tTcb(agent-headers^s^1),,,120)
 same => n,NoOp(QUEUESTATUS=${{QUEUESTATUS}})
 same => n,Hangup()"""
_PHONE: Final = """\
[{station}](phone)
auth = {station}
aors = {station}
callerid = Agent {station} <{station}>
[{station}](phone-auth)
username = {station}
password = {secret}
[{station}](phone-aor)"""


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one instance, on 127.0.0.1.

    Attributes:
        sip: Asterisk's SIP, UDP and TCP.
        trunk: The outside world's SIP, on 127.0.0.2.
        ami: Asterisk's AMI itself.
        link: AMI as the edge reaches it, by the relay.
        rtp: First of Asterisk's audio ports.
    """

    sip: int
    trunk: int
    ami: int
    link: int
    rtp: int

    @classmethod
    def at(cls, base: int) -> Ports:
        """The ports of an instance whose SIP port is `base`; bases 500 apart do not meet."""
        return cls(base, base + 2, base + 100, base + 101, base + 10_000)


def _secret() -> str:
    return secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords of one instance, new for each start."""

    bench: str = field(default_factory=_secret, repr=False)
    bridge: str = field(default_factory=_secret, repr=False)
    notify: str = field(default_factory=_secret, repr=False)
    phones: str = field(default_factory=_secret, repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """What a test may want otherwise.

    Attributes:
        name: System name: begins every Uniqueid, so that ids of two instances differ.
        queue_ring_s: How long a queue lets one agent's phone ring.
        qualify_s: How often phones are asked whether they live; 0 never.
        extra_queues: Whether the queues `local` 5002 and `static` 5003, with members of their own, and `wrapping` 5004,
            with a wrap-up of its own, exist.
    """

    name: str = "hq"
    queue_ring_s: int = 15
    qualify_s: int = 3
    extra_queues: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """Everything that a rendering needs."""

    state: Path
    run: Path
    modules: Path
    data: Path
    ports: Ports
    secrets: Secrets
    options: Options


def render(instance: Instance, templates: Path = TEMPLATES) -> dict[str, str]:
    """The texts of the configuration files, by file name.

    Raises:
        KeyError: A template asks for a value that is not known.
    """
    values = _values(instance)
    return {path.name: fill(path.read_text(), values) for path in sorted(templates.glob("*.conf"))}


def fill(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `@NAME@` replaced.

    Raises:
        KeyError: A name is not among `values`.
    """
    return re.sub(r"@([A-Z_]+)@", lambda match: values[match[1]], template)


def queues_of(station: str) -> tuple[str, ...]:
    """Queues that the feature code for logging in puts a station into."""
    return ("support",) if station in _SUPPORT_ONLY else ("support", "sales")


def queue_numbers(options: Options) -> dict[str, str]:
    """Numbers to dial and the queues behind them."""
    return {**_QUEUES, **(_EXTRA_QUEUES if options.extra_queues else {})}


def _values(instance: Instance) -> dict[str, str]:
    ports, options = instance.ports, instance.options
    return {
        "STATE": str(instance.state),
        "RUNDIR": str(instance.run),
        "MODDIR": str(instance.modules),
        "DATADIR": str(instance.data),
        "NAME": options.name,
        "SIP_PORT": str(ports.sip),
        "TRUNK_PORT": str(ports.trunk),
        "AMI_PORT": str(ports.ami),
        "RTP_START": str(ports.rtp),
        "RTP_END": str(ports.rtp + RTP_PORTS),
        "BENCH_SECRET": instance.secrets.bench,
        "BRIDGE_SECRET": instance.secrets.bridge,
        "NOTIFY_SECRET": instance.secrets.notify,
        "QUALIFY": str(options.qualify_s),
        "QUEUE_RING": str(options.queue_ring_s),
        "EXTRA_QUEUES": _EXTRA_SECTIONS if options.extra_queues else "",
        "QUEUE_NUMBERS": "\n".join(
            _QUEUE_NUMBER.format(number=number, queue=queue) for number, queue in queue_numbers(options).items()
        ),
        "AGENT_QUEUES": "\n".join(f"AGENT_QUEUES_{station} = {'&'.join(queues_of(station))}" for station in STATIONS),
        "HINTS": "\n".join(
            f"exten => {station},hint,PJSIP/{station}&Custom:ringline-{station}" for station in STATIONS
        ),
        "PHONES": "\n".join(_PHONE.format(station=station, secret=instance.secrets.phones) for station in STATIONS),
        "LOADS": "\n".join(f"load => {name}.so" for name in MODULES if (instance.modules / f"{name}.so").exists()),
    }
