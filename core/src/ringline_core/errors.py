"""The one error tree. The class decides the policy; nobody parses messages.

```
RinglineError
├── InvalidMessageError      message_invalid      peer sent what the contract does not allow; never retried
│   └── TooLargeError        too_large            the same, by size
├── UnsupportedVersionError  version_unsupported  peer speaks another contract version; never retried
├── NotAuthorizedError       not_authorized       no or wrong proof of identity
├── ForbiddenError           forbidden            proven identity, not allowed to do this
├── CommandError             (its own code)       a command that was refused, with a code of the contract
├── PbxUnavailableError      pbx_down             link to the PBX missing or lost; retried with back-off
├── PbxAuthError             pbx_auth_failed      PBX refuses our credentials; stops, a human must act
├── PbxProtocolError         pbx_protocol         PBX said what its protocol does not allow; session is redone
├── UplinkUnavailableError   uplink_unavailable   cloud cannot be reached; retried with back-off
├── UplinkRefusedError       uplink_refused       cloud refuses this edge for good (4403, 4426, 401)
├── ConfigError              config               wrong configuration; exit 78, text names file, key and reason
├── SpoolFullError           spool_full           the durable spool reached its limit
└── StoreThrottledError      rate_limited         the table refused for load; the edge sends again
```
"""

from __future__ import annotations

from typing import ClassVar

from ringline_core.wire.codes import ErrorCode


class RinglineError(Exception):
    """Base of every error that Ringline raises on purpose.

    Attributes:
        code: Stable code, fit for logs, metrics and wire messages.
        retryable: Whether doing the same again later can succeed.
    """

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False


class InvalidMessageError(RinglineError):
    """A message that the contract does not allow."""

    code = "message_invalid"


class TooLargeError(InvalidMessageError):
    """A message or value above its size limit."""

    code = "too_large"


class UnsupportedVersionError(RinglineError):
    """The peer speaks a version of the contract that is not served here."""

    code = "version_unsupported"


class NotAuthorizedError(RinglineError):
    """No proof of identity, or one that does not hold."""

    code = "not_authorized"


class ForbiddenError(RinglineError):
    """The identity is proven and may not do this."""

    code = "forbidden"


class CommandError(RinglineError):
    """A command was refused.

    Attributes:
        error_code: Code of the contract that the page is told.
        text: One sentence for people.
    """

    def __init__(self, error_code: ErrorCode, text: str) -> None:
        """Keep the code and the sentence that the page will be told."""
        super().__init__(text)
        self.error_code = error_code
        self.text = text


class PbxUnavailableError(RinglineError):
    """The PBX cannot be reached, or its link ended."""

    code = "pbx_down"
    retryable = True


class PbxAuthError(RinglineError):
    """The PBX refuses our credentials."""

    code = "pbx_auth_failed"


class PbxProtocolError(RinglineError):
    """The PBX sent bytes that its protocol does not allow."""

    code = "pbx_protocol"
    retryable = True


class UplinkUnavailableError(RinglineError):
    """The cloud cannot be reached, or the socket to it ended."""

    code = "uplink_unavailable"
    retryable = True


class UplinkRefusedError(RinglineError):
    """The cloud refuses this edge for good; a human must act."""

    code = "uplink_refused"


class ConfigError(RinglineError):
    """Wrong configuration; the text names file, key and reason."""

    code = "config"


class SpoolFullError(RinglineError):
    """The durable spool has reached its size limit."""

    code = "spool_full"


class StoreThrottledError(RinglineError):
    """The table refused a request for load; the sender tries again."""

    code = "rate_limited"
    retryable = True
