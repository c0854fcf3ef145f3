"""CSTA's closed sets of words in ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringline_core.errors import CommandError
from ringline_core.wire.codes import AgentStateName, Cause, ErrorCode, LegState
from ringline_edge.adapters.csta.xml import Element, local, text

STATES: Final[Mapping[str, LegState]] = {each.value: each for each in LegState}
"""LocalConnectionState [S]; `null` is no state of ours."""

CAUSES: Final[Mapping[str, Cause]] = {
    "busy": Cause.BUSY,
    "busyOverflow": Cause.BUSY,
    "aCDBusy": Cause.BUSY,
    "doNotDisturb": Cause.BUSY,
    "callNotAnswered": Cause.NO_ANSWER,
    "alertTimeExpired": Cause.NO_ANSWER,
    "callForwardNoAnswer": Cause.NO_ANSWER,
    "recallNoAnswer": Cause.NO_ANSWER,
    "callCancelled": Cause.ABANDONED,
    "callForward": Cause.FORWARDED,
    "callForwardImmediate": Cause.FORWARDED,
    "callForwardBusy": Cause.FORWARDED,
    "redirected": Cause.FORWARDED,
    "distributed": Cause.FORWARDED,
    "multipleAlerting": Cause.ANSWERED_ELSEWHERE,
    "joinCall": Cause.ANSWERED_ELSEWHERE,
    "callPickup": Cause.PICKED_UP,
    "park": Cause.PARKED,
    "destNotObtainable": Cause.NOT_FOUND,
    "destOutOfOrder": Cause.NOT_FOUND,
    "invalidNumberFormat": Cause.NOT_FOUND,
    "numberUnallocated": Cause.NOT_FOUND,
    "numberChanged": Cause.NOT_FOUND,
    "networkNotObtainable": Cause.NOT_FOUND,
    "incompatibleDestination": Cause.NOT_FOUND,
    "reorderTone": Cause.NOT_FOUND,
    "networkCongestion": Cause.NETWORK,
    "networkOutOfOrder": Cause.NETWORK,
    "trunksBusy": Cause.NETWORK,
    "selectedTrunkBusy": Cause.NETWORK,
    "resourcesNotAvailable": Cause.NETWORK,
    "timeout": Cause.TIMEOUT,
    "maxTimeout": Cause.TIMEOUT,
}
"""EventCause [S]; all others are `normal`."""

AGENT_STATES: Final[Mapping[str, AgentStateName]] = {
    "agentNull": AgentStateName.LOGGED_OFF,
    "agentNotReady": AgentStateName.NOT_READY,
    "agentReady": AgentStateName.READY,
    "agentWorkingAfterCall": AgentStateName.WRAP_UP,
}
"""AgentState as reported [S]; `agentBusy` says nothing about what comes after the call."""

WORK_MODES: Final[Mapping[str, AgentStateName]] = {
    "autoIn": AgentStateName.READY,
    "manualIn": AgentStateName.READY,
    "afterCallWork": AgentStateName.WRAP_UP,
    "auxWork": AgentStateName.NOT_READY,
}
"""WorkMode of Avaya [S]."""

_CODES: Final[Mapping[str, ErrorCode]] = {
    "invalidDestination": ErrorCode.NUMBER_INVALID,
    "invalidCalledDeviceID": ErrorCode.NUMBER_INVALID,
    "invalidDestinationDeviceID": ErrorCode.NUMBER_INVALID,
    "invalidCallID": ErrorCode.NO_SUCH_CALL,
    "invalidActiveCallID": ErrorCode.NO_SUCH_CALL,
    "invalidHeldCallID": ErrorCode.NO_SUCH_CALL,
    "invalidConnectionID": ErrorCode.NO_SUCH_CALL,
    "invalidActiveConnectionID": ErrorCode.NO_SUCH_CALL,
    "invalidHeldConnectionID": ErrorCode.NO_SUCH_CALL,
    "noActiveCall": ErrorCode.NO_SUCH_CALL,
    "noCallToAnswer": ErrorCode.NO_SUCH_CALL,
    "noCallToClear": ErrorCode.NO_SUCH_CALL,
    "noConnectionToClear": ErrorCode.NO_SUCH_CALL,
    "noHeldCall": ErrorCode.NO_SUCH_CALL,
    "invalidFeature": ErrorCode.UNSUPPORTED,
    "invalidMsgID": ErrorCode.UNSUPPORTED,
    "securityViolation": ErrorCode.NOT_ALLOWED,
}
"""Single values of the error tree [S]."""

_CATEGORIES: Final[Mapping[str, ErrorCode]] = {
    "stateIncompatibility": ErrorCode.NOT_ALLOWED,
    "security": ErrorCode.NOT_ALLOWED,
}


def cause_of(word: str) -> Cause:
    """A cause of the switch in ours."""
    return CAUSES.get(word, Cause.NORMAL)


def failure(message: Element) -> tuple[str, str] | None:
    """Category and value of a refusal; None where the message is none.

    A refusal is `CSTAErrorCode` [S], `CSTAException` around one [S], an empty `unspecified` [K], or the attribute of
    an `errorResponse` (Zultys [C]).
    """
    name = local(message)
    if name == "errorResponse":
        return "private", message.get("Error", "")[:80]
    if name == "CSTAException":
        inner = next((failure(child) for child in message if local(child) == "CSTAErrorCode"), None)
        said = next((text(child) for child in message if local(child) == "message"), "")
        return inner or ("exception", said[:80])
    if name != "CSTAErrorCode":
        return None
    child = next(iter(message), None)
    return ("unspecified", "") if child is None else (local(child)[:80], text(child)[:80])


def refusal(category: str, value: str) -> CommandError:
    """The error that a page is told."""
    code = _CODES.get(value) or _CATEGORIES.get(category, ErrorCode.REJECTED_BY_PBX)
    if value.startswith("privilegeViolation"):
        code = ErrorCode.NOT_ALLOWED
    elif value.endswith("NotSupported"):
        code = ErrorCode.UNSUPPORTED
    said = f"{category}/{value}" if value else category
    return CommandError(code, f"The phone system refused: {said}.")
