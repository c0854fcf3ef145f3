"""The adapter's own table of the configuration: `[pbx.asterisk]`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

Answer = Literal["notify", "none"]


class StationConfig(BaseModel):
    """`[pbx.asterisk.stations.NUMBER]`: what is special about one phone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answer: Answer | None = None


class AsteriskConfig(BaseModel):
    """How to reach the Asterisk Manager Interface, and how this dial plan names things.

    Attributes:
        station: Regular expression on channel and interface names; group 1 is the station.
        outside_context: Dial plan context in which stations' own calls are placed.
        member: Interface of a queue member that log-on adds; `{station}` is filled in.
        state_interface: Its state interface; empty for none.
        feature_prefix: Numbers that begin so are feature codes, no calls.
        default_answer: Whether phones take NOTIFY talk/hold, so that answer, hold and resume can be offered. Needs the
            `system` write class.
        auto_answer: Send the headers that make the own phone answer by itself when a page places a call.
        drop_cause: Q.850 cause of a call that the page drops.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=5038, ge=1, le=65535)
    username: str
    secret: SecretStr
    connect_timeout_s: float = Field(default=5, gt=0, le=60)
    ping_s: float = Field(default=15, gt=0, le=300)
    station: str = r"^(?:PJSIP|SIP|Local)/(\d{2,6})(?=$|[-@])"
    context: str = "phones"
    member: str = "PJSIP/{station}"
    state_interface: str = "hint:{station}@agents"
    feature_prefix: str = "*"
    default_answer: Answer = "none"
    auto_answer: bool = False
    stations: dict[str, StationConfig] = Field(default_factory=dict)

    def answer_of(self, station: str) -> Answer:
        """Whether a station's phone takes NOTIFY."""
        own = self.stations.get(station)
        return (own and own.answer) or self.default_answer
