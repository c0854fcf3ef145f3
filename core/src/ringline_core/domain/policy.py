"""Which policy holds for a call: its queue's, else the tenant's, else the default (contract, section 6)."""

from __future__ import annotations

from ringline_core.wire.policy import DEFAULTS, Policy, QueuePolicy

_OWN = tuple(QueuePolicy.model_fields)


def resolved(policy: Policy, queue: str | None) -> QueuePolicy:
    """The keys that hold for calls of `queue`, each by itself.

    Args:
        policy: The tenant's.
        queue: Of the call; None for calls through no queue.

    Returns:
        Every key that has a default is set.
    """
    layers = [policy.queues.get(queue) if queue else None, policy, DEFAULTS]
    return QueuePolicy.model_validate(
        {
            key: next((value for each in layers if each and (value := getattr(each, key)) is not None), None)
            for key in _OWN
        }
    )
