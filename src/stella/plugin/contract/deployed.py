"""References in what is deployed: what stands in a plan, and becomes a secret on the host for one command."""

from stella.kernel import Json

_ON_HOST = ("env://", "file://")
_BROKERED = ("secret://", "vault://", "aws-sm://", "azure-kv://", "gcp-sm://")
_LOGIN = "docker-login://"


def is_secret_reference(text: str) -> bool:
    """Whether a value of a configuration says where a secret lies, and is none itself."""
    return text.startswith(_ON_HOST) or is_brokered(text)


def is_brokered(text: str) -> bool:
    """Whether it lies in a secret store, which the control plane reads for the host."""
    return text.startswith(_BROKERED)


def docker_login(registry: str) -> str:
    """As a value of ``DOCKER_CONFIG``: the host makes it a directory with what pulls there, for one command.

    registry: as it stands before the first slash of an image's name. Where the control plane has nothing
    for it the variable is left out, and the host's own login counts.
    """
    return f"{_LOGIN}{registry}"


def registry_of_login(text: str) -> str | None:
    """The registry that ``docker_login`` named; None for another value."""
    return text.removeprefix(_LOGIN) if text.startswith(_LOGIN) else None


def registry_of_image(image: str) -> str:
    """The registry in an image's name, as Docker reads it; ``docker.io`` where none stands there."""
    first, slash, _ = image.partition("/")
    return (
        first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
    )


def brokered_in(value: Json) -> frozenset[str]:
    """Every reference in it that the control plane is to read."""
    return frozenset(filter(is_brokered, references_of(value)))


def references_of(value: Json) -> frozenset[str]:
    """Every secret reference in it."""
    if isinstance(value, str):
        return frozenset({value}) if is_secret_reference(value) else frozenset()
    if isinstance(value, dict):
        return frozenset().union(*map(references_of, value.values()))
    if isinstance(value, list | tuple):
        return frozenset().union(*map(references_of, value))
    return frozenset()
