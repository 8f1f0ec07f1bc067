"""The kit of every directory, on a service that is played."""

import socket
from collections.abc import Callable, Iterator

import pytest
from service import TOKEN, Service, serving
from stella.sdk import Connection, DirectoryEntry, Kind, manifest_beside
from stella.sdk.testing import DIRECTORY_CHECKS, DirectoryBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.people import HttpDirectory

STRANGER = "token-of-nobody-8d2e"
PEOPLE = (
    (DirectoryEntry("1", "ana", "Ana", "ana@acme.example", ("all", "managers")), "of ana 1"),
    (DirectoryEntry("2", "ben", "Ben", "", ("all",)), "of ben 2"),
)


def connect_directly(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


def opened(endpoint: str, token: str) -> HttpDirectory:
    credentials = {"token": lambda: token}
    return HttpDirectory(Connection(endpoint, connect_directly, {}, credentials, timeout_s=1))


@pytest.fixture
def service() -> Iterator[Service]:
    with serving() as played:
        others = (
            DirectoryEntry("3", "two"),
            DirectoryEntry("4", "two"),
            DirectoryEntry("5", "lou"),
        )
        for entry, password in (*PEOPLE, *((one, "of others") for one in others)):
            played.people.append(
                {
                    "id": entry.id,
                    "name": entry.name,
                    "shown": entry.display_name,
                    "email": entry.email,
                    "groups": list(entry.groups),
                }
            )
            played.passwords[entry.id] = password
        played.locked.add("5")
        yield played


@pytest.mark.parametrize("check", DIRECTORY_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_directory_holds(
    check: Callable[[DirectoryBench], None], service: Service
) -> None:
    check(
        DirectoryBench(
            opened(service.endpoint, TOKEN),
            PEOPLE,
            twice=("two", "of others"),
            locked=("lou", "of others"),
            rename=service.rename,
            stranger=opened(service.endpoint, STRANGER),
            outage=service.outage,
            secrets=(TOKEN, STRANGER),
        )
    )


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
