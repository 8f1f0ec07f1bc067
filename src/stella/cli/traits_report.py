"""What an image is beside its packages, for people."""

from collections.abc import Iterator

from stella.sbom.lifetime import Lifetime
from stella.sbom.traits import (
    Answer,
    Confidence,
    EntryPoint,
    Privileged,
    RunUser,
    Secret,
    Traits,
    Where,
)

_SHOWN_MAX = 5


def trait_lines(traits: Traits) -> Iterator[str]:
    """A line each; of long lists the first ones, the rest is in the other formats."""
    yield f"  user        {_user(traits.user)}"
    if traits.entry is not None:
        yield f"  runs        {_entry(traits.entry)}"
    yield f"  privileged  {_counted(len(traits.privileged), 'file')}"
    foreign = [one for one in traits.privileged if not one.package]
    for one in foreign[:_SHOWN_MAX]:
        yield f"    {_privileged(one)}"
    yield f"  secrets     {_counted(len(traits.secrets), 'place')}"
    for secret in traits.secrets[:_SHOWN_MAX]:
        yield f"    {_secret(secret)}"
    if len(traits.secrets) > _SHOWN_MAX:
        yield f"    and {len(traits.secrets) - _SHOWN_MAX} more"
    if traits.base is not None:
        name = " ".join(part for part in (traits.base.name, traits.base.digest) if part)
        yield f"  built on    {name} ({traits.base.how}, not verified)"
    for build in traits.provenance:
        source = f" from {build.source} {build.revision}".rstrip() if build.source else ""
        yield f"  built by    {build.builder or 'unnamed'}{source} ({build.how}, not verified)"


def lasting_text(lifetime: Lifetime, over: Answer) -> str:
    """Until when there are updates."""
    match over:
        case Answer.UNKNOWN:
            return f"unknown: {lifetime.source}"
        case Answer.YES:
            return f"since {lifetime.until}: {lifetime.distro} gets no more updates"
        case Answer.NO:
            return lifetime.until


def _user(user: RunUser) -> str:
    if user.root is Answer.UNKNOWN:
        return f"{user.name}: unknown whether that is root: {user.reason}"
    named = user.name or "none named"
    return f"{named} ({'root' if user.root is Answer.YES else user.uid})"


def _entry(entry: EntryPoint) -> str:
    if entry.confidence is Confidence.UNKNOWN:
        return f"unknown: {entry.reason}"
    with_what = f" by {entry.interpreter}" if entry.interpreter else ""
    reason = f": {entry.reason}" if entry.reason else ""
    as_whom = f", as {entry.user}" if entry.user else ""
    what = entry.program or f"module {entry.module}"
    return f"{what}{with_what}{as_whom} ({entry.confidence.value}{reason})"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}" if count else "none found"


def _privileged(one: Privileged) -> str:
    what = ", ".join(one.capabilities) or f"{one.mode} of {one.uid}:{one.gid}"
    return f"{one.path}  {what}  layer {one.layer_index}, of no system package"


def _secret(one: Secret) -> str:
    match one.where:
        case Where.COMMAND:
            return f"{one.rule} in word {one.path} of ENTRYPOINT and CMD"
        case Where.ENVIRONMENT:
            return f"{one.rule} in the variable {one.path}"
        case Where.HISTORY:
            return f"{one.rule} in step {one.path} of the build's history"
        case Where.LABEL:
            return f"{one.rule} in the label {one.path}"
        case Where.USER:
            return f"{one.rule} in the USER that it runs as"
        case Where.FILE:
            later = ", deleted above it and still in the image" if one.deleted else ""
            return f"{one.rule} in {one.path}:{one.line}  layer {one.layer_index}{later}"
