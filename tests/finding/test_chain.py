"""An image's base, by its layers."""

import pytest

from fixtures.control import Control
from image.images import Layer, build, push
from stella.finding.chain import base_by_layers, chain_ids, keep_chain, newer_than, repository_of
from stella.kernel import Digest

WEB = "registry.test/shop/web:1"
A, B, C = (Layer.of({name: name.encode()}) for name in "abc")


def scanned(control: Control, name: str, *layers: Layer) -> dict:
    """What the server says of the image, once it has scanned it."""
    push(control.registry, build(*layers), f"shop/{name}", "1")
    control.post("/scans", {"reference": f"registry.test/shop/{name}:1"})
    control.settle()
    (scan,) = [one for one in control.get("/scans")["items"] if f"/{name}" in one["reference"]]
    return control.get(f"/scans/{scan['id']}/image")


def test_a_chain_id_names_every_layer_below_it():
    one, two = A.diff_id.text, B.diff_id.text
    assert chain_ids([]) == []
    assert chain_ids([one]) == [one]
    assert chain_ids([one, two]) == [one, Digest.of(f"{one} {two}".encode()).text]
    assert chain_ids([two, one])[-1] != chain_ids([one, two])[-1]


def test_the_base_is_the_scanned_image_with_the_most_of_the_lowest_layers(control: Control):
    assert scanned(control, "small", A)["knownBase"] is None
    assert (
        scanned(control, "larger", A, B)["knownBase"]["reference"] == "registry.test/shop/small:1"
    )
    base = scanned(control, "web", A, B, C)["knownBase"]
    assert (base["reference"], base["layers"]) == ("registry.test/shop/larger:1", 2)
    assert base["created"] is None, "its configuration says no time"
    assert scanned(control, "other", B, C)["knownBase"] is None, (
        "the same layers, not at the bottom"
    )
    assert scanned(control, "twin", A)["knownBase"] is None, "the same layers are no base"


def test_an_image_scanned_again_is_known_once(control: Control):
    scanned(control, "base", A)
    scanned(control, "base", A)
    assert scanned(control, "web", A, B)["knownBase"]["layers"] == 1


def test_the_newest_of_the_same_repository_is_not_of_another_nor_of_the_future(control: Control):
    for name, tag, created in (
        ("base", "1", "2029-01-01T00:00:00Z"),
        ("base", "2", "2029-11-01T00:00:00+01:00"),
        ("base", "3", "2031-01-01T00:00:00Z"),
        ("base", "4", "2029-03-01T00:00:00Z"),
        ("base-other", "1", "2029-12-01T00:00:00Z"),
        ("base_1", "1", "2029-12-01T00:00:00Z"),
    ):
        own = Layer.of({"own": f"{name}{tag}".encode()})
        layers = (A,) if (name, tag) == ("base", "1") else (A, own)
        push(control.registry, build(*layers, created=created), f"shop/{name}", tag)
        control.post("/scans", {"reference": f"registry.test/shop/{name}:{tag}"})
    control.settle()
    with control.database.read() as tx:
        found = base_by_layers(tx, [A.diff_id.text, C.diff_id.text], of=WEB)
        assert found is not None
        assert (found.reference, found.created) == (
            "registry.test/shop/base:1",
            "2029-01-01T00:00:00.000000Z",
        )
        newer = newer_than(tx, found)
        assert newer is not None
        assert (newer.reference, newer.created) == (
            "registry.test/shop/base:2",
            "2029-10-31T23:00:00.000000Z",
        )
        assert newer_than(tx, newer) is None
    assert repository_of("not a reference") is None


def kept(control: Control, name: str, layers: tuple[Layer, ...], created: str | None) -> str:
    """An image of that name was scanned, made then. Its reference."""
    reference = f"registry.test/{name}"
    with control.database.transaction(actor="usr_op") as tx:
        ids = [one.diff_id.text for one in layers]
        keep_chain(tx, Digest.of(name.encode()).text, reference, ids, created)
    return reference


def found(control: Control, *layers: Layer) -> str | None:
    """What an image of the repository shop/web is built on."""
    with control.database.read() as tx:
        base = base_by_layers(tx, [one.diff_id.text for one in layers], of=WEB)
    return base and base.reference


def test_of_the_same_layers_the_oldest_counts_and_a_label_makes_none_newer(
    control: Control,
) -> None:
    kept(control, "acme/again:11", (A, B), "2029-12-30T00:00:00.000000Z")
    old = kept(control, "debian:11", (A, B), "2021-01-01T00:00:00.000000Z")
    kept(control, "zeta/again:11", (A, B), "2029-12-31T00:00:00.000000Z")
    assert found(control, A, B, C) == old
    kept(control, "debian:11-again", (A, B), "2029-12-31T00:00:00.000000Z")
    with control.database.read() as tx:
        base = base_by_layers(tx, [one.diff_id.text for one in (A, B, C)], of=WEB)
        assert base is not None
        assert newer_than(tx, base) is None, "to build on it would change nothing"


@pytest.mark.parametrize(
    "created", [None, "2035-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z"]
)
def test_of_the_same_layers_one_that_tells_no_time_counts_first(
    control: Control, created: str | None
) -> None:
    kept(control, "debian:11", (A, B), "2029-12-01T00:00:00.000000Z")
    strange = kept(control, "strange:11", (A, B), created)
    assert found(control, A, B, C) == strange


def test_what_lies_in_the_repository_of_an_image_is_no_base_of_it(control: Control) -> None:
    old = kept(control, "debian:11", (A,), "2021-01-01T00:00:00.000000Z")
    kept(control, "shop/web:step", (A, B), "2029-12-31T00:00:00.000000Z")
    assert found(control, A, B, C) == old
    other = kept(control, "shop/web-base:1", (A, B), "2029-12-31T00:00:00.000000Z")
    assert found(control, A, B, C) == other
    # The same image under the own name hides nothing: its layers are as old as they are.
    mine = kept(control, "shop/web:old", (A, B), "2021-02-01T00:00:00.000000Z")
    assert found(control, A, B, C) == mine
