"""Refusals of identity. What an outsider may learn from them is nothing."""

from stella.kernel import Fault, Remedy, StellaError


class LoginDenied(StellaError):
    """The name or the password is wrong, or the user is disabled; which of them is not said."""

    code = "ST-IDN-001"
    fault = Fault.NOT_AUTHENTICATED


class TooManyAttempts(StellaError):
    """Too many wrong passwords for one name: it rests for a while."""

    code = "ST-IDN-002"
    fault = Fault.NOT_AUTHENTICATED
    retry_may_help = True


class TokenRefused(StellaError):
    """A token that is missing, unknown, revoked, expired, or of a disabled user."""

    code = "ST-IDN-003"
    fault = Fault.NOT_AUTHENTICATED


class PermissionDenied(StellaError):
    """The user, or the token, lacks the permission that the request needs."""

    code = "ST-IDN-004"
    fault = Fault.NOT_ALLOWED


class NoSuchUser(StellaError):
    """No user has that id or name."""

    code = "ST-IDN-005"
    fault = Fault.NOT_FOUND


class UserExists(StellaError):
    """Another user has that name."""

    code = "ST-IDN-006"
    fault = Fault.CONFLICT


class MalformedUser(StellaError):
    """A name, password, role or term of validity that cannot be taken."""

    code = "ST-IDN-007"


class LastAdmin(StellaError):
    """The change would leave nobody who can administer."""

    code = "ST-IDN-008"
    fault = Fault.CONFLICT


class NoSuchToken(StellaError):
    """No token of that id is there, or it is somebody else's."""

    code = "ST-IDN-009"
    fault = Fault.NOT_FOUND


class RolesBeyondOwn(StellaError):
    """A token was asked for that may do more than who asks for it, or than its owner."""

    code = "ST-IDN-010"
    fault = Fault.NOT_ALLOWED


class LoginsBusy(StellaError):
    """More people log in at this moment than the server compares passwords for."""

    code = "ST-IDN-012"
    fault = Fault.UNAVAILABLE
    retry_may_help = True

    @property
    def status(self) -> int:
        """503 Service Unavailable."""
        return 503


class UserChangedMeanwhile(StellaError):
    """Somebody else changed the user since it was read (If-Match)."""

    code = "ST-IDN-011"
    fault = Fault.CONFLICT


def no_such_user(user: str) -> NoSuchUser:
    """No account under that id or name."""
    return NoSuchUser(
        f"no user {user[:80]}",
        remedy=Remedy("Copy the id or name from the list.", command="stella user list"),
    )


class MalformedAssertion(StellaError):
    """What should be an issuer's token (JWT) is none, or lacks what every one has."""

    code = "ST-IDN-013"
    fault = Fault.NOT_AUTHENTICATED


class UntrustedAssertion(StellaError):
    """A token of an issuer that is not known here, or that its issuer has not signed."""

    code = "ST-IDN-014"
    fault = Fault.NOT_AUTHENTICATED


class AssertionOutOfTime(StellaError):
    """A token that has expired, or is of a time to come."""

    code = "ST-IDN-015"
    fault = Fault.NOT_AUTHENTICATED


class AssertionNotForUs(StellaError):
    """A token that its issuer has signed, and that lets nobody in here: for somebody else, or by
    claims that no document takes. Which ones would be taken is not said.
    """

    code = "ST-IDN-016"
    fault = Fault.NOT_AUTHENTICATED


class AssertionUsed(StellaError):
    """A token that was exchanged before: each is taken once."""

    code = "ST-IDN-017"
    fault = Fault.NOT_AUTHENTICATED


class UnusableKeys(StellaError):
    """The keys of an issuer are no JWK Set, or none of them can verify what we accept."""

    code = "ST-IDN-018"
    fault = Fault.UNAVAILABLE


class MalformedLogin(StellaError):
    """A document that says who may log in, and cannot be applied. ``facts``: every reason."""

    code = "ST-IDN-019"


class UnknownLogin(StellaError):
    """There is no such document of logins, or no such machine."""

    code = "ST-IDN-020"
    fault = Fault.NOT_FOUND


class LoginInUse(StellaError):
    """A document of logins names the integration."""

    code = "ST-IDN-021"
    fault = Fault.CONFLICT


class ExchangesBusy(StellaError):
    """More tokens are being exchanged at this moment than the server takes at once."""

    code = "ST-IDN-022"
    fault = Fault.UNAVAILABLE
    retry_may_help = True

    @property
    def status(self) -> int:
        """503 Service Unavailable."""
        return 503


class MachineOnly(StellaError):
    """A machine asked for what is for people: a token of its own, which would outlive its job."""

    code = "ST-IDN-023"
    fault = Fault.NOT_ALLOWED


class SignInRefused(StellaError):
    """An outside word does not let somebody in. Why is in the audit, for administrators."""

    code = "ST-IDN-024"
    fault = Fault.NOT_AUTHENTICATED


class ProofDenied(StellaError):
    """Who asks did not prove who they are: the password is wrong, or too many were. The session goes on."""

    code = "ST-IDN-026"
    fault = Fault.NOT_ALLOWED


class ImpossibleProof(StellaError):
    """It is no session of a person, or that person has no password here to prove anything by."""

    code = "ST-IDN-027"
    fault = Fault.NOT_ALLOWED


class AddressTaken(StellaError):
    """Commits with that address are another user's already."""

    code = "ST-IDN-028"
    fault = Fault.CONFLICT


class AccountTaken(StellaError):
    """That person has another account here, or the account is another person's."""

    code = "ST-IDN-025"
    fault = Fault.CONFLICT
