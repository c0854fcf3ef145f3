"""What every route asks of a request: the deployment's parts, and who calls."""

from __future__ import annotations

from typing import Any

from ringline_cloud.services import person
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.person import Person
from ringline_core.errors import ForbiddenError, NotAuthorizedError

DEPS = "deps"
"""Key of the deployment's parts in a router's context."""


def deps_of(router: Any) -> Deps:
    """The parts that the entry module gave to the application."""
    deps: Deps = router.context[DEPS]
    return deps


def person_of(router: Any) -> Person:
    """Who calls.

    Raises:
        NotAuthorizedError: The route's authorizer has not checked the token, or the token is of no use here.
        ForbiddenError: A back end, whose token is for work items only.
    """
    found = anybody_of(router)
    if found.roles == (person.WORK,):
        raise ForbiddenError("this token is for work items only")
    return found


def anybody_of(router: Any) -> Person:
    """Who calls, also where that is a back end.

    Raises:
        NotAuthorizedError: As above.
    """
    event = router.current_event
    checked = (event.raw_event["requestContext"].get("authorizer") or {}).get("jwt")
    if not checked:
        raise NotAuthorizedError("no id token was checked")
    return person.of_token(event.headers.get("authorization", ""), deps_of(router).settings)
