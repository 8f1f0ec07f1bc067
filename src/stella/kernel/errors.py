"""The one shape of a refusal: a stable code, the facts, and what the reader can do now."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Whose turn it is. HTTP statuses and exit codes are derived from it, never chosen twice."""

    INVALID = "invalid"  # the input cannot be used as it is
    NOT_FOUND = "not_found"
    NOT_AUTHENTICATED = "not_authenticated"
    NOT_ALLOWED = "not_allowed"
    CONFLICT = "conflict"  # right in itself, but not now or not twice
    BLOCKED = "blocked"  # a gate said no
    FAILED = "failed"  # a run ended badly, or evidence does not hold
    TIMED_OUT = "timed_out"
    UNAVAILABLE = "unavailable"  # the outside world did not answer as it should


_EXIT_CODES: Mapping[Fault, int] = {
    Fault.INVALID: 1,
    Fault.CONFLICT: 1,
    Fault.UNAVAILABLE: 1,
    Fault.NOT_FOUND: 3,
    Fault.NOT_AUTHENTICATED: 4,
    Fault.NOT_ALLOWED: 5,
    Fault.BLOCKED: 6,
    Fault.FAILED: 7,
    Fault.TIMED_OUT: 8,
}

_STATUSES: Mapping[Fault, int] = {
    Fault.INVALID: 422,
    Fault.NOT_FOUND: 404,
    Fault.NOT_AUTHENTICATED: 401,
    Fault.NOT_ALLOWED: 403,
    Fault.CONFLICT: 409,
    Fault.BLOCKED: 409,
    Fault.FAILED: 409,
    Fault.TIMED_OUT: 504,
    Fault.UNAVAILABLE: 502,
}


@dataclass(frozen=True, slots=True)
class Remedy:
    """What the reader can do now: one sentence, and the command if there is one."""

    advice: str
    command: str | None = None


class StellaError(Exception):
    """An expected refusal. A bug is an AssertionError and is never caught.

    ``code`` is stable, unique and documented in docs/reference/errors.md (a test holds that).
    """

    code: ClassVar[str] = "ST-KER-000"
    fault: ClassVar[Fault] = Fault.INVALID
    retry_may_help: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: Remedy, **facts: object) -> None:
        super().__init__(message)
        self.remedy = remedy
        self.facts = facts

    @property
    def told(self) -> str:
        """Message and remedy in one line: for what is kept, and read when nobody can be asked."""
        command = f": {self.remedy.command}" if self.remedy.command else ""
        return f"{str(self).rstrip('.')}. {self.remedy.advice.rstrip('.')}{command}"

    @property
    def exit_code(self) -> int:
        """The process exit code of DESIGN.md section 5."""
        return _EXIT_CODES[self.fault]

    @property
    def status(self) -> int:
        """The HTTP status."""
        return _STATUSES[self.fault]

    def problem(self) -> dict[str, object]:
        """The error as an RFC 9457 problem document (plus ``code``, ``fault``, ``remedy``, ...)."""
        return {
            "type": f"urn:stella:error:{self.code}",
            "title": str(self),
            "status": self.status,
            "code": self.code,
            "fault": self.fault.value,
            "retry_may_help": self.retry_may_help,
            "remedy": asdict(self.remedy),
            "facts": {name: _plain(value) for name, value in self.facts.items()},
        }


def _plain(value: object) -> object:
    """``value`` as JSON can carry it: scalars and plain containers as they are, the rest as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
