"""Which policy holds for a call: its queue's, else the tenant's, else the default (contract, section 6)."""

from __future__ import annotations

from ringline_core.wire.policy import DEFAULTS, Policy, QueuePolicy

_OWN = set(QueuePolicy.model_fields)


def resolved(policy: Policy, queue: str | None) -> QueuePolicy:
    """The keys that hold for calls of `queue`, each by itself.

    Args:
        policy: The tenant's.
        queue: Of the call; None for calls through no queue.

    Returns:
        Every key that has a default is set.
    """
    layers = [each for each in (policy.queues.get(queue) if queue else None, policy, DEFAULTS) if each is not None]
    kept: dict[str, object] = {}
    for each in layers:
        kept = each.model_dump(include=_OWN, exclude_none=True) | kept
    return QueuePolicy.model_validate(kept)
