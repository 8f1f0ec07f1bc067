"""Refusals of the HTTP edge itself."""

from stella.kernel import Fault, StellaError


class InvalidRequest(StellaError):
    """The request's body or parameters are not of the documented form."""

    code = "ST-API-001"


class UnknownRoute(StellaError):
    """There is nothing at that path, or not with that method."""

    code = "ST-API-002"
    fault = Fault.NOT_FOUND


class KeyReused(StellaError):
    """An Idempotency-Key that came with another request before."""

    code = "ST-API-003"
    fault = Fault.CONFLICT


class SecretShownOnce(StellaError):
    """A repeated request for something secret, which was shown at the first one."""

    code = "ST-API-004"
    fault = Fault.CONFLICT


class ForeignOrigin(StellaError):
    """Another site tried to use the login of this browser."""

    code = "ST-API-005"
    fault = Fault.NOT_ALLOWED


class RequestTooLarge(StellaError):
    """The request's body is larger than the server takes."""

    code = "ST-API-006"

    @property
    def status(self) -> int:
        """413 Content Too Large."""
        return 413


class MalformedCursor(StellaError):
    """A cursor that no page of this server ended with."""

    code = "ST-API-007"


class InternalError(StellaError):
    """A bug in the server. Its log holds the details under the incident's id."""

    code = "ST-API-008"
    fault = Fault.FAILED

    @property
    def status(self) -> int:
        """500: nothing the caller did."""
        return 500


class Changed(StellaError):
    """The thing was changed since it was read (If-Match)."""

    code = "ST-API-009"
    fault = Fault.CONFLICT


class ServerBusy(StellaError):
    """The server has as much in hand as it takes at once."""

    code = "ST-API-010"
    fault = Fault.UNAVAILABLE
    retry_may_help = True

    @property
    def status(self) -> int:
        """503 Service Unavailable."""
        return 503


class RequestTooSlow(StellaError):
    """The request's body did not arrive in time."""

    code = "ST-API-011"
    fault = Fault.TIMED_OUT
    retry_may_help = True

    @property
    def status(self) -> int:
        """408 Request Timeout."""
        return 408


class NoSuchDocument(StellaError):
    """No document of that kind has that name."""

    code = "ST-API-012"
    fault = Fault.NOT_FOUND
