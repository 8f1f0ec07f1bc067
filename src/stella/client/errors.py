"""Refusals on the way to the server, and the server's own, as they came."""

from collections.abc import Mapping
from typing import Any

from stella.kernel import Fault, Remedy, StellaError


class ServerUnreachable(StellaError):
    """The server does not answer."""

    code = "ST-CLI-010"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class NoServer(StellaError):
    """No server is known: nobody logged in here, and STELLA_URL is not set."""

    code = "ST-CLI-011"
    fault = Fault.NOT_AUTHENTICATED


class StrangeAnswer(StellaError):
    """What answered is no Stella server, or another version than this client understands."""

    code = "ST-CLI-012"
    fault = Fault.UNAVAILABLE


class Refused(StellaError):
    """The server refused; code, fault, facts and remedy are the server's own."""

    code = "ST-CLI-013"

    def __init__(self, problem: Mapping[str, Any], status: int) -> None:
        remedy = problem["remedy"]
        super().__init__(
            str(problem["title"]),
            remedy=Remedy(str(remedy["advice"]), remedy.get("command")),
            **{str(name): value for name, value in dict(problem["facts"]).items()},
        )
        # What stands on the class is for those who have no server's word.
        vars(self).update(
            code=str(problem["code"]),
            fault=Fault(problem["fault"]),
            retry_may_help=bool(problem["retry_may_help"]),
        )
        self._status = status

    @property
    def status(self) -> int:
        """The HTTP status as it came."""
        return self._status
