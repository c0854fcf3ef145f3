"""What the AMI user may do: verbs whose actions the PBX does not list for it are not offered. Pure.

Source: Asterisk documentation, AMI action ListCommands: "a list of all actions available to this user".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from ringline_core.wire.codes import Verb
from ringline_edge.adapters.port import Capabilities

NEEDS: Final[Mapping[Verb, frozenset[str]]] = {
    Verb.LOG_ON: frozenset({"QueueAdd", "QueueRemove", "QueuePause"}),
    Verb.LOG_OFF: frozenset({"QueueRemove", "QueuePause"}),
    Verb.SET_STATE: frozenset({"QueuePause"}),
    Verb.PLACE: frozenset({"Originate"}),
    Verb.REJECT: frozenset({"Hangup"}),
    Verb.DROP: frozenset({"Hangup"}),
    Verb.TRANSFER: frozenset({"BlindTransfer", "Setvar"}),
    Verb.DTMF: frozenset({"PlayDTMF"}),
    Verb.ATTACH: frozenset({"Setvar"}),
    Verb.ANSWER: frozenset({"PJSIPNotify"}),
    Verb.HOLD: frozenset({"PJSIPNotify"}),
    Verb.RESUME: frozenset({"PJSIPNotify"}),
}
"""Actions that a verb is carried out with."""

NOISE: Final = (
    "VarSet", "Newexten", "RTCPSent", "RTCPReceived", "CEL", "Cdr", "TestEvent", "DialState", "DTMFBegin", "DTMFEnd",
    "ExtensionStatus", "QueueMemberStatus", "MusicOnHoldStart", "MusicOnHoldStop", "BridgeCreate", "BridgeDestroy",
    "SuccessfulAuth", "ChallengeSent", "SoftHangupRequest", "ContactStatus", "PeerStatus", "NewCallerid",
)  # fmt: skip
"""Events that nobody here wants; a PBX that can hold them back saves both sides the work."""


def permitted(wanted: Capabilities, actions: Collection[str]) -> Capabilities:
    """`wanted` without the verbs that need an action which is not among `actions`."""

    def allowed(verbs: frozenset[Verb]) -> frozenset[Verb]:
        return frozenset(verb for verb in verbs if NEEDS[verb] <= set(actions))

    return Capabilities(allowed(wanted.default), {name: allowed(verbs) for name, verbs in wanted.stations.items()})


def missing(wanted: Capabilities, actions: Collection[str]) -> list[str]:
    """Actions that verbs among `wanted` need and the PBX does not list, sorted."""
    verbs = wanted.default.union(*wanted.stations.values())
    return sorted(set().union(*(NEEDS[verb] for verb in verbs)) - set(actions))


def noise_filter() -> str:
    """Value of a Filter action that holds `NOISE` back; a leading `!` excludes what matches."""
    return f"!^Event: ({'|'.join(NOISE)})"
