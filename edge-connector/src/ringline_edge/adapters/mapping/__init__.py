"""Adapter for feeds that a profile describes: one YAML file says how messages become facts and commands messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from ringline_core.domain.facts import Fact, Snapshot
from ringline_core.errors import ConfigError
from ringline_edge.adapters import tls
from ringline_edge.adapters.mapping import plan as plans
from ringline_edge.adapters.mapping.adapter import MappingAdapter
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.plan import Plan
from ringline_edge.adapters.mapping.profile import Profile
from ringline_edge.adapters.mapping.protocol import Framer
from ringline_edge.adapters.mapping.translate import Translator
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.adapters.tap import Tap
from ringline_edge.adapters.tls import TlsConfig

REPLAY_STEP_MS = 10
NEEDED = {
    "tcp": "hosts", "websocket": "hosts", "tcp-server": "listen", "webhook": "listen", "sidecar": "sidecar",
    "pipe": "pipe",
}  # fmt: skip
"""What says where the feed is, by the profile's transport."""


def create(settings: dict[str, Any], tap: Tap | None = None) -> PbxAdapter:
    """An adapter by the `[pbx.mapping]` table.

    Raises:
        pydantic.ValidationError: A setting is missing, unknown or out of range.
        ConfigError: The profile cannot be used, or does not fit the settings.
    """
    config = MappingConfig.model_validate(settings)
    plan = plans.load(config.profile)
    check(config, plan)
    return MappingAdapter(config, plan, tap)


def check(config: MappingConfig, plan: Plan) -> None:
    """Refuse settings that do not fit the profile.

    Raises:
        ConfigError: With the key and the reason.
    """
    profile = plan.profile
    needed = NEEDED.get(profile.transport)
    given = {None: True, "hosts": config.hosts, "listen": config.listen, "sidecar": config.sidecar, "pipe": config.pipe}
    if not given[needed]:
        raise ConfigError(f"pbx.mapping.{needed}: needed by the profile {profile.name}")
    if lacking := sorted(set(profile.settings) - config.settings.keys()):
        raise ConfigError(f"pbx.mapping.settings: the profile {profile.name} needs {', '.join(lacking)}")
    if unknown := sorted(config.settings.keys() - set(profile.settings)):
        raise ConfigError(f"pbx.mapping.settings: the profile {profile.name} knows no {', '.join(unknown)}")
    _check_http(config, profile)
    if config.tls is not None:
        _check_tls(config.tls, profile.transport)


def _check_http(config: MappingConfig, profile: Profile) -> None:
    if profile.webhook is not None and not config.settings[profile.webhook.secret].get_secret_value():
        raise ConfigError(f"pbx.mapping.settings.{profile.webhook.secret}: empty; then anybody may post")
    if profile.http is not None:
        url = urlsplit(config.settings[profile.http.base].get_secret_value())
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment:
            raise ConfigError(f"pbx.mapping.settings.{profile.http.base}: no http:// or https:// address")


def _check_tls(given: TlsConfig, transport: str) -> None:
    """Read the files once, so that `check-config` tells what is wrong with them."""
    unused = {"poll": set[str](), "tcp-server": {"pin_sha256", "server_name"}, "sidecar": set(TlsConfig.model_fields)}
    unused["pipe"] = unused["sidecar"]
    if senseless := sorted(unused.get(transport, set()) & given.model_fields_set):
        raise ConfigError(f"pbx.mapping.tls: {', '.join(senseless)} mean nothing for the transport {transport}")
    if transport in ("tcp", "websocket", "webhook", "poll"):
        tls.calling(given)
    if transport in ("tcp-server", "webhook"):
        tls.serving(given, known_only=given.ca_file is not None)


def replay(data: bytes, site: str, settings: Mapping[str, Any]) -> Iterator[Fact]:
    """Facts in recorded bytes of a feed; `site` is not needed.

    Args:
        data: What the feed sent.
        site: Nothing.
        settings: `profile` is a name or a file as in the configuration; without it the shipped `ami`.

    Raises:
        pydantic.ValidationError: A setting is wrong.
        ConfigError: The profile cannot be used.
        PbxProtocolError: The recording is none of this profile.
    """
    del site
    return _facts(data, plans.load(MappingConfig.model_validate(settings).profile))


def _facts(data: bytes, plan: Plan) -> Iterator[Fact]:
    """Time goes on by one step with each message, for feeds that tell none."""
    translator = Translator(plan, {})
    now_ms = 0
    yield Snapshot(now_ms)
    for text in Framer(plan.profile).receive_data(data):
        now_ms += REPLAY_STEP_MS
        yield from translator.facts(translator.hear(text, now_ms))
