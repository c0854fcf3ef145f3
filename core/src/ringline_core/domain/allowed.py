"""`can`: the verbs that make sense now, cut down to what the PBX is capable of."""

from __future__ import annotations

from ringline_core.wire.codes import AgentStateName, LegState, Verb

_BY_LEG: dict[LegState, tuple[Verb, ...]] = {
    LegState.INITIATED: (Verb.DROP,),
    LegState.ALERTING: (Verb.ANSWER, Verb.REJECT, Verb.ATTACH),
    LegState.CONNECTED: (Verb.DROP, Verb.HOLD, Verb.TRANSFER, Verb.CONSULT, Verb.DTMF, Verb.ATTACH),
    LegState.HOLD: (Verb.DROP, Verb.RESUME, Verb.TRANSFER, Verb.CONSULT, Verb.ATTACH),
    LegState.QUEUED: (Verb.DROP,),
    LegState.FAIL: (Verb.DROP,),
}
_WITH_CONSULT = (Verb.COMPLETE, Verb.CANCEL, Verb.SWAP, Verb.CONFERENCE)
_ON = (Verb.PLACE, Verb.SET_STATE, Verb.LOG_OFF)


def call_verbs(leg: LegState, capable: frozenset[Verb], *, consulting: bool) -> list[str]:
    """Verbs for one call.

    Args:
        leg: State of the station's leg.
        capable: What the PBX can do at this station.
        consulting: A consult call about this call exists at the station.
    """
    verbs = _BY_LEG[leg]
    if consulting:
        verbs = tuple(verb for verb in verbs if verb not in (Verb.CONSULT, Verb.TRANSFER)) + _WITH_CONSULT
    return [verb.value for verb in verbs if verb in capable]


def station_verbs(agent: AgentStateName, calls: int, capable: frozenset[Verb], *, in_service: bool) -> list[str]:
    """Verbs for the station itself."""
    if not in_service:
        return []
    wanted: tuple[Verb, ...] = (Verb.PLACE, Verb.LOG_ON) if agent is AgentStateName.LOGGED_OFF else _ON
    if calls:
        wanted = tuple(verb for verb in wanted if verb not in (Verb.PLACE, Verb.LOG_OFF))
    return [verb.value for verb in wanted if verb in capable]
