"""What linked functions say of a finding: reachable, unreachable, or unknown with a reason."""

import json
from pathlib import Path

import pytest

from image.images import Hard, MemoryRegistry, build, push
from reach.go_tables import MODULES, old_table, program
from sbom.test_programs import programs
from stella.advisory import import_advisories, open_snapshot, parse_slice
from stella.finding import (
    Reach,
    findings_document,
    match_inventory,
    packages_of,
    parse_findings,
)
from stella.reach import MalformedEvidence, evidence_document, parse_evidence
from stella.sbom import MemoryCache, parse_cyclonedx, scan_image

LIB = "example.com/lib"


def advisory(number: int, module: str, imports: list[dict[str, object]] | None, **more: object):
    affected: dict[str, object] = {
        "package": {"ecosystem": "Go", "name": module},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "9.0.0"}]}],
    }
    if imports is not None:
        affected["ecosystem_specific"] = {"imports": imports}
    made = {
        "id": f"GO-2030-{number:04}",
        "modified": "2030-01-01T00:00:00Z",
        "affected": [affected],
    }
    return {**made, **more}


def snapshot_of(tmp_path: Path, *records: dict[str, object]):
    feed = tmp_path / "feed"
    feed.mkdir(exist_ok=True)
    for record in records:
        (feed / f"{record['id']}.json").write_text(json.dumps(record))
    into = tmp_path / "into"
    return open_snapshot(import_advisories([feed], into).path)


def scanned(*contents: bytes):
    registry = MemoryRegistry()
    files = {f"usr/bin/p{number}": content for number, content in enumerate(contents)}
    reference = push(registry, build(programs(files)))
    return scan_image(registry, reference, MemoryCache(), tool_version="1")[0]


def judged(tmp_path: Path, contents: list[bytes], *records: dict[str, object]):
    result = scanned(*contents)
    document = evidence_document(result.inventory.subject, result.linked)
    assert document is not None
    evidence = parse_evidence(document)
    snapshot = snapshot_of(tmp_path, *records)
    findings = match_inventory(result.inventory, snapshot, evidence)
    _replays(result, snapshot, evidence, findings)
    return {(one.id, one.purl.partition("@")[0]): one for one in findings.findings}


def _replays(result, snapshot, evidence, findings) -> None:
    """From the part that a packet holds the same bytes follow; what is read is what was written."""
    written = findings_document(findings)
    assert parse_findings(written) == findings
    part = evidence.part()
    assert part is not None
    slice_ = parse_slice(snapshot.slice(packages_of(result.inventory)))
    inventory = parse_cyclonedx(result.sbom_bytes)
    again = parse_evidence(part)
    assert findings_document(match_inventory(inventory, slice_, again)) == written
    assert again.part() == part


IMPORTS = [{"path": f"{LIB}/parse", "symbols": ["Tree.Insert", "Open", "Walk.func1"]}]
GIVEN = pytest.mark.parametrize(
    ("names", "imports", "reach", "reason"),
    [
        ([f"{LIB}/parse.(*Tree).Insert"], IMPORTS, "reachable", "1 of 3 vulnerable functions"),
        ([f"{LIB}/parse.(*Tree[...]).Insert"], IMPORTS, "reachable", "1 of 3"),
        ([f"{LIB}/parse.Walk.func1"], IMPORTS, "reachable", "1 of 3"),
        ([f"{LIB}/parse.Close"], IMPORTS, "unreachable", "none of 3 vulnerable functions"),
        ([f"{LIB}/other.Open"], IMPORTS, "unreachable", "no vulnerable package"),
        ([f"{LIB}/parse/v2.Open"], IMPORTS, "unreachable", "no vulnerable package"),
        (["example.com/x/vendor/example.com/lib/parse.Open"], IMPORTS, "reachable", "1 of 3"),
        (["vendor/example.com/lib/parse.Open"], IMPORTS, "unreachable", "no vulnerable package"),
        ([f"{LIB}/parse.Close"], [{"path": f"{LIB}/parse"}], "reachable", "vulnerable as a whole"),
        ([f"{LIB}/other.Close"], None, "reachable", f"the package {LIB}/other is linked"),
        ([f"{LIB}2/other.Close"], None, "unreachable", "no function of the module"),
        (
            [f"{LIB}/parse.Open"],
            [{**IMPORTS[0], "goos": ["windows"]}],
            "unreachable",
            "another system",
        ),
        ([f"{LIB}/parse.Open"], [{**IMPORTS[0], "goos": ["linux"]}], "reachable", "1 of 3"),
        (
            [f"{LIB}/parse.Open"],
            [{**IMPORTS[0], "goarch": ["arm"]}, {"path": f"{LIB}/no"}],
            "unreachable",
            "no vulnerable package",
        ),
        # What names no function proves nothing of any.
        (
            [f"{LIB}/parse.Close"],
            [{"path": f"{LIB}/parse", "symbols": ["Open::all"]}],
            "unknown",
            "no name of a function",
        ),
        # One entry that cannot be read, and all of the module counts.
        ([f"{LIB}/other.F"], [*IMPORTS, {"symbols": ["X"]}], "reachable", "names no functions"),
    ],
)


@GIVEN
def test_a_linked_function_is_reachable_and_one_that_is_not_linked_is_not(
    tmp_path, names, imports, reach, reason
):
    found = judged(tmp_path, [program(names)], advisory(1, LIB, imports))
    one = found["GO-2030-0001", f"pkg:golang/{LIB}"]
    assert (one.reach.value, reason in one.reach_why.reason) == (reach, True), one.reach_why
    assert one.reach_why.files == ("/usr/bin/p0",)


def test_what_is_linked_is_named(tmp_path):
    names = [f"{LIB}/parse.(*Tree).Insert", f"{LIB}/parse.Open"]
    found = judged(tmp_path, [program(names)], advisory(1, LIB, IMPORTS))
    why = found["GO-2030-0001", f"pkg:golang/{LIB}"].reach_why
    assert why.symbols == (f"{LIB}/parse.Open", f"{LIB}/parse.Tree.Insert")


def test_a_module_that_replaces_another_is_linked_under_the_other_name(tmp_path):
    record = advisory(1, "example.com/fork", [{"path": "example.com/fork/a", "symbols": ["F"]}])
    found = judged(tmp_path, [program(["example.com/old/a.F"])], record)
    assert found["GO-2030-0001", "pkg:golang/example.com/fork"].reach is Reach.REACHABLE


def test_the_main_package_is_called_main(tmp_path):
    record = advisory(
        1, "example.com/shop", [{"path": "example.com/shop/cmd/shop", "symbols": ["run"]}]
    )
    for names, reach in ((["main.run"], Reach.REACHABLE), (["main.walk"], Reach.UNREACHABLE)):
        found = judged(tmp_path, [program(names)], record)
        assert found["GO-2030-0001", "pkg:golang/example.com/shop"].reach is reach


def test_a_program_built_from_single_files_does_not_say_which_package_is_its_own(tmp_path):
    modules = MODULES.replace("example.com/shop/cmd/shop", "command-line-arguments")
    own = [{"path": "example.com/shop/cmd/shop", "symbols": ["run"]}]
    content = program(["main.run"], modules=modules)
    records = (
        advisory(1, "example.com/shop", own),
        advisory(2, "example.com/shop", None),
        advisory(3, LIB, IMPORTS),
    )
    found = judged(tmp_path, [content], *records)
    reach = [found[f"GO-2030-000{n}", f"pkg:golang/{m}"].reach.value for n, m in NAMED]
    assert reach == ["unknown", "unknown", "unreachable"]


NAMED = ((1, "example.com/shop"), (2, "example.com/shop"), (3, LIB))


def test_what_is_built_for_linux_is_built_for_android(tmp_path):
    modules = MODULES.replace("GOOS=linux", "GOOS=android")
    imports = [{**IMPORTS[0], "goos": ["linux"]}]
    content = program([f"{LIB}/parse.Open"], modules=modules)
    found = judged(tmp_path, [content], advisory(1, LIB, imports))
    assert found["GO-2030-0001", f"pkg:golang/{LIB}"].reach is Reach.REACHABLE


def test_the_library_of_go_is_looked_for_under_both_its_names(tmp_path):
    imports = [{"path": "golang.org/x/net/idna", "symbols": ["ToASCII"]}]
    record = advisory(1, "stdlib", imports)
    found = judged(tmp_path, [program(["vendor/golang.org/x/net/idna.ToASCII"])], record)
    assert found["GO-2030-0001", "pkg:golang/stdlib"].reach is Reach.REACHABLE


def test_one_program_that_has_it_is_enough_and_one_that_cannot_be_read_leaves_it_unknown(tmp_path):
    linked, free = program([f"{LIB}/parse.Open"]), program([f"{LIB}/parse.Close"])
    bare = program(body=b"\0" * 64)
    old = program(body=old_table([f"{LIB}/parse.Close", "runtime.goexit", "main.main"]))
    old_linked = program(body=old_table([f"{LIB}/parse.Open"]))
    for contents, reach in (
        ([free, linked], Reach.REACHABLE),
        ([free, free], Reach.UNREACHABLE),
        ([free, bare], Reach.UNKNOWN),
        ([linked, bare], Reach.REACHABLE),
        ([old], Reach.UNKNOWN),
        ([old_linked], Reach.REACHABLE),
    ):
        one = judged(tmp_path, contents, advisory(1, LIB, IMPORTS))[
            "GO-2030-0001", f"pkg:golang/{LIB}"
        ]
        assert one.reach is reach, one.reach_why


def test_another_database_of_the_same_vulnerability_is_judged_by_gos_functions(tmp_path):
    ids = {"id": "GHSA-aaaa-bbbb-cccc", "aliases": ["CVE-2030-1"]}
    go = advisory(1, LIB, IMPORTS, aliases=["CVE-2030-1", "GHSA-aaaa-bbbb-cccc"])
    other = advisory(2, LIB, None) | ids
    alone = advisory(3, LIB, None) | {"id": "GHSA-dddd-eeee-ffff", "aliases": []}
    # It speaks of one more vulnerability, whose functions nobody names.
    more = advisory(4, LIB, None) | {
        "id": "GHSA-gggg-hhhh-iiii",
        "aliases": ["CVE-2030-1", "CVE-2030-2"],
    }
    found = judged(tmp_path, [program([f"{LIB}/parse.Close"])], go, other, alone, more)
    reach = {vulnerability: one.reach for (vulnerability, _), one in found.items()}
    assert reach["GHSA-aaaa-bbbb-cccc"] is Reach.UNREACHABLE
    assert reach["GHSA-dddd-eeee-ffff"] is Reach.REACHABLE
    assert reach["GHSA-gggg-hhhh-iiii"] is Reach.REACHABLE


def test_without_what_is_linked_everything_is_unknown_and_the_document_is_as_before(tmp_path):
    result = scanned(program([f"{LIB}/parse.Open"]))
    snapshot = snapshot_of(tmp_path, advisory(1, LIB, IMPORTS))
    findings = match_inventory(result.inventory, snapshot)
    assert {one.reach for one in findings.findings} == {Reach.UNKNOWN}
    assert b"reachWhy" not in findings_document(findings)


def test_a_snapshot_from_before_says_nothing_of_functions(tmp_path):
    result = scanned(program([f"{LIB}/parse.Close"]))
    snapshot = snapshot_of(tmp_path, advisory(1, LIB, IMPORTS))
    slice_ = json.loads(snapshot.slice(packages_of(result.inventory)))
    for records in slice_["packages"]["Go"].values():
        for record in records:
            del record["imports"]
    before = parse_slice(json.dumps(slice_).encode())
    evidence = parse_evidence(evidence_document(result.inventory.subject, result.linked))
    (one,) = match_inventory(result.inventory, before, evidence).findings
    assert one.reach is Reach.UNKNOWN
    assert "before advisories' functions were kept" in one.reach_why.reason


def test_a_document_of_another_kind_is_refused(tmp_path):
    for content in (b"{}", b"\xff", b'{"schema":1,"image":"x"}'):
        with pytest.raises(MalformedEvidence):
            parse_evidence(content)
    result = scanned(program())
    document = evidence_document(result.inventory.subject, result.linked)
    with pytest.raises(MalformedEvidence):
        parse_evidence(document.replace(b'"runtime":"', b'"runtime":"!'))


def test_two_names_of_one_program_are_one_program():
    registry = MemoryRegistry()
    layer = programs({"usr/bin/p0": program([f"{LIB}.F"]), "usr/bin/p1": Hard("usr/bin/p0")})
    reference = push(registry, build(layer))
    cache = MemoryCache()
    for _ in ("read", "kept"):
        result = scan_image(registry, reference, cache, tool_version="1")[0]
        assert [one.paths for one in result.linked.programs] == [("/usr/bin/p0", "/usr/bin/p1")]
