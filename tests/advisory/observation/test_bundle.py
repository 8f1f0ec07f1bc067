"""Mirror bundles: carried over, verified wholly, applied at once; hostile ones change nothing."""

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from advisory.observation.test_store import DAY, line, publisher
from stella.advisory.errors import MalformedBundle, StaleBundle, WrongBase
from stella.advisory.observation import (
    Observations,
    apply_bundle,
    create_bundle,
    read_manifest,
    sync_feed,
)
from stella.advisory.observation.bundle import state_of
from stella.kernel import StellaError
from stella.trust import BadSignature, new_signer
from stella.trust.errors import MalformedEnvelope

SIGNER = new_signer()
KEYS = (SIGNER.public,)


@pytest.fixture
def here(tmp_path: Path) -> Observations:
    """The side with a network: two feeds, two documents."""
    store = Observations(tmp_path / "here")
    sync_feed(store, "go", publisher(a=line("GO-1")), now=DAY.format(1))
    sync_feed(store, "pypa", publisher(a=line("X-1"), b=line("X-2")), now=DAY.format(2))
    return store


@pytest.fixture
def there(tmp_path: Path) -> Observations:
    """The side without one."""
    return Observations(tmp_path / "there")


def digest_in(store: Observations, to: Path) -> str:
    return store.freeze(to).digest.text


def test_a_full_bundle_gives_the_same_snapshot_on_the_other_side(
    here: Observations, there: Observations, tmp_path: Path
):
    create_bundle(here, tmp_path / "full", SIGNER)
    apply_bundle(there, tmp_path / "full", KEYS)
    assert digest_in(there, tmp_path / "1") == digest_in(here, tmp_path / "2")
    assert there.feed("pypa").checked_at == DAY.format(2)
    assert list(there.incoming.iterdir()) == []


def test_a_delta_brings_only_what_is_new_and_what_went(
    here: Observations, there: Observations, tmp_path: Path
):
    create_bundle(here, tmp_path / "full", SIGNER)
    apply_bundle(there, tmp_path / "full", KEYS)
    base = here.generation
    sync_feed(here, "pypa", publisher(a=line("X-7")), now=DAY.format(3))
    create_bundle(here, tmp_path / "delta", SIGNER, since=base)
    with tarfile.open(tmp_path / "delta") as archive:
        assert len([name for name in archive.getnames() if name.startswith("raw/")]) == 1
    apply_bundle(there, tmp_path / "delta", KEYS)
    assert digest_in(there, tmp_path / "1") == digest_in(here, tmp_path / "2")
    assert [one.document for one in there.current("pypa")] == ["a.jsonl"]
    with pytest.raises(WrongBase):
        apply_bundle(there, tmp_path / "delta", KEYS)


def test_a_bundle_of_one_feed_leaves_the_others_alone(
    here: Observations, there: Observations, tmp_path: Path
):
    sync_feed(there, "own", publisher(a=line("OWN-1")), now=DAY.format(1))
    create_bundle(here, tmp_path / "go", SIGNER, feeds=["go"])
    apply_bundle(there, tmp_path / "go", KEYS)
    assert [one.name for one in there.feeds()] == ["go", "own"]


def test_an_older_bundle_does_not_take_what_is_known_back(
    here: Observations, there: Observations, tmp_path: Path
):
    create_bundle(here, tmp_path / "old", SIGNER)
    sync_feed(here, "go", publisher(a=line("GO-2")), now=DAY.format(3))
    create_bundle(here, tmp_path / "new", SIGNER)
    apply_bundle(there, tmp_path / "new", KEYS)
    with pytest.raises(StaleBundle):
        apply_bundle(there, tmp_path / "old", KEYS)
    apply_bundle(there, tmp_path / "old", KEYS, may_go_back=True)
    assert there.feed("go").checked_at == DAY.format(1)


def test_equal_observations_make_equal_bundles_but_for_the_signature(
    here: Observations, tmp_path: Path
):
    for name in ("1", "2"):
        create_bundle(here, tmp_path / name, SIGNER)
    first, second = (members(tmp_path / name) for name in ("1", "2"))
    assert list(first) == list(second)
    assert [name for name in first if first[name] != second[name]] in (
        [],
        ["manifest.sigstore.json"],
    )
    assert read_manifest(tmp_path / "1").state == state_of(here.at(here.generation))


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive}


def packed(path: Path, content: dict[str, bytes], kind: bytes = tarfile.REGTYPE) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in content.items():
            info = tarfile.TarInfo(name)
            info.size, info.type = len(body), kind if name.startswith("raw/") else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(body))


def raw_name(content: dict[str, bytes]) -> str:
    return next(name for name in content if name.startswith("raw/"))


def changed_byte(content: dict[str, bytes]) -> dict[str, bytes]:
    name = raw_name(content)
    return {**content, name: b"#" + content[name][1:]}


def another_manifest(content: dict[str, bytes]) -> dict[str, bytes]:
    manifest = content["manifest.json"].replace(b'"items":1', b'"items":9')
    return {**content, "manifest.json": manifest}


def without_one(content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in content.items() if name != raw_name(content)}


def with_a_path(content: dict[str, bytes]) -> dict[str, bytes]:
    return {**content, "../../outside": b"x"}


def with_one_more(content: dict[str, bytes]) -> dict[str, bytes]:
    return {**content, f"raw/{hashlib.sha256(b'x').hexdigest()}": b"x"}


def without_signature(content: dict[str, bytes]) -> dict[str, bytes]:
    return {name: body for name, body in content.items() if "sigstore" not in name}


def unsigned(content: dict[str, bytes]) -> dict[str, bytes]:
    return {**content, "manifest.sigstore.json": b"{}"}


@pytest.mark.parametrize(
    "hurt",
    [
        changed_byte,
        another_manifest,
        without_one,
        with_a_path,
        with_one_more,
        without_signature,
        unsigned,
    ],
)
def test_a_bundle_that_was_tampered_with_changes_nothing(
    here: Observations,
    there: Observations,
    tmp_path: Path,
    hurt: Callable[[dict[str, bytes]], dict[str, bytes]],
):
    create_bundle(here, tmp_path / "whole", SIGNER)
    packed(tmp_path / "hurt", hurt(members(tmp_path / "whole")))
    with pytest.raises((MalformedBundle, BadSignature, MalformedEnvelope, StellaError)):
        apply_bundle(there, tmp_path / "hurt", KEYS)
    untouched(there)
    assert not (tmp_path / "outside").exists()


def untouched(store: Observations) -> None:
    assert store.generation == 0
    assert store.feeds() == ()
    assert [path for path in store.directory.rglob("*") if "raw/" in str(path)] == []
    assert list(store.incoming.iterdir()) == []


def test_a_stranger_signs_nothing_here(here: Observations, there: Observations, tmp_path: Path):
    create_bundle(here, tmp_path / "whole", new_signer())
    with pytest.raises(BadSignature):
        apply_bundle(there, tmp_path / "whole", KEYS)
    untouched(there)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, b"S", b"x", b"L"]
)
def test_links_and_holes_and_long_names_are_no_members(
    here: Observations, there: Observations, tmp_path: Path, kind: bytes
):
    create_bundle(here, tmp_path / "whole", SIGNER)
    packed(tmp_path / "hurt", members(tmp_path / "whole"), kind)
    with pytest.raises(MalformedBundle):
        apply_bundle(there, tmp_path / "hurt", KEYS)
    untouched(there)


def test_a_bundle_that_is_cut_off_anywhere_changes_nothing(
    here: Observations, there: Observations, tmp_path: Path
):
    create_bundle(here, tmp_path / "whole", SIGNER)
    content = (tmp_path / "whole").read_bytes()
    for length in range(0, len(content) - 1024, 251):
        (tmp_path / "cut").write_bytes(content[:length])
        with pytest.raises(MalformedBundle):
            apply_bundle(there, tmp_path / "cut", KEYS)
    untouched(there)


def test_a_size_that_nobody_has_is_refused_before_it_is_read(there: Observations, tmp_path: Path):
    header = bytearray(tarfile.TarInfo("manifest.json").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = f"{sum(header):06o}\0 ".encode()
    (tmp_path / "bomb").write_bytes(bytes(header))
    with pytest.raises(MalformedBundle):
        apply_bundle(there, tmp_path / "bomb", KEYS)
    untouched(there)
