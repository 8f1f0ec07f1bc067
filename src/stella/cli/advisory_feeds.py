"""Feeds as the command line opens them: from a file of feeds, by name, from a mirror."""

import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import yaml

from stella.advisory.known_feeds import KNOWN_FEEDS
from stella.advisory.observation.directory import DirectoryFeed
from stella.cli.errors import UnusableFeedsFile
from stella.cli.written import read
from stella.kernel import Json, Remedy
from stella.plugin import installed_plugin
from stella.plugin.contract.connection import Connection

if TYPE_CHECKING:
    from stella.plugin.contract.feed import Feed

_TIMEOUT_S = 60


class NamedFeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One feed of the file: a URL (with its documents, or a mirror with an index), or a directory.

    csaf: the URL is a directory of a CSAF provider, with ``changes.csv``.
    """

    url: str = ""
    documents: dict[str, str] = {}
    csaf: bool = False
    directory: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    feeds: dict[str, NamedFeed]


@dataclass(frozen=True, slots=True)
class Access:
    """How feeds are reached. mirror: base URL that holds a folder for each feed. proxy: URL."""

    mirror: str = ""
    proxy: str | None = None
    ca: str | None = None
    plain_http: bool = False


def chosen_feeds(names: Sequence[str], file: Path | None) -> dict[str, NamedFeed]:
    """Name -> feed, sorted: those that are named, of the file all of them where none is.

    Raises UnusableFeedsFile.
    """
    known = {
        name: NamedFeed(url=one.endpoint, documents=dict(one.documents), csaf=one.is_csaf)
        for name, one in KNOWN_FEEDS.items()
    }
    listed = _read(file) if file else {}
    wanted = list(names) or sorted(listed)
    unknown = [name for name in wanted if name not in known and name not in listed]
    if not wanted or unknown:
        what = f"no feed is called {unknown[0]!r}" if unknown else "no feed is named"
        raise UnusableFeedsFile(
            what,
            remedy=Remedy(f"Name one of {', '.join(sorted(KNOWN_FEEDS))}; or give --feeds FILE."),
        )
    return {name: listed.get(name) or known[name] for name in sorted(set(wanted))}


def open_feed(name: str, feed: NamedFeed, access: Access) -> "Feed":
    """The feed, by the connector that is installed. Raises UnreadableFeed, UnknownConnector."""
    if feed.directory:
        return DirectoryFeed(Path(feed.directory).expanduser())
    url, documents = feed.url, feed.documents
    if access.mirror:
        url = f"{access.mirror.rstrip('/')}/{name}"
        documents = {one: one for one in documents}
    config: dict[str, Json] = {"plain_http": access.plain_http}
    if feed.csaf:
        config["csaf"] = True
    if documents:
        config["documents"] = dict(documents)
    made: Feed = installed_plugin("feeds").feeds["http-feed"](
        Connection(
            endpoint=url,
            connect=_connect,
            config=config,
            ca=access.ca,
            proxy=access.proxy or _environment_proxy(url),
            timeout_s=_TIMEOUT_S,
        )
    )
    return made


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def _environment_proxy(url: str) -> str | None:
    """The proxy that the environment names for the URL, as other commands use it."""
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    found = getproxies().get(parts.scheme)
    return found if found and not proxy_bypass(parts.hostname or "") else None


def read_ca(path: Path | None) -> str | None:
    """PEM of an own authority. Raises UnreadableFile, UnusableFeedsFile."""
    if path is None:
        return None
    text = read(path).decode("ascii", "replace")
    try:
        ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError):
        raise UnusableFeedsFile(
            f"{path} holds no certificate", remedy=Remedy("Name a file of PEM.")
        ) from None
    return text


def _read(file: Path) -> Mapping[str, NamedFeed]:
    try:
        document = yaml.safe_load(read(file))
        return msgspec.convert(document, _File).feeds
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableFeedsFile(
            f"{file} is no file of feeds: {' '.join(str(error).split())[:200]}",
            remedy=Remedy("Write `feeds: {NAME: {url: URL, documents: {NAME: PATH}}}`."),
        ) from None
