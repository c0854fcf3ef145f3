"""The adapter's own table of the configuration: `[pbx.freeswitch]`."""

from __future__ import annotations

import re
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_SAFE: Final = re.compile(r"[A-Za-z0-9_.+*#@:/%{}-]{1,128}")


class StationConfig(BaseModel):
    """`[pbx.freeswitch.stations.NUMBER]`: what is special about one phone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    phone_events: bool | None = None


class FreeswitchConfig(BaseModel):
    """How to reach the event socket, and how this dial plan names things.

    Attributes:
        user: `1001@example.com` for `userauth` with the rights of that user in the directory; empty for `auth`.
        password: Of the event socket, or of `user`.
        connect_timeout_s: For the connection, the login, and each answer of the PBX.
        refresh_s: Pause between two looks at agents and registrations; it is the sign of life as well.
        station: Regular expression on user names and presence ids; group 1 is the station.
        station_inbound: Headers of a leg that came from a phone, of which the first with a value tells the station. A
            presence id is not among them: of a call from a trunk it is made of the caller's own number.
        station_outbound: The same for a leg that the PBX made to a phone.
        trunk: Regular expression on channel names of the outside; empty: whatever is neither station nor helper.
        dial: Dial string that rings a station; `{station}` is filled in, here and below.
        context: Dial plan context in which stations' own calls, consultations and transfers are placed.
        feature_prefix: Numbers that begin so are feature codes, no calls; empty: there are none.
        data_prefix: Channel variables that begin so are call data.
        phone_events: Phones take NOTIFY talk and hold: answer is offered, and hold and resume are the phone's own.
        auto_answer: Send the headers that make the own phone answer by itself when a page places or consults.
        ring_s: How long the own phone of a placed call may ring.
        agent: Name of the station's agent in mod_callcenter, where a log-on has to make one.
        contact: Its contact.
        conference: Profile of mod_conference for conferences of a page; empty: none are offered.
        stations: What is special about single phones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8021, ge=1, le=65535)
    user: str = Field(default="", pattern=r"^$|^[^@:\s]+@[^@:\s]+$")
    password: SecretStr
    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    refresh_s: float = Field(default=15, gt=0, le=300)
    station: str = r"^(\d{2,6})(?=$|@)"
    station_inbound: tuple[str, ...] = ("variable_user_name",)
    station_outbound: tuple[str, ...] = ("variable_dialed_user", "Channel-Presence-ID")
    trunk: str = ""
    dial: str = "user/{station}"
    context: str = "default"
    feature_prefix: str = "*"
    data_prefix: str = Field(default="cti_", pattern=r"^[a-z][a-z0-9_]{0,31}$")
    phone_events: bool = False
    auto_answer: bool = False
    ring_s: int = Field(default=30, ge=1, le=300)
    agent: str = "{station}@default"
    contact: str = "user/{station}"
    conference: str = Field(default="default", pattern=r"^[A-Za-z0-9_.-]{0,64}$")
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

    @field_validator("dial", "agent", "contact")
    @classmethod
    def _is_template(cls, value: str) -> str:
        try:
            filled = value.format(station="1001")
        except (KeyError, IndexError, ValueError, AttributeError):
            raise ValueError("{station} is the only place holder") from None
        if not _SAFE.fullmatch(filled):
            raise ValueError("has blanks or characters that FreeSWITCH would read as part of the command")
        return value

    @field_validator("context")
    @classmethod
    def _is_word(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value):
            raise ValueError("one word of letters, digits and . _ -")
        return value

    @field_validator("user", "password")
    @classmethod
    def _is_line(cls, value: str | SecretStr) -> str | SecretStr:
        shown = value.get_secret_value() if isinstance(value, SecretStr) else value
        if any(character < " " for character in shown):
            raise ValueError("holds a line break or another control character")
        return value

    def takes_phone_events(self, station: str) -> bool:
        """Whether a station's phone takes NOTIFY talk and hold."""
        own = self.stations.get(station)
        return self.phone_events if own is None or own.phone_events is None else own.phone_events
