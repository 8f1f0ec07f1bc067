"""A rule takes no word of who committed what comes in: as recorded, never guessed, and judged again."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from fixtures.road import BASE, Road
from image.images import Layer, build, push
from promotion.test_rules import packet_of, proves, rule
from stella.app.commits_round import ask_who_committed
from stella.evidence import verify_packet
from stella.identity.addresses import add_address, addresses_of, note_address, remove_address
from stella.identity.errors import AddressTaken, MalformedUser
from stella.identity.store import user_address
from stella.kernel import Digest, Unknown
from stella.plugin.contract.scm import Commit, CommitRange, CommitSignature, SignatureState
from stella.promotion.approval.approve import reject_promotion
from stella.promotion.errors import AuthorsUnknown, OwnRequest
from stella.promotion.evaluate import evaluate_promotion
from stella.promotion.lifecycle import State
from stella.promotion.store import Promotion
from stella.record import tables
from stella.release.authors import Between
from stella.release.commits import Recorded, commit_range, is_to_ask, record_commits, recorded
from stella.release.create import create_release, resolve_components
from stella.release.model import Release
from stella.release.source import REVISION_LABEL, URL_LABEL, is_same_repository, shown_url

URL = "https://git.example/shop/web.git"
OLD, NEW = "a" * 40, "b" * 40
WHAT = Between(URL, OLD, NEW)
RULES = {"approvals": [rule("eyes", "approver", exclude=["commitAuthors"])]}
AT = datetime(2029, 12, 1, tzinfo=UTC)


def sealed(road: Road, version: str, revision: str | None, url: str = URL) -> Release:
    """A release of an image that says from which commit it was built, beside one that never changes."""
    labels = {URL_LABEL: url, REVISION_LABEL: revision} if revision else {}
    image = build(BASE, Layer.of({"srv/version": version.encode()}), Labels=labels)
    references = {
        "web": str(push(road.registry, image, "shop/web", version)),
        "worker": road.push("worker", "1", {}),
    }
    components = resolve_components(lambda _: road.registry, references)
    with road.database.transaction(actor=road.people["dan"].id) as tx:
        made = create_release(
            tx, road.work.blobs, name="shop", version=version, components=components
        )
    road.settle()
    return made


def asked(road: Road, revision: str | None = NEW, url: str = URL) -> Promotion:
    """A promotion of a release after one that runs there; nobody knows yet who committed."""
    road.environment("dev")
    first = road.deploy(road.promote(sealed(road, "1.0.0", OLD), "dev"))
    assert first.state is State.DEPLOYED
    road.environment("dev", **RULES)
    road.settle()
    return road.promote(sealed(road, "1.1.0", revision, url), "dev")


def commit(number: int, address: str, name: str = "Somebody") -> Commit:
    signature = CommitSignature(SignatureState.NONE)
    return Commit(f"{number:040}", (), name, address, AT, "Change it", signature)


def record(road: Road, *addresses: str, is_complete: bool = True, what: Between = WHAT) -> None:
    commits = tuple(commit(number, address) for number, address in enumerate(addresses))
    with road.database.transaction(actor="system") as tx:
        record_commits(tx, what, CommitRange(commits, is_complete))
    road.settle()


def know(road: Road, name: str, address: str) -> None:
    with road.database.transaction(actor="usr_root") as tx:
        add_address(tx, road.people[name].id, address)
    road.settle()


def gate(road: Road, promotion: Promotion) -> str:
    judged = road.promotion(promotion.id).record
    assert judged is not None
    gates = json.loads(road.work.blobs.get(Digest(judged)))["gates"]
    return str(next(one["summary"] for one in gates if one["name"] == "approvals"))


def test_an_author_does_not_approve_and_another_does(road: Road) -> None:
    held = asked(road)
    assert held.state is State.WAITING
    assert "its repository was not asked yet" in gate(road, held)
    with pytest.raises(AuthorsUnknown, match="not asked yet"):
        road.approve(held, "bob")
    know(road, "ann", "Ann@Example.com")
    know(road, "bob", "bob@example.com")
    record(road, "ann@example.com", "ANN@example.com", "eve@elsewhere.example")
    said = gate(road, held)
    assert "it brings commits of ann, eve@elsewhere.example (no known user)" in said
    assert "not who committed what it brings" in said or "0 of 1 approvals" in said
    with pytest.raises(OwnRequest, match="ann committed some of what"):
        road.approve(held, "ann")
    done = road.deploy(road.approve(road.promotion(held.id), "bob"))
    assert done.state is State.DEPLOYED
    proves(road, done)


def test_who_may_be_the_stranger_among_the_authors_is_not_taken(road: Road) -> None:
    held = asked(road)
    record(road, "eve@elsewhere.example")
    with pytest.raises(AuthorsUnknown, match="by which address ann commits") as refusal:
        road.approve(held, "ann")
    assert refusal.value.remedy.command == "stella user address add ann ADDRESS"
    know(road, "bob", "eve@elsewhere.example")
    # Every author is somebody else now: whoever has no address of a commit is none of them.
    assert road.approve(road.promotion(held.id), "ann").state is State.DEPLOYING


def test_whom_another_rule_does_not_name_is_told_why_theirs_turns_them_down(road: Road) -> None:
    held = asked(road)
    road.environment("dev", approvals=[*RULES["approvals"], rule("other", "olga")])
    with pytest.raises(AuthorsUnknown, match="not asked yet"):
        road.approve(held, "ann")
    know(road, "ann", "ann@example.com")
    record(road, "ann@example.com")
    with pytest.raises(OwnRequest, match="committed some of what"):
        road.approve(road.promotion(held.id), "ann")


def test_an_approval_counts_no_more_once_its_giver_turns_out_to_be_an_author(road: Road) -> None:
    held = asked(road)
    road.environment("dev", approvals=[{**RULES["approvals"][0], "count": 2}])
    know(road, "ann", "ann@example.com")
    record(road, "work@example.com")
    held = road.promotion(held.id)
    with road.database.transaction(actor="system") as tx:
        evaluate_promotion(tx, held.id, road.work.deciding, road.work.evidence_signer)
    held = road.approve(road.promotion(held.id), "ann")
    assert "eyes: 1 of 2" in gate(road, held)
    know(road, "ann", "work@example.com")
    assert "eyes: 0 of 2" in gate(road, held)


@pytest.mark.parametrize(
    ("revision", "url", "why"),
    [
        (None, URL, "has no label"),
        ("main", URL, "no whole commit id"),
        (NEW, "https://other.example/shop/web", "two repositories"),
    ],
)
def test_what_cannot_be_told_passes_nobody(
    road: Road, revision: str | None, url: str, why: str
) -> None:
    held = asked(road, revision, url)
    assert held.state is State.WAITING
    assert why in gate(road, held)
    with pytest.raises(AuthorsUnknown):
        road.approve(held, "ann")
    with road.database.transaction(actor=road.people["ann"].id) as tx:
        assert reject_promotion(tx, road.people["ann"], held.id, "no").state is State.REJECTED


def test_what_never_ran_there_has_no_known_authors(road: Road) -> None:
    road.environment("dev", **RULES)
    held = road.promote(sealed(road, "1.0.0", OLD), "dev")
    assert "web: it never ran there" in gate(road, held)


def test_the_same_image_and_the_same_commit_bring_nothing(road: Road) -> None:
    held = asked(road, OLD)
    assert road.approve(held, "ann").state is State.DEPLOYING


def test_too_many_commits_are_not_known(road: Road) -> None:
    held = asked(road)
    record(road, "ann@example.com", is_complete=False)
    with road.database.read() as tx:
        found = recorded(tx, WHAT)
    assert isinstance(found, Unknown)
    assert "more than 500" in found.reason
    with pytest.raises(AuthorsUnknown):
        road.approve(held, "bob")


def test_what_strangers_write_into_commits_is_stored_and_shown_as_a_line(road: Road) -> None:
    held = asked(road)
    know(road, "ann", "ann@example.com")
    record(road, "a\0b\nc\ud800@example.com", "x" * 5000, "")
    assert "a?b?c?@example.com (no known user)" in gate(road, held)
    assert road.approve(road.promotion(held.id), "ann").state is State.DEPLOYING


def test_a_forged_record_of_authors_breaks_the_packet(road: Road) -> None:
    held = asked(road)
    know(road, "ann", "ann@example.com")
    record(road, "ann@example.com")
    with road.database.transaction(actor="usr_x") as tx:
        tx.connection.execute(commit_range.update().values(authors="[]"))
    done = road.deploy(road.approve(road.promotion(held.id), "ann"))
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert (bad.name, "who committed" in bad.detail) == ("relied on", True)


def test_an_address_that_its_row_gives_to_another_breaks_the_packet(road: Road) -> None:
    held = asked(road)
    know(road, "ann", "ann@example.com")
    know(road, "bob", "bob@example.com")
    record(road, "ann@example.com")
    with road.database.transaction(actor="usr_x") as tx:
        mine = user_address.c.address == "ann@example.com"
        somebody = road.people["dan"].id
        tx.connection.execute(user_address.update().where(mine).values(user=somebody))
    done = road.deploy(road.approve(road.promotion(held.id), "bob"))
    assert done.state is State.DEPLOYED
    found = verify_packet(packet_of(road, done.id), road.work.proving.root)
    (bad,) = [one for one in found.checks if not one.good]
    assert (bad.name, "whose address it is" in bad.detail) == ("relied on", True)


def test_facts_tell_no_address(road: Road) -> None:
    know(road, "ann", "ann@example.com")
    with road.database.read() as tx:
        told = [dict(row) for row in tx.rows(select(tables.fact))]
    assert [one for one in told if one["kind"] == "AddressAdded"]
    assert "ann@example.com" not in str(told)


def test_what_gave_no_answer_is_asked_again_and_what_is_known_stays(road: Road) -> None:
    asked(road)
    assert ask_who_committed(road.database, road.work.blobs, lambda _: None, lambda: False) == 1
    with road.database.read() as tx:
        found = recorded(tx, WHAT)
        assert isinstance(found, Unknown)
        assert "no integration of the kind scm leads" in found.reason
        assert not is_to_ask(tx, WHAT)
    assert ask_who_committed(road.database, road.work.blobs, lambda _: None, lambda: False) == 0
    road.clock.go_on(minutes=11)
    with road.database.read() as tx:
        assert is_to_ask(tx, WHAT)
    record(road, "ann@example.com")
    record(road, "bob@example.com")
    with road.database.read() as tx:
        known = recorded(tx, WHAT)
        assert isinstance(known, Recorded)
        assert [one.address for one in known.authors] == ["ann@example.com"]
        assert not is_to_ask(tx, WHAT)


def test_an_address_is_one_users(road: Road) -> None:
    ann, bob = road.people["ann"].id, road.people["bob"].id
    with road.database.transaction(actor="usr_root") as tx:
        add_address(tx, ann, " Ann@Example.com ")
        add_address(tx, ann, "ann@example.com")
        note_address(tx, bob, "ann@example.com")
        with pytest.raises(AddressTaken):
            add_address(tx, bob, "ann@example.com")
        for strange in ("", "ann", "@", "a b@c", "a@" + "b" * 200, "ü@example.com"):
            with pytest.raises(MalformedUser):
                add_address(tx, bob, strange)
        assert addresses_of(tx, [ann, bob]) == {ann: ("ann@example.com",)}
        remove_address(tx, ann, "ANN@example.com")
        remove_address(tx, ann, "ann@example.com")
        note_address(tx, bob, "ann@example.com")
        assert addresses_of(tx, [ann, bob]) == {bob: ("ann@example.com",)}


def test_addresses_of_one_repository_are_told_alike_and_hold_no_password() -> None:
    assert is_same_repository(URL, "git@git.example:shop/web")
    assert not is_same_repository(URL, "https://git.example/shop/other")
    assert not is_same_repository("nothing", "nothing")
    assert shown_url("https://me:secret@git.example/shop/web.git") == URL
    assert shown_url("git@git.example:shop/web") == "git@git.example:shop/web"
