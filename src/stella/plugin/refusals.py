"""How a connector says no. Every connector raises these, whoever wrote it."""

from stella.kernel import Fault, StellaError


class RegistryUnreachable(StellaError):
    """No usable answer: no connection, no certificate we trust, too slow, or an error of the server."""

    code = "ST-REG-001"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class ImageNotFound(StellaError):
    """The registry answers, but has no such repository, tag, manifest or blob."""

    code = "ST-REG-002"
    fault = Fault.NOT_FOUND


class RegistryRefused(StellaError):
    """The registry wants credentials, or these do not suffice."""

    code = "ST-REG-003"
    fault = Fault.NOT_ALLOWED


class ManifestMalformed(StellaError):
    """A manifest, index or configuration that does not say what the OCI image format wants."""

    code = "ST-REG-004"
    fault = Fault.INVALID


class ManifestTooLarge(StellaError):
    """A manifest beyond the bounds; nothing real needs so much."""

    code = "ST-REG-005"
    fault = Fault.INVALID


class BlobDigestMismatch(StellaError):
    """Bytes that are not what their digest or their size promised. Never used, never kept."""

    code = "ST-REG-006"
    fault = Fault.FAILED


class UploadRefused(StellaError):
    """The registry did not take what was pushed."""

    code = "ST-REG-007"
    fault = Fault.FAILED


# ---------------------------------------------------------------- targets


class PullDigestMismatch(StellaError):
    """What the host pulled is not what the digest promised: tampered with, or broken on the way."""

    code = "ST-TGT-001"
    fault = Fault.FAILED


class PullFailed(StellaError):
    """The host could not get the image from the registry."""

    code = "ST-TGT-002"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class UnhealthyAfterStart(StellaError):
    """It started, but did not become healthy in time, or ended."""

    code = "ST-TGT-003"
    fault = Fault.FAILED


class CommandFailed(StellaError):
    """A command on the host ended badly. ``facts``: argv, exit_status, output (its last part)."""

    code = "ST-TGT-004"
    fault = Fault.FAILED


class CommandMissing(StellaError):
    """A program that the connector needs is not installed on the host."""

    code = "ST-TGT-005"
    fault = Fault.UNAVAILABLE


class CommandTimedOut(StellaError):
    """A command on the host did not end in time and was ended."""

    code = "ST-TGT-006"
    fault = Fault.TIMED_OUT
    retry_may_help = True


class EngineUnreachable(StellaError):
    """The container engine on the host does not answer."""

    code = "ST-TGT-007"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class PortIsTaken(StellaError):
    """A port that the service publishes is used by something else on the host."""

    code = "ST-TGT-008"
    fault = Fault.CONFLICT


class BadTargetConfig(StellaError):
    """A target's configuration says something that its connector does not know."""

    code = "ST-TGT-009"


class ComposeFileRefused(StellaError):
    """A compose file that cannot be deployed as it is."""

    code = "ST-TGT-010"


class UnknownService(StellaError):
    """A component of the release belongs to no service of the target, or a service to none of it."""

    code = "ST-TGT-011"


class SecretUnresolved(StellaError):
    """A secret reference that the host cannot resolve. The reference is named, never its value."""

    code = "ST-TGT-012"
    fault = Fault.UNAVAILABLE


class NotBroughtBack(StellaError):
    """A deployment failed, and what ran before could not be brought back either."""

    code = "ST-TGT-013"
    fault = Fault.FAILED


class UnsafeName(StellaError):
    """A project or a file that would lie outside the directory that is the project's."""

    code = "ST-TGT-014"


class CannotTakeDown(StellaError):
    """A target's connector was written before there were take-downs: it can only deploy."""

    code = "ST-TGT-015"
    fault = Fault.CONFLICT


class StillRuns(StellaError):
    """After a take-down something of the project is still on the host."""

    code = "ST-TGT-016"
    fault = Fault.FAILED


class ChangedByOthers(StellaError):
    """What runs there was changed by somebody else since we did it last, and is not overwritten."""

    code = "ST-TGT-020"
    fault = Fault.CONFLICT


class UnknownConnector(StellaError):
    """No loaded plugin brings a connector of that kind. ``facts``: what was refused, and why."""

    code = "ST-PLG-002"
    fault = Fault.NOT_FOUND


class MalformedManifest(StellaError):
    """A plugin's manifest that cannot be used. ``facts``: every fault."""

    code = "ST-PLG-003"


class PluginBroken(StellaError):
    """A plugin that cannot be loaded, or does not bring what its manifest says. ``facts``: why."""

    code = "ST-PLG-004"
    fault = Fault.FAILED


class PluginErrored(StellaError):
    """A plugin in a process of its own did not answer as agreed: it broke, hung, ended or lied. Only
    this call is lost. ``facts``: plugin, method, why.
    """

    code = "ST-PLG-005"
    fault = Fault.FAILED
    retry_may_help = True


class MalformedWheel(StellaError):
    """A wheel that cannot be installed as a plugin."""

    code = "ST-PLG-006"


class UnknownPlugin(StellaError):
    """There is no such plugin, or not in that version."""

    code = "ST-PLG-007"
    fault = Fault.NOT_FOUND


class PluginChanged(StellaError):
    """The files of an installed plugin are not those of its wheel: it is not run."""

    code = "ST-PLG-009"
    fault = Fault.FAILED


class PluginInUse(StellaError):
    """It is switched on, or something that it brings is used."""

    code = "ST-PLG-008"
    fault = Fault.CONFLICT


class PluginNotAsPlanned(StellaError):
    """A plugin that a plan names was switched off, removed, replaced or granted otherwise meanwhile."""

    code = "ST-PLG-010"
    fault = Fault.CONFLICT


# ---------------------------------------------------------------- secret stores


class SecretStoreUnreachable(StellaError):
    """The secret store gives no usable answer."""

    code = "ST-SEC-001"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class SecretStoreRefused(StellaError):
    """The secret store does not let us in, or not to that secret."""

    code = "ST-SEC-002"
    fault = Fault.NOT_ALLOWED


class SecretNotFound(StellaError):
    """There is no such secret, or it has no such field."""

    code = "ST-SEC-003"
    fault = Fault.NOT_FOUND


# ---------------------------------------------------------------- services of every other kind


class ServiceUnreachable(StellaError):
    """The service gives no usable answer: no connection, too slow, broken off, an error of its own."""

    code = "ST-SVC-001"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class ServiceRefused(StellaError):
    """The service does not let us in, or not do that."""

    code = "ST-SVC-002"
    fault = Fault.NOT_ALLOWED


class NotThere(StellaError):
    """The service answers, and has no such thing."""

    code = "ST-SVC-003"
    fault = Fault.NOT_FOUND


class NotSupported(StellaError):
    """A service of this kind cannot do that."""

    code = "ST-SVC-004"


class ServiceBusy(ServiceUnreachable):
    """The service wants to be left alone for a while. ``facts``: retry_after_s, where it says so."""

    code = "ST-SVC-005"


class BadQuery(StellaError):
    """The service does not understand the question."""

    code = "ST-SVC-006"


class WebhookForged(StellaError):
    """A delivery without a signature, or with one that is not its sender's. Nothing of it was used."""

    code = "ST-WHK-001"
    fault = Fault.NOT_AUTHENTICATED


class WebhookTooOld(StellaError):
    """A delivery that was signed too long ago, or for a time to come."""

    code = "ST-WHK-002"
    fault = Fault.NOT_AUTHENTICATED


class WebhookMalformed(StellaError):
    """A delivery that is signed, and does not say what its service's deliveries say."""

    code = "ST-WHK-003"
    fault = Fault.INVALID


class StepFailed(StellaError):
    """A step's verdict: it was done, and the answer is no."""

    code = "ST-STP-001"
    fault = Fault.FAILED
