"""What a diagnosis is made from, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ringline_edge.adapters.examination import Examination
from ringline_edge.views import StationView

Level = Literal["blocks", "look", "unknown", "good"]
"""`blocks`: no call comes for this reason; `look`: worth a look; `unknown`: could not be found out."""


class StoppedPart(BaseModel):
    """A part of the edge that gave up."""

    model_config = ConfigDict(frozen=True)

    part: str
    code: str
    reason: str


class EdgeSeen(BaseModel):
    """The running edge: of `/healthz` what matters here, and `/stations`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: str | None
    uplink: str
    pbx: str
    stopped: tuple[StoppedPart, ...] = ()
    stations: tuple[StationView, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything found out about one agent's way to their calls.

    Attributes:
        who: As the human named them: an agent or a station.
        edge: The running edge; None where it does not answer, for the reason in `edge_error`.
        pbx_error: Why the PBX could not be asked; empty where it was.
        station: None where the agent is not known to be anywhere.
        view: What the edge knows of the station.
        found: What the PBX says of it; None where it knows no such station or was not asked.
    """

    who: str
    edge: EdgeSeen | None = None
    edge_error: str = ""
    pbx_error: str = ""
    station: str | None = None
    view: StationView | None = None
    found: Examination | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, with what to do about it where there is something."""

    level: Level
    code: str
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The answer.

    Attributes:
        verdict: One sentence.
        gets_calls: None where it could not be found out.
        findings: From the page to the phone.
    """

    verdict: str
    gets_calls: bool | None
    findings: tuple[Finding, ...]
