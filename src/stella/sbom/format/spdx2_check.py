"""Whether an SPDX 2.2 or 2.3 document keeps to its format: the schema, then ids and what they name."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from stella.sbom.format.purl_spec import purl_remarks
from stella.sbom.format.refusals import malformed
from stella.sbom.format.schemas import fault_text, schema_table

if TYPE_CHECKING:
    from jsonschema_rs import Draft7Validator

_SHOWN_MAX = 5
_NOTHING = frozenset({"NONE", "NOASSERTION"})


def check_spdx2(tree: Any) -> tuple[str, ...]:
    """What a reader should know of a valid document. Raises MalformedSbom with the place."""
    fault = next(iter(_validator().iter_errors(tree)), None)
    if fault is not None:
        raise malformed(fault_text(fault))
    known: set[str] = set()
    for identifier in _ids(tree):
        if identifier in known:
            raise malformed(f"the SPDXID {identifier[:80]!r} stands twice")
        known.add(identifier)
    purls = purl_remarks(
        one["referenceLocator"]
        for package in tree.get("packages", ())
        for one in package.get("externalRefs", ())
        if one["referenceType"] == "purl"
    )
    missing = sorted(set(_named(tree)) - known - _NOTHING)
    if not missing:
        return purls
    shown = ", ".join(one[:80] for one in missing[:_SHOWN_MAX])
    unknown = f"{len(missing)} references to elements that are not in the document: {shown}"
    return (unknown, *purls)


@cache
def _validator() -> "Draft7Validator":
    from jsonschema_rs import Draft7Validator

    return Draft7Validator(schema_table("spdx-2"), validate_formats=True, mask="the value")


def _ids(tree: Any) -> Iterator[str]:
    yield tree["SPDXID"]
    for part in ("packages", "files", "snippets"):
        for one in tree.get(part, ()):
            yield one["SPDXID"]


def _named(tree: Any) -> Iterator[str]:
    yield from tree.get("documentDescribes", ())
    for one in tree.get("relationships", ()):
        for key in ("spdxElementId", "relatedSpdxElement"):
            if not one[key].startswith("DocumentRef-"):
                yield one[key]
