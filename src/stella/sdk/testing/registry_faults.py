"""The checks of registries: each answer of one is broken in every way, and its login is another.

Run each of REGISTRY_HTTP_CHECKS as a test, beside REGISTRY_CHECKS.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from stella.kernel import StellaError
from stella.plugin.contract.connection import Connect
from stella.plugin.contract.registry import Descriptor, RawManifest, Registry
from stella.plugin.refusals import (
    BlobDigestMismatch,
    ImageNotFound,
    ManifestMalformed,
    ManifestTooLarge,
    RegistryRefused,
    RegistryUnreachable,
)
from stella.sdk.testing import service_faults
from stella.sdk.testing.between import Fault, answered, standing_between
from stella.sdk.testing.service_faults import ServiceHttpBench
from stella.sdk.testing.telling import untold

_OTHERS = (
    RegistryRefused,
    ImageNotFound,
    ManifestMalformed,
    ManifestTooLarge,
    BlobDigestMismatch,
)
_SECONDS_MAX = 12.0


@dataclass(frozen=True, slots=True)
class RegistryHttpBench:
    """A registry that wants a login, with one image in it.

    endpoint: where it really is. open_at: (endpoint, connect) -> the connector with a login that is taken,
    which waits for a second at most; stranger: with one that is not. repository, manifest, layer, content:
    what is there, and the layer's bytes; tags: every tag. secrets: what lets in, and what the stranger shows.
    """

    endpoint: str
    open_at: Callable[[str, Connect], Registry]
    stranger: Callable[[str, Connect], Registry]
    repository: str
    manifest: RawManifest
    layer: Descriptor
    content: bytes
    tags: tuple[str, ...]
    secrets: tuple[str, ...]


def _use(bench: RegistryHttpBench, registry: Registry) -> None:
    """Read all that is there. What a digest names is that or refused; a list may be said to be empty."""
    found = registry.manifest(bench.repository, bench.manifest.digest.text)
    assert (found.content, found.digest) == (bench.manifest.content, bench.manifest.digest)
    with registry.blob(bench.repository, bench.layer) as chunks:
        assert b"".join(chunks) == bench.content
    assert registry.tags(bench.repository) in {(), bench.tags}


def a_login_that_is_not_taken_is_refused(bench: RegistryHttpBench) -> None:
    """Whatever is read; and neither login is told."""
    registry = bench.stranger(bench.endpoint, service_faults.connect_anywhere)
    asked: tuple[Callable[[], object], ...] = (
        lambda: registry.manifest(bench.repository, bench.manifest.digest.text),
        lambda: registry.tags(bench.repository),
        lambda: _all_of(bench, registry),
    )
    for ask in asked:
        refusal: StellaError | None = None
        try:
            ask()
        except RegistryRefused as said:
            refusal = said
        assert refusal is not None, "it was let in"
        untold(refusal, bench.secrets)
    _use(bench, bench.open_at(bench.endpoint, service_faults.connect_anywhere))


def a_busy_registry_is_asked_again_when_it_says(bench: RegistryHttpBench) -> None:
    """Not before, and not at all where that would take too long: the server asks again itself."""
    for wait_s, most_s in ((1, _SECONDS_MAX), (86_400, _SECONDS_MAX)):
        busy = answered(429, b"{}", headers=f"Retry-After: {wait_s}\r\n")
        with standing_between(bench.endpoint, Fault("busy", busy)) as between:
            begun = time.monotonic()
            refusal: StellaError | None = None
            try:
                _use(bench, bench.open_at(between.endpoint, service_faults.connect_anywhere))
            except RegistryUnreachable as said:
                refusal = said
            took_s = time.monotonic() - begun
        assert took_s < most_s, f"it waited for {took_s:.0f} s"
        if refusal is None:
            assert wait_s <= took_s, f"it asked again after {took_s:.1f} s, not {wait_s}"
        else:
            assert refusal.retry_may_help


def _all_of(bench: RegistryHttpBench, registry: Registry) -> bytes:
    with registry.blob(bench.repository, bench.layer) as chunks:
        return b"".join(chunks)


def _of_registries(
    check: Callable[[ServiceHttpBench], None],
) -> Callable[[RegistryHttpBench], None]:
    @wraps(check)
    def held(bench: RegistryHttpBench) -> None:
        check(
            ServiceHttpBench(
                endpoint=bench.endpoint,
                open_at=bench.open_at,
                use=lambda registry: _use(bench, registry),
                secrets=lambda: bench.secrets,
                unreachable=RegistryUnreachable,
                others=_OTHERS,
                too_large=(ManifestTooLarge, ManifestMalformed, BlobDigestMismatch),
            )
        )

    return held


REGISTRY_HTTP_CHECKS: tuple[Callable[[RegistryHttpBench], None], ...] = (
    a_login_that_is_not_taken_is_refused,
    a_busy_registry_is_asked_again_when_it_says,
    *map(_of_registries, service_faults.SERVICE_HTTP_CHECKS),
)
