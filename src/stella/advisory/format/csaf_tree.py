"""The product tree of a CSAF document: product ids, and the packages they stand for."""

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from packageurl import PackageURL

from stella.advisory.format.item import LISTED_MAX, is_name
from stella.advisory.model import Package
from stella.advisory.packages import language_package, modular_name

_DEPTH_MAX = 30
_PRODUCTS_MAX = 4 * LISTED_MAX
_VENDORS = {
    "redhat": "Red Hat",
    "suse": "SUSE",
    "opensuse": "openSUSE",
    "oracle": "Oracle Linux",
    "amazon": "Amazon Linux",
    "fedoraproject": "Fedora",
}


class Identification(msgspec.Struct, frozen=True):
    """How a product is named elsewhere."""

    purl: str = ""
    cpe: str = ""


class Product(msgspec.Struct, frozen=True):
    """A product as statements name it."""

    product_id: str
    name: str = ""
    helper: Identification = msgspec.field(
        name="product_identification_helper", default_factory=Identification
    )


class Branch(msgspec.Struct, frozen=True):
    """A node of the tree. category: ``product_version_range`` says that ``name`` is a vers range."""

    category: str = ""
    name: str = ""
    product: Product | None = None
    branches: list["Branch"] = []


class Relationship(msgspec.Struct, frozen=True):
    """A component of a platform, as a product of its own."""

    product_reference: str
    relates_to_product_reference: str
    full_product_name: Product


class Tree(msgspec.Struct, frozen=True):
    """All products of a document."""

    branches: list[Branch] = []
    full_product_names: list[Product] = []
    relationships: list[Relationship] = []


@dataclass(frozen=True, slots=True)
class Target:
    """A package that a product stands for. version: "" where all of them; vers: a range, or ""."""

    package: Package
    version: str
    vers: str = ""

    @property
    def is_rpm(self) -> bool:
        """Whether a distribution's release names it: then a fix mends all that is older."""
        return self.package.ecosystem.partition(":")[0] in _VENDORS.values()


class Products:
    """The tree, by product id. Raises msgspec.ValidationError where it is deeper than is read."""

    def __init__(self, tree: Tree) -> None:
        self._products: dict[str, tuple[Product, str]] = {
            one.product_id: (one, "") for one in tree.full_product_names
        }
        for branch in _leaves(tree.branches):
            if branch.product is not None:
                vers = branch.name if branch.category == "product_version_range" else ""
                self._products[branch.product.product_id] = (branch.product, vers)
        self._relations = {one.full_product_name.product_id: one for one in tree.relationships}

    def target(self, product_id: str) -> Target | str:
        """The package; or why it is none that is read."""
        relation = self._relations.get(product_id)
        if relation is None:
            return self._alone(product_id, "")
        platform = relation.relates_to_product_reference
        outer = self._relations.get(platform)
        platform = outer.relates_to_product_reference if outer else platform
        held = self._products.get(platform)
        return self._alone(relation.product_reference, held[0].helper.cpe if held else "")

    def _alone(self, product_id: str, cpe: str) -> Target | str:
        held = self._products.get(product_id)
        if held is None:
            return "a product that the tree does not name"
        product, vers = held
        ecosystem = _ecosystem(cpe)
        if not product.helper.purl:
            # Red Hat's older documents name the components of a release without a purl.
            module, _, name = (product.name or product_id).rpartition("/")
            if ecosystem.startswith("Red Hat:") and ecosystem.count(":") == 1 and is_name(name):
                return Target(Package(ecosystem, modular_name(name, module)), "")
            return "a product without a purl"
        try:
            purl = PackageURL.from_string(product.helper.purl)
        except ValueError:
            return "a product with a malformed purl"
        package = language_package(purl)
        if package is not None:
            return Target(package, purl.version or "", vers)
        return _rpm(purl, ecosystem)


def _rpm(purl: PackageURL, ecosystem: str) -> Target | str:
    if purl.type != "rpm":
        return f"a product of purl type {purl.type[:20]}"
    if not ecosystem:
        return "an rpm package of an unnamed release"
    qualifiers = purl.qualifiers if isinstance(purl.qualifiers, dict) else {}
    module = qualifiers.get("rpmmod", "")
    if module and ":" not in module:
        return "a module that names no stream"
    if qualifiers.get("arch") == "src":
        return "a source package, beside its binary ones"
    epoch, version = qualifiers.get("epoch", ""), purl.version or ""
    version = f"{epoch}:{version}" if version and epoch.isdecimal() else version
    return Target(Package(ecosystem, modular_name(purl.name, module)), version)


def _ecosystem(cpe: str) -> str:
    """``cpe:/o:redhat:enterprise_linux:9::baseos`` -> ``Red Hat:9``; others keep the product's name."""
    parts = cpe.removeprefix("cpe:/").removeprefix("cpe:2.3:").split(":")
    if len(parts) < 3 or parts[1] not in _VENDORS or not is_name(cpe):
        return ""
    vendor, product, version = _VENDORS[parts[1]], parts[2], parts[3] if len(parts) > 3 else ""
    if (vendor, product) == ("Red Hat", "enterprise_linux"):
        return f"Red Hat:{version.partition('.')[0]}" if version else ""
    if vendor in {"Oracle Linux", "Amazon Linux", "Fedora"}:
        return f"{vendor}:{version}"
    update = parts[4] if vendor == "SUSE" and len(parts) > 4 else ""
    return ":".join(part for part in (vendor, product, version, update) if part)


def _leaves(branches: list[Branch]) -> Iterator[Branch]:
    waiting = [(branch, 0) for branch in branches]
    count = 0
    while waiting:
        branch, depth = waiting.pop()
        count += 1
        if depth > _DEPTH_MAX or count > _PRODUCTS_MAX:
            raise msgspec.ValidationError("a product tree beyond any bounds - at `$.product_tree`")
        yield branch
        waiting += [(one, depth + 1) for one in branch.branches]
