"""What callers hold of plugins that run in processes of their own: the same as of those that run here.

``Plugin`` with factories, and from them registries, secret stores and target connectors whose
methods are those of the contract, each of them a call.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from stella.kernel import Digest, Remedy
from stella.plugin.calls import Call, ConnectionOpening, Method, RegistryOpening, methods_of
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import FACTORIES, Kind, Plugin
from stella.plugin.contract.registry import Descriptor, RawManifest, Registry, RegistryConfig
from stella.plugin.contract.target import TargetConnector
from stella.plugin.refusals import BlobDigestMismatch, RegistryUnreachable
from stella.sdk.apart.exchange import NO_DOORS, Doors, connect_anywhere, doors_of_host
from stella.sdk.apart.process import PluginProcess


def plugin_apart(process: PluginProcess) -> Plugin:
    """Its factories, as its manifest says; what it lacks shows at the first call."""
    made: dict[str, dict[str, Callable[..., Any]]] = {field: {} for field in FACTORIES.values()}
    for one in process.manifest.contributes:
        made[FACTORIES[one.kind]][one.name] = _factory(process, one.kind, one.name)
    return Plugin(**made)


def _factory(process: PluginProcess, kind: Kind, name: str) -> Callable[..., Any]:
    if kind is Kind.REGISTRY:
        return partial(registry_apart, process, name)
    if kind is Kind.TARGET:
        return partial(target_apart, process, name)
    return partial(connected_apart, process, kind, name)


def registry_apart(process: PluginProcess, name: str, config: RegistryConfig) -> Registry:
    """The registry connector ``name``; nothing is begun yet."""
    opening = RegistryOpening(
        config.host,
        config.plain_http,
        config.login is not None,
        config.ca if config.ca_file is None else _authority(config.ca_file),
        config.timeout_s,
        config.proxy,
    )
    doors = Doors(config.connect or connect_anywhere, config.login, {})
    remote = _RemoteRegistry(process, Kind.REGISTRY, name, opening, doors)
    return cast("Registry", remote)


def _authority(file: str) -> str:
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryUnreachable(
            f"the authority in {file} cannot be read: {error}",
            remedy=Remedy("Name a file of PEM that the server may read."),
        ) from error


def connected_apart(process: PluginProcess, kind: Kind, name: str, connection: Connection) -> Any:
    """What is made from a connection, of that kind; nothing is begun yet."""
    contribution = process.manifest.contribution(kind, name)
    kinds = contribution.uses if contribution else {}
    used = {one: kinds[one] for one in connection.used if one in kinds}
    opening = ConnectionOpening(
        connection.endpoint,
        connection.config,
        tuple(connection.credentials),
        connection.ca,
        connection.proxy,
        connection.timeout_s,
        used,
    )
    doors = Doors(
        connection.connect,
        None,
        connection.credentials,
        used={one: (at, connection.used[one]) for one, at in used.items()},
    )
    return _Remote(process, kind, name, opening, doors)


def target_apart(process: PluginProcess, name: str) -> TargetConnector:
    """The target connector ``name``. ``plan`` needs nothing; the rest uses the host that it is given."""
    return cast("TargetConnector", _Remote(process, Kind.TARGET, name, None, NO_DOORS))


class _Remote:
    """Has the methods of a contract, each of which is a call."""

    def __init__(
        self,
        process: PluginProcess,
        kind: Kind,
        name: str,
        opening: RegistryOpening | ConnectionOpening | None,
        doors: Doors,
    ) -> None:
        self._process = process
        self._kind = kind
        self._name = name
        self._opening = opening
        self._doors = doors

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = methods_of(self._kind).get(name)
        if method is None:
            raise AttributeError(f"a {self._kind.value} has no {name} out of process")
        return partial(self._call, method)

    def _call(self, method: Method, *args: Any, **named: Any) -> Any:
        split, doors = method.split(args, named), self._doors
        if method.host is not None:
            doors = doors_of_host(method.signature.bind(*args, **named).arguments[method.host])
        call = Call(
            self._kind,
            self._name,
            method.name,
            split.plain,
            {name: len(content) for name, content in split.raw.items()},
            self._opening if isinstance(self._opening, RegistryOpening) else None,
            self._opening if isinstance(self._opening, ConnectionOpening) else None,
        )
        if method.is_stream:
            return self._process.stream(call, doors)
        return self._process.call(call, doors, split.raw)


class _RemoteRegistry(_Remote):
    """A registry whose promises about digests are held here, where no stranger holds them."""

    @property
    def host(self) -> str:
        """As it stands in image references."""
        assert isinstance(self._opening, RegistryOpening)
        return self._opening.host

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest, its bytes verified."""
        found = self.__getattr__("manifest")(repository, reference)
        assert isinstance(found, RawManifest)
        computed = Digest.of(found.content)
        promised = reference if reference.startswith("sha256:") else found.digest.text
        if promised != computed.text or found.digest != computed:
            raise self._mismatch(f"{repository} {reference}", promised, computed.text)
        return found

    @contextmanager
    def blob(self, repository: str, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        """The blob, verified."""
        with self.__getattr__("blob")(repository, descriptor) as pieces:
            yield self._verified(pieces, descriptor)

    def _verified(self, pieces: Iterator[bytes], descriptor: Descriptor) -> Iterator[bytes]:
        what, hasher, received = f"blob {descriptor.digest}", hashlib.sha256(), 0
        for piece in pieces:
            received += len(piece)
            if received > descriptor.size:
                raise self._mismatch(what, f"{descriptor.size} bytes", "more")
            hasher.update(piece)
            yield piece
        if received != descriptor.size:
            raise self._mismatch(what, f"{descriptor.size} bytes", f"{received} bytes")
        if hasher.hexdigest() != descriptor.digest.hex:
            raise self._mismatch(what, descriptor.digest.text, f"sha256:{hasher.hexdigest()}")

    def _mismatch(self, what: str, promised: str, delivered: str) -> BlobDigestMismatch:
        return BlobDigestMismatch(
            f"digest mismatch: {self.host} promised {promised} for {what}, delivered {delivered}",
            remedy=Remedy(
                "Do not use this image: the registry, or the plugin, is not to be trusted."
            ),
            registry=self.host,
            wanted=what,
            promised=promised,
            delivered=delivered,
        )
