"""Hand-overs: what an agent gives along with a call that goes on to somebody else.

It is bound to the interaction before the PBX is asked, so that whoever the call rings at next sees it while it rings:
a colleague, whoever takes it from a queue, or the one to whom it comes back.
"""

from __future__ import annotations

import json
from typing import Any

from ringline_cloud.identity import EdgeIdentity, PageIdentity
from ringline_cloud.services import frames
from ringline_cloud.services.deps import Deps
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import PageCommand
from ringline_core.wire.document import CallEntry, StationDocument

VERBS = {Verb.TRANSFER: "cold", Verb.CONSULT: "hot"}
SHOWN = 500
"""Characters of the note that are handed over; the note itself is there as well."""


def refusal(seat: dict[str, str], message: PageCommand) -> str | None:
    """A `result` for a transfer to the agent's own phone."""
    if message.verb in VERBS and message.to == seat["station"]:
        return frames.failed(message.id, ErrorCode.NOT_ALLOWED, "That is your own phone.")
    return None


def bind(deps: Deps, who: PageIdentity, seat: dict[str, str], message: PageCommand, ident: str) -> dict[str, Any]:
    """Bind a hand-over to the interaction of the call that a command passes on.

    Args:
        deps: Store and clock.
        who: The agent.
        seat: Site and station of the agent.
        message: The page's command.
        ident: The command's id at the edge.

    Returns:
        What to keep with the command, so that a refusal takes the hand-over back; empty where nothing is handed over.
    """
    call = _call(deps, who, seat, message)
    if call is None:
        return {}
    note = message.note or (deps.interactions.note(who.tenant, call.interaction, who.agent) or {}).get("text", "")
    at = ms_to_rfc3339(deps.now_ms())
    handover = {
        "interaction": call.interaction,
        "from": {"agent": who.agent, "station": seat["station"]},
        "kind": VERBS[message.verb],
        "note": note[:SHOWN],
        "data": message.data or {},
        "at": at,
    }
    ttl = deps.settings.kept_until_s(deps.now_ms())
    deps.interactions.hand_over(who.tenant, call.interaction, ident, at, json.dumps(handover), ttl)
    return {"interaction": call.interaction}


def refused(deps: Deps, who: EdgeIdentity, stored: dict[str, Any], ident: str) -> None:
    """The PBX passed nothing on: the hand-over is taken back, unless a later one stands."""
    deps.interactions.take_back(who.tenant, stored["interaction"], ident)


def shown(head: dict[str, Any] | None, reader: str | None) -> dict[str, Any] | None:
    """The interaction's newest hand-over, by its head; nobody is shown their own."""
    if not head or "handover_json" not in head:
        return None
    found: dict[str, Any] = json.loads(head["handover_json"])
    return None if found["from"]["agent"] == reader else found


def _call(deps: Deps, who: PageIdentity, seat: dict[str, str], message: PageCommand) -> CallEntry | None:
    if message.verb not in VERBS:
        return None
    here = deps.stations.get(who.tenant, seat["site"], seat["station"])
    if here is None or here.agent != who.agent or here.doc is None:
        return None
    calls = StationDocument.model_validate_json(here.doc).calls
    return next((call for call in calls if call.call == message.call), None)
