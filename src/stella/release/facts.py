"""What happens to releases and to the tags they came from."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class ReleaseSealed(Fact):
    """A set of digests was named. components: name -> digest."""

    name: str
    version: str
    release_digest: str
    manifest: str
    components: dict[str, str]
    variables: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseRevised(Fact):
    """The same digests are deployed with other variables from now on. variables: their digest."""

    revision: int
    variables: str
    reason: str


@dataclass(frozen=True, slots=True)
class VariablesApplied(Fact):
    """A document of variables was made or changed. change: created or updated."""

    change: str
    digest: str


@dataclass(frozen=True, slots=True)
class VariablesDeleted(Fact):
    """A document of variables is no more; releases that are sealed keep what they have."""


@dataclass(frozen=True, slots=True)
class ComponentApplied(Fact):
    """It was made or changed. change: created or updated."""

    change: str
    digest: str


@dataclass(frozen=True, slots=True)
class ComponentDeleted(Fact):
    """It is no more; releases that are sealed keep what they have. subject: its name."""


@dataclass(frozen=True, slots=True)
class ComponentVersionTold(Fact):
    """A version of it is this image from now on. subject: the component; image: by digest.

    commit, build, url: where it was built, as who told it says.
    """

    version: str
    channel: str
    image: str
    commit: str
    build: str
    url: str


@dataclass(frozen=True, slots=True)
class ReleaseTemplateApplied(Fact):
    """It was made or changed. change: created or updated."""

    change: str
    digest: str


@dataclass(frozen=True, slots=True)
class ReleaseTemplateDeleted(Fact):
    """No release is made by it any more. subject: its name."""


@dataclass(frozen=True, slots=True)
class CommitsRecorded(Fact):
    """A repository said who committed what ``head`` has and ``base`` has not. digest: of that and them."""

    repository: str
    base: str
    head: str
    digest: str


@dataclass(frozen=True, slots=True)
class ReleaseWithdrawn(Fact):
    """It is to be promoted no more."""

    reason: str


@dataclass(frozen=True, slots=True)
class ImagePushed(Fact):
    """A registry reported a push. subject: the reference by digest; before: where the tag stood."""

    repository: str
    tag: str
    digest: str
    before: str | None
