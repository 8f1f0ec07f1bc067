"""CSAF 2.0 in: VEX and security advisories. Source: docs.oasis-open.org/csaf/csaf/v2.0, sections 3.2, 4.5.

A product that is a component of a platform is read as that platform with the component as its part:
what is said of a package in one distribution is not said of it in another.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stella.kernel import Digest
from stella.vex.identify import target_of
from stella.vex.model import Document, Format, Justification, Product, Statement, Status, Target
from stella.vex.plain import (
    PRODUCTS_MAX,
    RANGE_UNREAD,
    STATEMENTS_MAX,
    Gaps,
    malformed,
    mapping,
    mappings,
    name,
    text,
    time_of,
    version_of,
)

_STATUSES = {
    "known_not_affected": Status.NOT_AFFECTED,
    "fixed": Status.FIXED,
    "first_fixed": Status.FIXED,
    "recommended": None,  # advice, no state
    "known_affected": Status.AFFECTED,
    "first_affected": Status.AFFECTED,
    "last_affected": Status.AFFECTED,
    "under_investigation": Status.UNDER_INVESTIGATION,
}
_BRANCH_DEPTH_MAX = 30


def read_csaf(read: Mapping[str, Any], digest: Digest) -> Document:
    """The document in ``read``. Raises MalformedVex where it has more than is read."""
    said = mapping(read.get("document"))
    tracking, publisher = mapping(said.get("tracking")), mapping(said.get("publisher"))
    gaps = Gaps()
    tree = mapping(read.get("product_tree"))
    products, groups = _products(tree, gaps), _groups(tree)
    at = time_of(tracking.get("current_release_date"), tracking.get("initial_release_date"))
    statements: list[Statement] = []
    named = 0
    for place, one in mappings(read.get("vulnerabilities")):
        where = f"vulnerabilities[{place}]"
        for statement in _statements(one, products, groups, at=at, gaps=gaps, place=where):
            statements.append(statement)
            named += len(statement.products)
            if len(statements) > STATEMENTS_MAX or named > PRODUCTS_MAX:
                raise malformed("more statements or products than are read")
    namespace = name(publisher.get("namespace"))
    identifier = name(tracking.get("id"))
    return Document(
        digest=digest,
        format=Format.CSAF,
        id=f"{namespace}#{identifier}" if identifier else "",
        author=text(publisher.get("name"), 300),
        role=text(publisher.get("category"), 300),
        at=at,
        version=version_of(tracking.get("version")),
        statements=tuple(statements),
        gaps=gaps.told(),
    )


def _products(tree: Mapping[str, Any], gaps: Gaps) -> dict[str, Product]:
    """Product id -> what it names."""
    targets: dict[str, Target] = {}
    for one in _full_names(tree, gaps):
        key = name(one.get("product_id"))
        target = _target(one)
        if key and target is not None:
            targets[key] = target
    found = {key: Product(target) for key, target in targets.items()}
    for _, one in mappings(tree.get("relationships")):
        key = name(mapping(one.get("full_product_name")).get("product_id"))
        part = targets.get(name(one.get("product_reference")))
        whole = targets.get(name(one.get("relates_to_product_reference")))
        if not key:
            continue
        if part is not None and whole is not None:
            found[key] = Product(whole, (part,))
        else:
            gaps.add(f"product_tree: {key[:80]}", "it relates to products that are not there")
    return found


def _full_names(tree: Mapping[str, Any], gaps: Gaps) -> Iterator[Mapping[str, Any]]:
    yield from (one for _, one in mappings(tree.get("full_product_names")))
    waiting = [(one, 1) for _, one in mappings(tree.get("branches"))]
    while waiting:
        branch, depth = waiting.pop()
        if branch.get("category") == "product_version_range":
            # Its purl names no version, and would be taken for all of them.
            gaps.add(f"product_tree: {name(branch.get('name'))[:80]}", RANGE_UNREAD)
            continue
        if isinstance(branch.get("product"), dict):
            yield branch["product"]
        if depth > _BRANCH_DEPTH_MAX:
            gaps.add("product_tree", f"branches below the depth {_BRANCH_DEPTH_MAX} are not read")
            continue
        waiting += [(one, depth + 1) for _, one in mappings(branch.get("branches"))]


def _target(product: Mapping[str, Any]) -> Target | None:
    helper = mapping(product.get("product_identification_helper"))
    purls = helper.get("purls")
    identifiers = [name(helper.get("purl")), name(helper.get("cpe"))]
    identifiers += map(name, purls if isinstance(purls, list) else ())  # CSAF 2.1 has a list
    hashes: dict[str, str] = {}
    for _, file in mappings(helper.get("hashes")):
        for _, one in mappings(file.get("file_hashes")):
            hashes[name(one.get("algorithm"))] = name(one.get("value"))
    return target_of(identifiers, {key: one for key, one in hashes.items() if key and one}) or (
        target_of([name(product.get("name"))])
    )


def _statements(
    one: Mapping[str, Any],
    products: Mapping[str, Product],
    groups: Mapping[str, list[str]],
    *,
    at: str,
    gaps: Gaps,
    place: str,
) -> Iterator[Statement]:
    ids = [name(other.get("text")) for _, other in mappings(one.get("ids"))]
    names = tuple(dict.fromkeys(word for word in (name(one.get("cve")), *ids) if word))
    if not names:
        gaps.add(place, "it names no vulnerability")
        return
    reasons = _words(one.get("flags"), "label", groups)
    impacts = _words(
        [each for _, each in mappings(one.get("threats")) if each.get("category") == "impact"],
        "details",
        groups,
    )
    actions = _words(one.get("remediations"), "details", groups)
    for word, listed in mapping(one.get("product_status")).items():
        status = _STATUSES.get(word)
        if status is None:
            continue
        # Products with the same reasons make one statement.
        alike: dict[tuple[str, str, str], list[Product]] = {}
        for key in listed if isinstance(listed, list) else ():
            product = products.get(name(key))
            if product is None:
                gaps.add(f"{place}.product_status.{word}", f"no product {str(key)[:80]!r}")
                continue
            reason = reasons.get(key, "") if status is Status.NOT_AFFECTED else ""
            impact = impacts.get(key, "") if status is Status.NOT_AFFECTED else ""
            action = actions.get(key, "") if status is Status.AFFECTED else ""
            alike.setdefault((reason, impact, action), []).append(product)
        for (reason, impact, action), meant in alike.items():
            yield Statement(
                names=names,
                products=tuple(meant),
                status=status,
                justification=reason if reason in set(Justification) else "",
                impact=impact,
                action=action,
                at=at,
            )


def _groups(tree: Mapping[str, Any]) -> dict[str, list[str]]:
    """Group id -> the product ids in it."""
    return {
        name(one.get("group_id")): [key for key in one["product_ids"] if isinstance(key, str)]
        for _, one in mappings(tree.get("product_groups"))
        if isinstance(one.get("product_ids"), list)
    }


def _words(listed: object, field: str, groups: Mapping[str, list[str]]) -> dict[str, str]:
    """Product id -> what the entries of the list say of it. The first word about a product counts."""
    said: dict[str, str] = {}
    for _, one in mappings(listed):
        word = text(one.get(field))
        ids, named = one.get("product_ids"), one.get("group_ids")
        keys = list(ids) if isinstance(ids, list) else []
        for group in named if isinstance(named, list) else ():
            keys += groups.get(name(group), [])
        for key in keys:
            if isinstance(key, str) and word:
                said.setdefault(key, word)
    return said
