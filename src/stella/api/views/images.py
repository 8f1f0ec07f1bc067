"""What a scan says of an image beside its packages."""

import msgspec

from stella.api.views.base import View
from stella.finding.chain import KnownBase
from stella.sbom import Traits
from stella.sbom.lifetime import Lifetime, is_over
from stella.sbom.traits import Answer, Confidence, Where


class ImageUserView(View):
    """As whom a container begins. uid: None where it is not known; reason then says why."""

    name: str
    uid: int | None
    root: Answer
    reason: str


class PrivilegedFileView(View):
    """A file whose runner gets more power. package: purl, empty where no system package brought it."""

    path: str
    mode: str
    uid: int
    gid: int
    capabilities: list[str]
    package: str
    layer: str
    layer_index: int


class ImageSecretView(View):
    """Where a secret lies; never what it is. deleted: a later layer takes the file away."""

    rule: str
    where: Where
    path: str
    line: int
    layer: str
    layer_index: int | None
    deleted: bool


class EntryStepView(View):
    """One program on the way to the one that is run."""

    what: str
    path: str
    how: str
    package: str
    layer_index: int | None


class EntryPointView(View):
    """What is run in the end, and how we know."""

    program: str
    interpreter: str
    module: str
    user: str
    package: str
    confidence: Confidence
    reason: str
    steps: list[EntryStepView]


class BaseImageView(View):
    """The image that this one was built on, as ``how`` says; not verified."""

    name: str
    digest: str
    how: str


class ProvenanceView(View):
    """What an attestation says of the build; not verified."""

    predicate_type: str
    builder: str
    source: str
    revision: str
    digest: str
    how: str


class TraitsView(View):
    """The image itself. distro: "none" where nothing in it is of one, empty where it is not known."""

    user: ImageUserView
    privileged: list[PrivilegedFileView]
    secrets: list[ImageSecretView]
    entry: EntryPointView | None
    base: BaseImageView | None
    provenance: list[ProvenanceView]
    provenance_unknown: str
    layers: list[str]
    distro: str


class LifetimeView(View):
    """Until when the distribution gets updates: a day, "rolling", "none", or empty where it is not known."""

    distro: str
    until: str
    source: str
    over: Answer


class KnownBaseView(View):
    """An image that the server scanned, whose layers are the lowest ones of this image.

    created: when it says that it was made; null where that is not known.
    """

    reference: str
    digest: str
    layers: int
    created: str | None


class ImageView(View):
    """What is known of one platform image. traits, lifetime: None where its scan does not say.

    known_base: by its layers, among what the server scanned; None where none of that is below it.
    """

    scan: str
    traits: TraitsView | None
    lifetime: LifetimeView | None
    known_base: KnownBaseView | None


def image_view(
    scan: str,
    traits: Traits | None,
    lifetime: Lifetime | None,
    base: KnownBase | None,
    *,
    now: str,
) -> ImageView:
    """The image as the API shows it. now: when it is looked at, RFC 3339."""
    return ImageView(
        scan=scan,
        traits=None if traits is None else TraitsView.model_validate(msgspec.to_builtins(traits)),
        lifetime=None
        if lifetime is None
        else LifetimeView(
            distro=lifetime.distro,
            until=lifetime.until,
            source=lifetime.source,
            over=is_over(lifetime, now),
        ),
        known_base=None
        if base is None
        else KnownBaseView(
            reference=base.reference,
            digest=base.digest,
            layers=base.layers,
            created=base.created,
        ),
    )
