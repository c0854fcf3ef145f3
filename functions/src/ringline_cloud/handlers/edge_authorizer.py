"""The edge API's authorizer; a module of its own, since it alone of the socket functions needs cryptography."""

from __future__ import annotations

from typing import Any

from ringline_cloud.handlers import authorizers
from ringline_cloud.handlers.authorizers import Policy
from ringline_cloud.services import enrolment
from ringline_cloud.services.deps import Deps
from ringline_core.errors import NotAuthorizedError


def handle(event: dict[str, Any], deps: Deps) -> Policy:
    """Whether the edge with this assertion may open its socket."""
    try:
        return authorizers.allowed(event, enrolment.verify(deps, authorizers.bearer(event)))
    except NotAuthorizedError as err:
        return authorizers.refused(event, str(err))
