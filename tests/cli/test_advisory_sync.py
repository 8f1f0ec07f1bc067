"""Feeds by the command line: synced, listed, frozen; from directories and by HTTP."""

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from advisory.records import FROM_0, feed, fixed, osv
from fixtures.commands import Command
from stella.advisory import open_snapshot
from stella.advisory.known_feeds import KNOWN_FEEDS
from stella.advisory.observation.model import is_document_name
from stella.trust import create_key


@pytest.fixture
def feeds_file(tmp_path: Path) -> Path:
    feed(tmp_path / "pypa", osv("X-1", "foo", FROM_0, fixed("2")))
    feed(tmp_path / "kev", {"catalogVersion": "1", "vulnerabilities": []}, name="kev.json")
    path = tmp_path / "feeds.yaml"
    listed = {
        "own": {"directory": str(tmp_path / "pypa")},
        "kev": {"directory": str(tmp_path / "kev")},
    }
    path.write_text(json.dumps({"feeds": listed}))
    return path


def sync(command: Command, tmp_path: Path, *more: str) -> tuple[int, str, str]:
    ended = command("advisory", "sync", "--store", str(tmp_path / "store"), *more)
    return ended.exit_code, ended.stdout, ended.stderr


def test_feeds_of_a_file_become_a_snapshot_that_knows_their_age(
    command: Command, tmp_path: Path, feeds_file: Path
):
    into = str(tmp_path / "into")
    code, out, err = sync(command, tmp_path, "--feeds", str(feeds_file), "--into", into)
    assert code == 0, err
    assert "own: 1 changed, 0 removed, 1 items" in err
    with open_snapshot(Path(out.strip())) as snapshot:
        assert [one.name for one in snapshot.feeds()] == ["kev", "own"]
    listed = command.data("advisory", "list", "--store", str(tmp_path / "store"))
    assert [(one["name"], one["documents"], one["ageHours"]) for one in listed] == [
        ("kev", 1, 0),
        ("own", 1, 0),
    ]
    (revision,) = command.data("advisory", "list", "own", "--store", str(tmp_path / "store"))
    assert revision["revision"] == 1
    again = command("advisory", "freeze", "--store", str(tmp_path / "store"), "--into", into)
    assert again.stdout == out
    feed(tmp_path / "pypa", osv("X-2", "foo", FROM_0, fixed("3")))
    _, newer, err = sync(command, tmp_path, "--feeds", str(feeds_file), "--into", into)
    assert f"removed {Path(out.strip()).name}, which is older" in err
    assert [str(path) for path in Path(into).iterdir()] == [newer.strip()]
    shown = command.data("advisory", "snapshot", into)
    assert [one["name"] for one in shown["feeds"]] == ["kev", "own"]


def test_one_broken_feed_hinders_no_other_and_ends_in_a_refusal(
    command: Command, tmp_path: Path, feeds_file: Path
):
    (tmp_path / "pypa" / "feed.jsonl").write_text('{"id": "X')
    code, _, err = sync(command, tmp_path, "--feeds", str(feeds_file))
    assert code == 7
    assert "own: the feed own is broken: feed.jsonl: malformed" in err
    assert "kev: 1 changed" in err
    assert "ST-CLI-022" in err


def test_feeds_have_names_that_are_sorted_and_documents_that_can_be_asked_for(command: Command):
    listed = command.data("advisory", "feeds")
    assert [one["name"] for one in listed] == sorted(one["name"] for one in listed)
    assert {"debian", "alpine", "kev", "epss", "nvd", "redhat-csaf"} <= {
        one["name"] for one in listed
    }
    assert all(one["endpoint"].startswith("https://") for one in listed)
    for feed_ in KNOWN_FEEDS.values():
        assert all(map(is_document_name, feed_.documents))


def test_what_nobody_knows_is_refused(command: Command, tmp_path: Path):
    code, _, err = sync(command, tmp_path, "mystery")
    assert code == 1
    assert "ST-CLI-021" in err
    (tmp_path / "bad.yaml").write_text("feeds: [1]")
    assert "ST-CLI-021" in sync(command, tmp_path, "--feeds", str(tmp_path / "bad.yaml"))[2]


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """A folder for each feed, as a web server of any make serves files."""
    feed(tmp_path / "web" / "kev", {"catalogVersion": "1", "vulnerabilities": []}, name="kev.json")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_known_feed_comes_from_a_mirror_and_only_what_changed(
    command: Command, tmp_path: Path, mirror: str, monkeypatch: pytest.MonkeyPatch
):
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    code, _, err = sync(command, tmp_path, "kev", "--mirror", mirror, "--rate-kib", "1000")
    assert code == 0, err
    assert "kev/kev.json: 0.0 MiB" in err
    code, _, err = sync(command, tmp_path, "kev", "--mirror", mirror)
    assert err == "kev: 0 changed, 0 removed, 1 items\n"


def test_a_bundle_carries_feeds_to_where_there_is_no_network(
    command: Command, tmp_path: Path, feeds_file: Path
):
    here, there = str(tmp_path / "store"), str(tmp_path / "there")
    create_key(tmp_path / "keys", "mirror")
    into = str(tmp_path / "into")
    _, made, _ = sync(command, tmp_path, "--feeds", str(feeds_file), "--into", into)
    bundle, keys = str(tmp_path / "bundle"), ("--key", str(tmp_path / "keys/mirror.pub"))
    ended = command(
        "advisory",
        "bundle",
        "create",
        "--store",
        here,
        "--sign",
        str(tmp_path / "keys/mirror.key"),
        "--to",
        bundle,
    )
    assert ended.stdout.splitlines()[-1] == "next      --since 2", ended.stderr
    shown = command.data("advisory", "bundle", "show", bundle)
    assert [one["name"] for one in shown["feeds"]] == ["kev", "own"]
    apply = ("advisory", "bundle", "apply", bundle, "--store", there, *keys)
    ended = command(*apply, "--into", str(tmp_path / "into there"))
    name = Path(made.strip()).name
    assert ended.stdout.splitlines()[-1].endswith(name), ended.stderr
    Path(bundle).write_bytes(b"nothing")
    assert "ST-ADV-015" in command(*apply).stderr
