"""Refusals of integrations, secrets and what they may reach."""

from stella.kernel import Fault, StellaError


class UnknownIntegration(StellaError):
    """There is no such integration."""

    code = "ST-HUB-001"
    fault = Fault.NOT_FOUND


class MalformedIntegration(StellaError):
    """An integration that cannot be: an unknown key, a secret in the open, what its connector refuses.

    ``facts``: every reason.
    """

    code = "ST-HUB-002"


class IntegrationInUse(StellaError):
    """Something names it: a rule, a step, an integration that reads its credentials from it."""

    code = "ST-HUB-003"
    fault = Fault.CONFLICT


class IntegrationDisabled(StellaError):
    """It is switched off, or not for who asks."""

    code = "ST-HUB-004"
    fault = Fault.NOT_ALLOWED


class MalformedReference(StellaError):
    """Text that refers to no secret. What it says is not repeated: it may be the secret itself."""

    code = "ST-HUB-005"


class UnresolvedReference(StellaError):
    """A reference to a secret that leads nowhere, or where this server does not look."""

    code = "ST-HUB-006"
    fault = Fault.UNAVAILABLE


class UnknownSecret(StellaError):
    """There is no secret of that name in the built-in store."""

    code = "ST-HUB-007"
    fault = Fault.NOT_FOUND


class MalformedSecret(StellaError):
    """A name or a value that the built-in store does not take."""

    code = "ST-HUB-008"


class SecretInUse(StellaError):
    """An integration names the secret."""

    code = "ST-HUB-009"
    fault = Fault.CONFLICT


class ConnectorsOff(StellaError):
    """The installation is offline: no connector reaches anything."""

    code = "ST-HUB-010"
    fault = Fault.NOT_ALLOWED


class HostNotGranted(StellaError):
    """A host or an address that nobody allowed the connector to reach."""

    code = "ST-HUB-011"
    fault = Fault.NOT_ALLOWED


class CircuitOpen(StellaError):
    """It has failed so often that it is left alone for a while."""

    code = "ST-HUB-012"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class TooManyRequests(StellaError):
    """The integration's own limit of requests would be passed."""

    code = "ST-HUB-013"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class SecretNotAllowed(StellaError):
    """A built-in secret may not be sent there, or not by the word of who asks."""

    code = "ST-HUB-014"
    fault = Fault.NOT_ALLOWED


class SecretNotDeployed(StellaError):
    """A secret that a deployment names, and that no host of that environment is given."""

    code = "ST-HUB-015"
    fault = Fault.NOT_ALLOWED


class UnknownDelivery(StellaError):
    """There is no such delivery of a webhook, or it is so old that it was forgotten."""

    code = "ST-HUB-031"
    fault = Fault.NOT_FOUND


class WebhookNotTaken(StellaError):
    """A delivery that cannot be verified at this moment: nothing of it was used. Send it again."""

    code = "ST-HUB-032"
    fault = Fault.UNAVAILABLE
    retry_may_help = True

    @property
    def status(self) -> int:
        """503 Service Unavailable: services send such a delivery again."""
        return 503


class DirectoryNotGranted(StellaError):
    """A directory of this machine that integrations may not use."""

    code = "ST-HUB-040"
    fault = Fault.NOT_ALLOWED


class KeeperUnusable(StellaError):
    """Whoever is named to keep the keys of the built-in store cannot, as things are."""

    code = "ST-HUB-041"
    fault = Fault.UNAVAILABLE
