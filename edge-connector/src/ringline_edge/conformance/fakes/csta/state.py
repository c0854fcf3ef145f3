"""What the switch remembers of calls and agents, and CSTA's words for it."""

from __future__ import annotations

from dataclasses import dataclass, field

VDN, SKILL = "5000", "5100"
AGENT_EVENTS = {
    "agentNull": "AgentLoggedOffEvent",
    "agentReady": "AgentReadyEvent",
    "agentNotReady": "AgentNotReadyEvent",
    "agentWorkingAfterCall": "AgentWorkingAfterCallEvent",
}

STATES = {"loggedOn": "agentNotReady", "loggedOff": "agentNull", "ready": "agentReady", "notReady": "agentNotReady",
          "workingAfterCall": "agentWorkingAfterCall"}  # fmt: skip
KEYS = {"ready": ("agentReady", "autoIn"), "manual_in": ("agentReady", "manualIn"),
        "not_ready": ("agentNotReady", "auxWork"), "after_call_work": ("agentWorkingAfterCall", "afterCallWork"),
        "log_off": ("agentNull", "auxWork")}  # fmt: skip


class RefusedError(Exception):
    """Category and value of a CSTA error."""


@dataclass
class Call:
    """A call; states of its connections by number.

    Attributes:
        last: Who passed it on.
        prompts: The number to be dialled as soon as the own phone is off the hook.
        became: The call in which everybody of this one is now.
    """

    ident: str
    ucid: str
    calling: str
    called: str
    data: str = ""
    legs: dict[str, str] = field(default_factory=dict)
    cause: str = "newCall"
    last: str = ""
    prompts: str = ""
    became: Call | None = None


@dataclass
class Agent:
    """The agent at one phone; `offered` grows with each call that a queue offers, so the least waits longest."""

    login: str = ""
    state: str = "agentNull"
    mode: str = "auxWork"
    reason: str = "0"
    pending: tuple[str, str] | None = None
    offered: int = 0
