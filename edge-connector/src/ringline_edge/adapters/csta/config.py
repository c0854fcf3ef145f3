"""The adapter's own table of the configuration: `[pbx.csta]`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from ringline_core.wire.codes import Verb
from ringline_edge.adapters.tls import TlsConfig

PROTOCOL_VERSIONS = tuple(
    f"http://www.ecma-international.org/standards/ecma-323/csta/{each}"
    for each in (
        "ed3/privC", "ed3/privB", "ed3/privA", "ed3/priv9", "ed3/priv8", "ed3/priv7", "ed3/priv6", "ed3/priv5",
        "ed3/priv4", "ed3/priv3", "ed3/priv2", "ed3/priv1", "ed2/priv1", "3.0",
    )
)  # fmt: skip
"""DMCC versions, newest first; the server takes the first that it knows. [K], privB for 7.1 is a guess."""

_NUMBER = re.compile(r"\+?[0-9*#]{1,32}")


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class HoldConfig(_Table):
    """`[pbx.csta.hold]`: how an agent is kept from calls while a note is owed, a work item is open, and so on.

    Attributes:
        strategy: `acw`: after-call work, pending while the agent is in a call; never AUX. `none`: not at all.
        acw_is_ours: Whoever is in after-call work when a session begins was put there by us: the PBX tells no
            difference. False where agents use after-call work by themselves.
    """

    strategy: Literal["acw", "none"] = "acw"
    acw_is_ours: bool = True


class CstaConfig(_Table):
    """How to reach the CSTA server, and how this site names things.

    Attributes:
        dialect: `dmcc` is Avaya AES; `plain` is ECMA-323 behind the 8-byte header.
        variant: Of `plain`: `standard` opens no application session; `openscape` (Voice) opens one without a login;
            `openscape_business` opens one with user and password.
        edition: ECMA-323 edition whose namespace we write, `plain` only; `dmcc` is edition 3.
        stations: Numbers of the agents' phones: these are monitored, and no others.
        queues: Names of queues by their number: hunt groups, skills (ACD groups).
        monitor_queues: Numbers of `queues` to be monitored as devices: on AES skills, for log-on and log-off.
        internal: Regular expression on numbers inside the PBX; what does not match is outside.
        recorders: Numbers of recorders and silent monitors; they are never shown.
        switch_name: The switch (Communication Manager) as AES calls it.
        switch_ip: Third part of device ids where the site needs it.
        agent_passwords: By login; `agent_password` is that of all others.
        reasons: Names of AUX reason codes.
        default_reason: AUX reason code where the page names none that is in `reasons`.
        ready_mode: How an agent is made ready who was never seen ready before.
        auto_answer: A placed call takes the phone off hook by itself; else the phone rings first.
        reject_to: Where a rejected call goes; empty: back to the number that the caller dialled.
        cleanup_delay_s: How long AES keeps a session whose link is gone.
        agent_poll_s: How often agents' states are asked for; AES does not tell all changes.
        heartbeat_s: Pause between two signs of life where there is no application session.
        user_data_bytes: Room for user data (UUI) along a call: 96 at Communication Manager [D], 32 in old releases;
            with 0 nothing is sent along.
        shared_ucid: Trunks to the other sites, and none else, bring UCIDs in: a call has the same one at each of them.
        without: Verbs that this switch or this licence cannot do.
    """

    host: str
    port: int = Field(default=4722, ge=1, le=65535)
    dialect: Literal["dmcc", "plain"] = "dmcc"
    variant: Literal["standard", "openscape", "openscape_business"] = "standard"
    edition: Literal["ed3", "ed4", "ed5", "ed6"] = "ed4"
    tls: TlsConfig | None = None
    username: str = ""
    password: SecretStr = SecretStr("")
    application_id: str = "ringline"
    protocol_versions: tuple[str, ...] = ()
    session_duration_s: int = Field(default=180, ge=30, le=7200)
    cleanup_delay_s: int = Field(default=60, ge=0, le=7200)
    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    reply_timeout_s: float = Field(default=8, gt=0, le=60)
    heartbeat_s: float = Field(default=30, gt=0, le=600)
    switch_name: str = ""
    switch_ip: str = ""
    stations: tuple[str, ...] = Field(min_length=1)
    queues: dict[str, str] = Field(default_factory=dict)
    monitor_queues: tuple[str, ...] = ()
    internal: str = r"\d{2,6}"
    recorders: tuple[str, ...] = ()
    agent_password: SecretStr = SecretStr("")
    agent_passwords: dict[str, SecretStr] = Field(default_factory=dict)
    reasons: dict[str, int] = Field(default_factory=dict)
    default_reason: int = Field(default=0, ge=0, le=99)
    ready_mode: Literal["autoIn", "manualIn"] = "autoIn"
    auto_answer: bool = True
    reject_to: str = ""
    agent_poll_s: float = Field(default=8, gt=0, le=600)
    hold: HoldConfig = HoldConfig()
    user_data_bytes: int = Field(default=96, ge=0, le=128)
    shared_ucid: bool = False
    without: tuple[Verb, ...] = ()

    @field_validator("internal")
    @classmethod
    def _is_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as err:
            raise ValueError(f"no regular expression: {err}") from None
        return value

    @field_validator("stations", "monitor_queues", "recorders")
    @classmethod
    def _are_numbers(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _NUMBER.fullmatch(each) for each in values) or len(set(values)) != len(values):
            raise ValueError("numbers of digits, * and #, each once")
        return values

    @model_validator(mode="after")
    def _fits_dialect(self) -> CstaConfig:
        if self.dialect == "dmcc" and not (self.username and self.switch_name):
            raise ValueError("dmcc needs username, password and switch_name")
        if self.dialect == "dmcc" and self.variant != "standard":
            raise ValueError("variant belongs to the dialect plain")
        return self

    @property
    def has_session(self) -> bool:
        """Whether this server wants an application session (ECMA-354)."""
        return self.dialect == "dmcc" or self.variant != "standard"

    @property
    def versions(self) -> tuple[str, ...]:
        """Protocol versions to offer, newest first."""
        if self.protocol_versions:
            return self.protocol_versions
        if self.dialect == "dmcc":
            return PROTOCOL_VERSIONS
        return (f"http://www.ecma-international.org/standards/ecma-323/csta/{self.edition}",)

    def password_of(self, login: str) -> str:
        """An agent's password at the switch; empty for none."""
        return self.agent_passwords.get(login, self.agent_password).get_secret_value()
