"""What plugin authors import, and nothing else: the kernel's words, the contract, the refusals."""

from typing import TYPE_CHECKING

from stella.kernel import (
    Digest,
    Fault,
    Json,
    MalformedDigest,
    Outcome,
    Remedy,
    StellaError,
    Unknown,
    canonical_json,
    digest_of,
    parse_time,
    time_text,
)
from stella.plugin.contract import (
    SDK_VERSION,
    Action,
    Capability,
    Descriptor,
    Host,
    Manifest,
    Plugin,
    RawManifest,
    Registry,
    RegistryConfig,
    Running,
    ServicePlan,
    TargetConnector,
    TargetIntent,
    TargetPlan,
)
from stella.plugin.refusals import (
    BadTargetConfig,
    BlobDigestMismatch,
    CommandFailed,
    CommandMissing,
    CommandTimedOut,
    ComposeFileRefused,
    EngineUnreachable,
    ImageNotFound,
    ManifestMalformed,
    ManifestTooLarge,
    NotBroughtBack,
    PortIsTaken,
    PullDigestMismatch,
    PullFailed,
    RegistryRefused,
    RegistryUnreachable,
    SecretUnresolved,
    UnhealthyAfterStart,
    UnknownService,
    UnsafeName,
    UploadRefused,
)

if TYPE_CHECKING:
    from stella.trust import BadSignature, PublicKey, Statement, WrongStatement, verify_bundle

__all__ = [
    "SDK_VERSION",
    "Action",
    "BadSignature",
    "BadTargetConfig",
    "BlobDigestMismatch",
    "Capability",
    "CommandFailed",
    "CommandMissing",
    "CommandTimedOut",
    "ComposeFileRefused",
    "Descriptor",
    "Digest",
    "EngineUnreachable",
    "Fault",
    "Host",
    "ImageNotFound",
    "Json",
    "MalformedDigest",
    "Manifest",
    "ManifestMalformed",
    "ManifestTooLarge",
    "NotBroughtBack",
    "Outcome",
    "Plugin",
    "PortIsTaken",
    "PublicKey",
    "PullDigestMismatch",
    "PullFailed",
    "RawManifest",
    "Registry",
    "RegistryConfig",
    "RegistryRefused",
    "RegistryUnreachable",
    "Remedy",
    "Running",
    "SecretUnresolved",
    "ServicePlan",
    "Statement",
    "StellaError",
    "TargetConnector",
    "TargetIntent",
    "TargetPlan",
    "UnhealthyAfterStart",
    "Unknown",
    "UnknownService",
    "UnsafeName",
    "UploadRefused",
    "WrongStatement",
    "canonical_json",
    "digest_of",
    "parse_time",
    "time_text",
    "verify_bundle",
]


def __getattr__(name: str) -> object:
    """What comes from ``stella.trust``, late: to load cryptography takes longer than a warm scan."""
    if name in __all__:
        from stella import trust

        return getattr(trust, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
