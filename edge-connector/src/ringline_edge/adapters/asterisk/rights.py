"""What the AMI user may do, and the dial plan can: verbs that lack something there are not offered. Pure.

Source: Asterisk documentation, AMI action ListCommands: "a list of all actions available to this user".
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from ringline_core.wire.codes import Verb
from ringline_edge.adapters.asterisk.consult_actions import EXTENS, VERBS
from ringline_edge.adapters.asterisk.protocol import Message
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
    Verb.CONSULT: frozenset({"Redirect", "Setvar", "Hangup"}),
    Verb.COMPLETE: frozenset({"Hangup"}),
    Verb.CANCEL: frozenset({"Hangup"}),
    Verb.SWAP: frozenset({"Redirect", "Setvar"}),
    Verb.CONFERENCE: frozenset({"Redirect", "Setvar"}),
}
"""Actions that a verb is carried out with."""

_BY_PICKUP: Final = frozenset({"Originate"})

NOISE: Final = (
    "VarSet", "Newexten", "RTCPSent", "RTCPReceived", "CEL", "Cdr", "TestEvent", "DialState", "DTMFBegin", "DTMFEnd",
    "ExtensionStatus", "QueueMemberStatus", "MusicOnHoldStart", "MusicOnHoldStop", "BridgeCreate", "BridgeDestroy",
    "SuccessfulAuth", "ChallengeSent", "SoftHangupRequest", "ContactStatus", "PeerStatus", "NewCallerid",
)  # fmt: skip
"""Events that nobody here wants; a PBX that can hold them back saves both sides the work."""


def permitted(wanted: Capabilities, actions: Collection[str]) -> Capabilities:
    """`wanted` without the verbs that need an action which is not among `actions`."""

    def allowed(verbs: frozenset[Verb]) -> frozenset[Verb]:
        return frozenset(verb for verb in verbs if _needs(verb, verbs) <= set(actions))

    return Capabilities(allowed(wanted.default), {name: allowed(verbs) for name, verbs in wanted.stations.items()})


def missing(wanted: Capabilities, actions: Collection[str]) -> list[str]:
    """Actions that verbs among `wanted` need and the PBX does not list, sorted."""
    needed = (_needs(verb, verbs) for verbs in (wanted.default, *wanted.stations.values()) for verb in verbs)
    return sorted(set().union(*needed) - set(actions))


def _needs(verb: Verb, verbs: frozenset[Verb]) -> frozenset[str]:
    """A phone that can be answered but not held is answered by a second call."""
    return _BY_PICKUP if verb is Verb.ANSWER and Verb.HOLD not in verbs else NEEDS[verb]


def lacking_extens(items: Iterable[Message]) -> list[str]:
    """Extensions that the consult context lacks, by the PBX's own listing of it, sorted."""
    return sorted(EXTENS - {each.get("Extension", "") for each in items})


def without_consultations(offered: Capabilities) -> Capabilities:
    """`offered` for a dial plan that has no place for them."""
    return Capabilities(offered.default - VERBS, {name: verbs - VERBS for name, verbs in offered.stations.items()})


def noise_filter() -> str:
    """Value of a Filter action that holds `NOISE` back; a leading `!` excludes what matches."""
    return f"!^Event: ({'|'.join(NOISE)})"
