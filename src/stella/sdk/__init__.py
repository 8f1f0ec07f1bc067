"""What plugin authors import, and nothing else: the kernel's words, the contract, the refusals.

Each is loaded when it is first asked for: a scan wants the registry's words alone, and cryptography
alone takes longer to load than a warm scan.
"""

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
from stella.kernel.door import late

if TYPE_CHECKING:
    from stella.plugin.contract.check import DoctorCheck, Found
    from stella.plugin.contract.ci import Build, BuildState, Ci
    from stella.plugin.contract.connection import Connect, Connection
    from stella.plugin.contract.core import (
        SDK_VERSION,
        Capability,
        Contribution,
        Credential,
        Kind,
        Limits,
        Manifest,
        Need,
        Plugin,
    )
    from stella.plugin.contract.deployed import (
        docker_login,
        is_secret_reference,
        registry_of_image,
    )
    from stella.plugin.contract.directory import Directory, DirectoryEntry
    from stella.plugin.contract.feed import Feed, FeedChanges, FeedDocument
    from stella.plugin.contract.identity_provider import IdentityProvider, ProviderMetadata
    from stella.plugin.contract.language_model import (
        AnswerPart,
        GivenText,
        LanguageModel,
        Quote,
        WrittenSentence,
    )
    from stella.plugin.contract.metrics import MetricSource, Sample
    from stella.plugin.contract.notifier import (
        Choice,
        Message,
        Notifier,
        SentMessage,
        Severity,
        Ticket,
    )
    from stella.plugin.contract.object_store import ObjectStore, StoredObject
    from stella.plugin.contract.policy_pack import PackDocument, PolicyPack
    from stella.plugin.contract.registry import Descriptor, RawManifest, Registry, RegistryConfig
    from stella.plugin.contract.router import Router, Weight
    from stella.plugin.contract.scm import (
        Commit,
        CommitRange,
        CommitSignature,
        CommitStatus,
        DeploymentNote,
        FileList,
        Scm,
        SignatureState,
        StatusState,
    )
    from stella.plugin.contract.secret_store import KeyKeeper, Secret, SecretStore
    from stella.plugin.contract.step import Step, StepCall, StepResult
    from stella.plugin.contract.target import (
        Action,
        AwsSigning,
        Host,
        HostRequest,
        HostResponse,
        Running,
        ServicePlan,
        TakesDown,
        TargetConnector,
        TargetIntent,
        TargetPlan,
        taking_down,
    )
    from stella.plugin.contract.webhook import (
        EndedBuild,
        PressedChoice,
        PushedCommits,
        PushedImage,
        Received,
        Webhook,
    )
    from stella.plugin.manifest import manifest_beside
    from stella.plugin.refusals import (
        BadQuery,
        BadTargetConfig,
        BlobDigestMismatch,
        CannotTakeDown,
        ChangedByOthers,
        CommandFailed,
        CommandMissing,
        CommandTimedOut,
        ComposeFileRefused,
        EngineUnreachable,
        ImageNotFound,
        ManifestMalformed,
        ManifestTooLarge,
        NotBroughtBack,
        NotSupported,
        NotThere,
        PortIsTaken,
        PullDigestMismatch,
        PullFailed,
        RegistryRefused,
        RegistryUnreachable,
        SecretNotFound,
        SecretStoreRefused,
        SecretStoreUnreachable,
        SecretUnresolved,
        ServiceBusy,
        ServiceRefused,
        ServiceUnreachable,
        StepFailed,
        StillRuns,
        UnhealthyAfterStart,
        UnknownService,
        UnsafeName,
        UploadRefused,
        WebhookForged,
        WebhookMalformed,
        WebhookTooOld,
    )
    from stella.trust import BadSignature, PublicKey, Statement, WrongStatement, verify_bundle

__all__ = [
    "SDK_VERSION",
    "Action",
    "AnswerPart",
    "AwsSigning",
    "BadQuery",
    "BadSignature",
    "BadTargetConfig",
    "BlobDigestMismatch",
    "Build",
    "BuildState",
    "CannotTakeDown",
    "Capability",
    "ChangedByOthers",
    "Choice",
    "Ci",
    "CommandFailed",
    "CommandMissing",
    "CommandTimedOut",
    "Commit",
    "CommitRange",
    "CommitSignature",
    "CommitStatus",
    "ComposeFileRefused",
    "Connect",
    "Connection",
    "Contribution",
    "Credential",
    "DeploymentNote",
    "Descriptor",
    "Digest",
    "Directory",
    "DirectoryEntry",
    "DoctorCheck",
    "EndedBuild",
    "EngineUnreachable",
    "Fault",
    "Feed",
    "FeedChanges",
    "FeedDocument",
    "FileList",
    "Found",
    "GivenText",
    "Host",
    "HostRequest",
    "HostResponse",
    "IdentityProvider",
    "ImageNotFound",
    "Json",
    "KeyKeeper",
    "Kind",
    "LanguageModel",
    "Limits",
    "MalformedDigest",
    "Manifest",
    "ManifestMalformed",
    "ManifestTooLarge",
    "Message",
    "MetricSource",
    "Need",
    "NotBroughtBack",
    "NotSupported",
    "NotThere",
    "Notifier",
    "ObjectStore",
    "Outcome",
    "PackDocument",
    "Plugin",
    "PolicyPack",
    "PortIsTaken",
    "PressedChoice",
    "ProviderMetadata",
    "PublicKey",
    "PullDigestMismatch",
    "PullFailed",
    "PushedCommits",
    "PushedImage",
    "Quote",
    "RawManifest",
    "Received",
    "Registry",
    "RegistryConfig",
    "RegistryRefused",
    "RegistryUnreachable",
    "Remedy",
    "Router",
    "Running",
    "Sample",
    "Scm",
    "Secret",
    "SecretNotFound",
    "SecretStore",
    "SecretStoreRefused",
    "SecretStoreUnreachable",
    "SecretUnresolved",
    "SentMessage",
    "ServiceBusy",
    "ServicePlan",
    "ServiceRefused",
    "ServiceUnreachable",
    "Severity",
    "SignatureState",
    "Statement",
    "StatusState",
    "StellaError",
    "Step",
    "StepCall",
    "StepFailed",
    "StepResult",
    "StillRuns",
    "StoredObject",
    "TakesDown",
    "TargetConnector",
    "TargetIntent",
    "TargetPlan",
    "Ticket",
    "UnhealthyAfterStart",
    "Unknown",
    "UnknownService",
    "UnsafeName",
    "UploadRefused",
    "Webhook",
    "WebhookForged",
    "WebhookMalformed",
    "WebhookTooOld",
    "Weight",
    "WrittenSentence",
    "WrongStatement",
    "canonical_json",
    "digest_of",
    "docker_login",
    "is_secret_reference",
    "manifest_beside",
    "parse_time",
    "registry_of_image",
    "taking_down",
    "time_text",
    "verify_bundle",
]

__getattr__ = late(
    __name__,
    {
        "stella.plugin.contract.check": "DoctorCheck Found",
        "stella.plugin.contract.ci": "Build BuildState Ci",
        "stella.plugin.contract.connection": "Connect Connection",
        "stella.plugin.contract.core": (
            "Capability Contribution Credential Kind Limits Manifest Need Plugin SDK_VERSION"
        ),
        "stella.plugin.contract.deployed": "docker_login is_secret_reference registry_of_image",
        "stella.plugin.contract.directory": "Directory DirectoryEntry",
        "stella.plugin.contract.feed": "Feed FeedChanges FeedDocument",
        "stella.plugin.contract.identity_provider": "IdentityProvider ProviderMetadata",
        "stella.plugin.contract.language_model": (
            "AnswerPart GivenText LanguageModel Quote WrittenSentence"
        ),
        "stella.plugin.contract.metrics": "MetricSource Sample",
        "stella.plugin.contract.notifier": "Choice Message Notifier SentMessage Severity Ticket",
        "stella.plugin.contract.object_store": "ObjectStore StoredObject",
        "stella.plugin.contract.policy_pack": "PackDocument PolicyPack",
        "stella.plugin.contract.registry": "Descriptor RawManifest Registry RegistryConfig",
        "stella.plugin.contract.router": "Router Weight",
        "stella.plugin.contract.scm": (
            "Commit CommitRange CommitSignature CommitStatus DeploymentNote FileList Scm SignatureState "
            "StatusState"
        ),
        "stella.plugin.contract.secret_store": "KeyKeeper Secret SecretStore",
        "stella.plugin.contract.step": "Step StepCall StepResult",
        "stella.plugin.contract.target": (
            "Action AwsSigning Host HostRequest HostResponse Running ServicePlan TakesDown "
            "TargetConnector TargetIntent TargetPlan taking_down"
        ),
        "stella.plugin.contract.webhook": (
            "EndedBuild PressedChoice PushedCommits PushedImage Received Webhook"
        ),
        "stella.plugin.manifest": "manifest_beside",
        "stella.plugin.refusals": (
            "BadQuery BadTargetConfig BlobDigestMismatch CannotTakeDown ChangedByOthers "
            "CommandFailed CommandMissing "
            "CommandTimedOut ComposeFileRefused EngineUnreachable ImageNotFound ManifestMalformed "
            "ManifestTooLarge NotBroughtBack NotSupported NotThere PortIsTaken PullDigestMismatch "
            "PullFailed RegistryRefused RegistryUnreachable SecretNotFound SecretStoreRefused "
            "SecretStoreUnreachable SecretUnresolved ServiceBusy ServiceRefused "
            "ServiceUnreachable StepFailed StillRuns UnhealthyAfterStart UnknownService UnsafeName "
            "UploadRefused WebhookForged WebhookMalformed WebhookTooOld"
        ),
        "stella.trust": "BadSignature PublicKey Statement WrongStatement verify_bundle",
    },
)
