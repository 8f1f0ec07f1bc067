"""A server follows feeds of VEX over HTTP by the connector that it ships: what they hold counts."""

import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from api.test_vex import document, issuer, scanned, states
from fixtures.control import Control
from fixtures.publishers import Publisher, publishing
from stella.advisory.observation import Observations, sync_feed
from stella.app.vex_sync import VexSync
from stella.kernel import time_text
from stella.plugin.contract.core import Kind
from stella.record.tables import fact as fact_table
from stella.trust import Algorithm, new_signer
from stella.vex import sign_vex
from stella.vex.feed_file import read_vex_file

CONTENT = {"content": "vex"}


def packed(files: Mapping[str, bytes], kind: str = "gz") -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=f"w:{kind}") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def index(*locations: str) -> bytes:
    listed = [{"id": f"pkg:pypi/p{n}", "location": one} for n, one in enumerate(locations)]
    return json.dumps({"updated_at": "2030-01-01T00:00:00Z", "packages": listed}).encode()


class Followed:
    """A control plane that follows the feed ``hub`` at a publisher on loopback."""

    def __init__(self, control: Control, publisher: Publisher, data: Path) -> None:
        self.control, self.publisher, self.data = control, publisher, data
        self.scan, self.findings = scanned(control)
        self.sync = VexSync(replace(control.services, data=data), timedelta(hours=1))

    def follow(self, **config: Any) -> None:
        spec = {
            "kind": "feed",
            "connector": "http-feed",
            "endpoint": self.publisher.endpoint,
            "networks": ["127.0.0.0/8"],
            "config": {**CONTENT, **config},
        }
        made = {"apiVersion": "stella/v1", "kind": "Integration", "name": "hub", "spec": spec}
        answer = self.control.ask("POST", "/apply", {"documents": [made]}, by="root")
        assert answer.is_success, answer.text

    def publish(self, **files: bytes | None) -> None:
        for name, content in files.items():
            self.publisher.publish(f"{name}.json", content)

    def later(self, **duration: int) -> None:
        """Some time passes, and the server looks."""
        self.control.clock.go_on(**(duration or {"hours": 2}))
        self.sync.sweep()
        self.control.settle()

    def feed(self) -> Any:
        (found,) = self.control.get("/vex-feeds")["items"]
        return found

    def state(self, number: int = 0) -> str:
        one = self.findings[number]
        return states(self.control, self.scan)[one["id"], one["purl"]]

    def standing(self) -> list[Any]:
        found = self.control.get("/vex", limit=500)["items"]
        return [one for one in found if one["state"] == "standing"]

    def facts(self, kind: str) -> list[dict[str, Any]]:
        with self.control.database.read() as tx:
            rows = tx.rows(fact_table.select().where(fact_table.c.kind == kind))
            return [json.loads(row["data"]) for row in rows]


@pytest.fixture
def followed(control: Control, tmp_path: Path) -> Iterator[Followed]:
    with publishing() as publisher:
        yield Followed(control, publisher, tmp_path / "own")


def test_nothing_of_a_feed_counts_that_no_issuer_names(followed: Followed) -> None:
    followed.publish(a=document(followed.findings[0]))
    followed.follow()
    followed.later()
    (row,) = followed.standing()
    assert (row["source"], row["issuer"], row["basis"]) == ("hub", "", "none")
    assert followed.state() == "none"
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    assert followed.state() == "not_affected"
    assert followed.feed()["issuer"] == "vendor"
    issuer(followed.control, "vendor", weight="trusted")
    assert followed.state() == "none"


def test_what_is_signed_is_whose_key_it_is_whoever_the_feed_belongs_to(followed: Followed) -> None:
    signer = new_signer(Algorithm.ED25519)
    followed.publish(a=sign_vex(signer, document(followed.findings[0])))
    followed.follow()
    followed.later()
    assert followed.state() == "none"
    issuer(followed.control, "author", weight="trusted", keys=[signer.public.pem.decode()])
    assert followed.state() == "not_affected"
    (voice,) = [
        voice
        for one in followed.control.get(f"/scans/{followed.scan['id']}/findings")["items"]
        if one["vexWhy"]
        for voice in one["vexWhy"]["voices"]
    ][:1]
    assert (voice["issuer"], voice["basis"]) == ("author", "signature")


def test_a_new_revision_stands_in_the_place_of_the_old_and_what_is_withdrawn_goes(
    followed: Followed,
) -> None:
    first, second = followed.findings[:2]
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    followed.publish(a=document(first), b=document(second))
    followed.follow()
    followed.later()
    assert (followed.state(0), followed.state(1)) == ("not_affected", "not_affected")
    followed.publish(a=document(first, "under_investigation"))
    followed.later()
    assert (followed.state(0), followed.state(1)) == ("under_investigation", "not_affected")
    followed.publish(b=None)
    followed.later()
    assert (followed.state(0), followed.state(1)) == ("under_investigation", "none")
    assert len(followed.standing()) == 1
    told = [(one["documents"], one["came"], one["went"]) for one in followed.facts("VexFeedTaken")]
    assert told == [(2, 2, 0), (2, 1, 1), (1, 0, 1)]
    followed.publish(b=document(second))
    followed.later()
    assert followed.state(1) == "not_affected", "it was not withdrawn here, so it may come back"


def test_what_somebody_here_withdrew_does_not_come_back(followed: Followed) -> None:
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    followed.publish(a=document(followed.findings[0]))
    followed.follow()
    followed.later()
    (row,) = followed.standing()
    followed.control.post(f"/vex/{row['id']}/withdraw", {"reason": "wrong"}, by="ann")
    assert followed.state() == "none"
    followed.publish(b=document(followed.findings[1]))
    followed.later()
    assert (followed.state(0), followed.state(1)) == ("none", "not_affected")


@pytest.mark.parametrize(
    "broken",
    [b"<html>Sign in</html>", b'{"@context": "https://openvex.dev/ns', b"{}", b""],
    ids=["page", "cut off", "no VEX", "empty"],
)
def test_a_broken_feed_changes_nothing_and_says_so(followed: Followed, broken: bytes) -> None:
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    followed.publish(a=document(followed.findings[0]))
    followed.follow()
    followed.later()
    before = followed.feed()
    followed.publish(a=broken, b=document(followed.findings[1]))
    for _ in range(2):
        followed.later()
    assert (followed.state(0), followed.state(1)) == ("not_affected", "none")
    after = followed.feed()
    assert (after["documents"], after["checkedAt"]) == (1, before["checkedAt"])
    assert "broken" in after["trouble"]
    assert after["troubleAt"] > after["checkedAt"]
    assert len(followed.facts("FeedFailed")) == 1
    followed.publish(a=document(followed.findings[0]))
    followed.later()
    assert followed.feed()["trouble"] == ""
    assert followed.state(1) == "not_affected"


def test_what_breaks_off_or_is_away_changes_nothing(followed: Followed) -> None:
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    followed.publish(a=document(followed.findings[0]))
    followed.follow()
    followed.later()
    followed.publish(a=document(followed.findings[0], "affected"))
    with followed.publisher.breaking():
        followed.later()
    assert followed.state() == "not_affected"
    followed.publisher.documents.clear()
    followed.later()
    assert followed.state() == "not_affected"
    assert followed.feed()["trouble"]


def test_only_what_changed_is_brought_again(followed: Followed) -> None:
    followed.publish(a=document(followed.findings[0]), b=document(followed.findings[1]))
    followed.follow()
    followed.later()
    followed.publisher.asked.clear()
    followed.later()
    assert {path for method, path, _ in followed.publisher.asked if method == "GET"} == {
        "index.json"
    }
    followed.publisher.asked.clear()
    followed.later(minutes=1)
    assert followed.publisher.asked == [], "its time has not come"


def test_it_is_looked_at_at_once_where_somebody_asks(followed: Followed) -> None:
    followed.publish(a=document(followed.findings[0]))
    followed.follow()
    followed.later()
    followed.publish(b=document(followed.findings[1]))
    followed.control.clock.go_on(seconds=1)
    assert followed.control.refused("POST", "/vex-feeds/hub/sync", by="vic") == "ST-IDN-004"
    assert followed.control.refused("POST", "/vex-feeds/nub/sync", by="ann") == "ST-VEX-008"
    asked = followed.control.post("/vex-feeds/hub/sync", by="ann")
    assert asked["askedAt"] > asked["checkedAt"]
    followed.later(seconds=1)
    assert (followed.feed()["documents"], followed.feed()["checkedAt"] > asked["askedAt"]) == (
        2,
        True,
    )
    followed.publisher.asked.clear()
    followed.later(seconds=1)
    assert followed.publisher.asked == []


def test_a_vex_repository_is_followed_by_its_manifest_and_its_index(followed: Followed) -> None:
    first, second = followed.findings[:2]
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    listed = index("pkg/a/vex.json")
    files = {
        "hub-main/index.json": listed,
        "hub-main/pkg/a/vex.json": document(first),
        "hub-main/pkg/b/vex.json": document(second),
        "hub-main/README.md": b"# Hub",
    }
    where = f"{followed.publisher.endpoint}/main.tar.gz//hub-main"
    told = {"spec_version": "0.1", "locations": [{"url": where}], "update_interval": "24h"}
    followed.publisher.publish("vex-repository.json", json.dumps({"versions": [told]}).encode())
    followed.publisher.publish("main.tar.gz", packed(files))
    followed.follow(repository=True)
    followed.later()
    assert (followed.state(0), followed.state(1)) == ("not_affected", "none"), "only what is listed"
    files["hub-main/index.json"] = index("pkg/a/vex.json", "pkg/b/vex.json")
    followed.publisher.publish("main.tar.gz", packed(files))
    followed.later()
    assert (followed.state(0), followed.state(1)) == ("not_affected", "not_affected")
    for broken in (
        packed(files)[:-200],
        packed({**files, "hub-main/index.json": index("pkg/a/vex.json", "pkg/c/vex.json")}),
        packed({**files, "hub-main/index.json": index("../../etc/passwd")}),
        packed({**files, "hub-main/index.json": b"{}"}),
    ):
        followed.publisher.publish("main.tar.gz", broken)
        followed.later()
        assert followed.feed()["trouble"]
        assert (followed.state(0), followed.state(1)) == ("not_affected", "not_affected")
    followed.publisher.publish("main.tar.gz", packed({"index.json": index("v"), "v": b""}, "xz"))
    followed.later()
    assert followed.state(1) == "not_affected"


def test_what_was_observed_counts_after_a_server_that_ended_in_between(followed: Followed) -> None:
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    followed.publish(a=document(followed.findings[0]))
    followed.follow()

    feed = followed.control.services.outside.connected(Kind.FEED, "hub")
    with Observations(followed.data / "vex-feeds") as store:
        now = time_text(followed.control.clock.at)
        sync_feed(store, "hub", feed, now=now, read=read_vex_file)
    assert followed.state() == "none"
    followed.later(minutes=1)
    assert followed.state() == "not_affected"


def test_nothing_counts_of_a_feed_that_nobody_follows_any_more(followed: Followed) -> None:
    issuer(followed.control, "vendor", weight="trusted", feeds=["hub"])
    followed.publish(a=document(followed.findings[0]))
    followed.follow()
    followed.later()
    assert followed.state() == "not_affected"
    assert followed.control.refused("DELETE", "/integrations/hub", by="root") == "ST-HUB-003"
    issuer(followed.control, "vendor", weight="trusted", feeds=[])
    gone = followed.control.ask("DELETE", "/integrations/hub", by="root")
    assert gone.is_success, gone.text
    followed.later(seconds=1)
    assert followed.state() == "none"
    assert followed.control.get("/vex-feeds")["items"] == []
    assert followed.standing() == []


def test_two_issuers_do_not_share_a_feed(control: Control) -> None:
    assert issuer(control, "one", weight="trusted", feeds=["hub", "other"]).is_success
    refused = issuer(control, "two", weight="known", feeds=["hub"])
    assert "the feed hub is one's" in refused.text
    assert "feeds[0]" in issuer(control, "two", weight="known", feeds=["No Name"]).text
    (known,) = control.get("/vex-issuers")["items"]
    assert known["feeds"] == ["hub", "other"]
