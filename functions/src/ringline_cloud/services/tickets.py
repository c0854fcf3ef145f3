"""Tickets: what a page opens its socket with, for 30 seconds and one use (contract, section 2)."""

from __future__ import annotations

import secrets
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services.deps import Deps

TICKET_S = 30


def issue(deps: Deps, who: PageIdentity) -> dict[str, Any]:
    """A fresh ticket with the address to open, as `POST /tickets` answers it."""
    secret = secrets.token_urlsafe(32)
    what = {
        "tenant": who.tenant,
        "agent": who.agent,
        "name": who.name,
        "roles": " ".join(who.roles),
        "token_until_ms": who.expires_at_ms,
    }
    deps.credentials.put_ticket(secret, what, deps.now_ms() + TICKET_S * 1000)
    url = f"{deps.settings.page_socket_url}?ticket={secret}"
    return {"ticket": secret, "url": url, "expires_in_s": TICKET_S}


def redeem(deps: Deps, secret: str) -> PageIdentity | None:
    """Who a ticket was issued to; None when it is unknown, used or over."""
    found = deps.credentials.take_ticket(secret, deps.now_ms())
    if found is None:
        return None
    roles = tuple(filter(None, found["roles"].split(" ")))
    return PageIdentity(found["tenant"], found["agent"], found["name"], roles, int(found["token_until_ms"]))
