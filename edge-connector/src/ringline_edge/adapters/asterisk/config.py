"""The adapter's own table of the configuration: `[pbx.asterisk]`."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Answer = Literal["notify", "pickup", "none"]


class StationConfig(BaseModel):
    """`[pbx.asterisk.stations.NUMBER]`: what is special about one phone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: Answer | None = None


class HoldConfig(BaseModel):
    """`[pbx.asterisk.hold]`: how an agent is kept from calls while a note is owed, a work item is open, and so on.

    Attributes:
        strategy: See `docs/adapters/asterisk.md` for what each costs.
        device: The custom device in the members' hint that `device_state` makes busy; `{station}` is filled in.
        queues_ignore_paused: You looked: neither `joinempty` nor `leavewhenempty` of any queue counts paused members.
            Else `pause` and `wrapuptime` would throw waiting callers out as soon as all agents talk.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: Literal["device_state", "wrapuptime", "pause"] = "device_state"
    device: str = "Custom:ringline-{station}"
    queues_ignore_paused: bool = False

    @field_validator("device")
    @classmethod
    def _names_station(cls, value: str) -> str:
        if value.count("{station}") != 1 or not value.startswith("Custom:") or value.count("{") != 1:
            raise ValueError("begins with Custom: and has {station} once")
        return value

    @model_validator(mode="after")
    def _is_safe(self) -> HoldConfig:
        if self.strategy != "device_state" and not self.queues_ignore_paused:
            raise ValueError(
                f"strategy {self.strategy} pauses agents who talk: it throws waiting callers out where joinempty or "
                "leavewhenempty is strict, or yes or no with paused members counted; look at every queue, then set "
                "queues_ignore_paused = true"
            )
        return self


class AsteriskConfig(BaseModel):
    """How to reach the Asterisk Manager Interface, and how this dial plan names things.

    Attributes:
        login: `md5` answers a challenge, so that the secret is never sent; `plain` sends it.
        connect_timeout_s: For the connection, the login, and each answer of the PBX.
        ping_s: Pause between two signs of life.
        station: Regular expression on names of channels, interfaces and devices; group 1 is the station.
        trunk: Regular expression on channel names of the outside; empty: whatever is neither station nor helper.
        context: Dial plan context in which stations' own calls and transfers are placed.
        dial: Channel that rings a station; `{station}` is filled in, here and below.
        member: Interface of the queue member that a log-on adds.
        state_interface: Its state interface; empty for none.
        member_name: Its name in the queue's reports, where the mapping names nobody.
        feature_prefix: Numbers that begin so are feature codes, no calls; empty: there are none.
        consult_context: Dial plan context of consultations; empty: there is none, and none are offered.
        default_answer: How a page answers: `notify` where phones take NOTIFY talk and hold, so that hold and resume can
            be offered, too. It needs the `system` write class, and a phone that does not take it loses its ringing
            call. `pickup`: a second call to the phone takes the first one; the phone must have call waiting, and answer
            by itself where it is told to.
        auto_answer: Send the headers that make the own phone answer by itself when a page places a call.
        ring_s: How long the own phone of a placed call may ring.
        hold: How agents are kept from calls.
        stations: What is special about single phones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=5038, ge=1, le=65535)
    username: str = Field(min_length=1)
    secret: SecretStr
    login: Literal["md5", "plain"] = "md5"
    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    ping_s: float = Field(default=15, gt=0, le=300)
    station: str = r"^(?:PJSIP|SIP|Local)/(\d{2,6})(?=$|[-@])"
    trunk: str = ""
    context: str = "phones"
    dial: str = "PJSIP/{station}"
    member: str = "PJSIP/{station}"
    state_interface: str = "hint:{station}@agents"
    member_name: str = "Agent {station}"
    feature_prefix: str = "*"
    consult_context: str = "ringline-consult"
    default_answer: Answer = "none"
    auto_answer: bool = False
    ring_s: int = Field(default=30, ge=1, le=300)
    hold: HoldConfig = HoldConfig()
    stations: dict[str, StationConfig] = Field(default_factory=dict)

    @field_validator("station", "trunk")
    @classmethod
    def _is_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as err:
            raise ValueError(f"no regular expression: {err}") from None
        return value

    @field_validator("station")
    @classmethod
    def _has_group(cls, value: str) -> str:
        if re.compile(value).groups < 1:
            raise ValueError("needs a group that is the station")
        return value

    @field_validator("dial", "member", "state_interface", "member_name")
    @classmethod
    def _is_template(cls, value: str) -> str:
        try:
            value.format(station="1001")
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError("{station} is the only place holder") from None
        return value

    def answer_of(self, station: str) -> Answer:
        """How a station's phone can be made to answer."""
        own = self.stations.get(station)
        return (own and own.answer) or self.default_answer
