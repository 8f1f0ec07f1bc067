"""Documents, statements and images made to measure."""

from collections.abc import Iterable
from datetime import UTC, datetime

from stella.kernel import Digest
from stella.vex import (
    Basis,
    Document,
    Format,
    Heard,
    ImageSubject,
    Issuer,
    Part,
    Product,
    Statement,
    Status,
    Target,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EARLY, LATE = "2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"
IMAGE, INDEX, OTHER = (Digest.of(word).text for word in (b"image", b"index", b"other"))
OPENSSL = "pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12"
URLLIB = "pkg:pypi/urllib3@1.26.4"

VENDOR, BUILDER = Issuer("vendor", 100), Issuer("builder", 100)
HUB, STRANGER = Issuer("hub", 50), Issuer("", 0)


def image(*purls: str, **changes: object) -> ImageSubject:
    fields: dict[str, object] = {
        "indexes": frozenset({INDEX}),
        "repositories": frozenset({"registry.example/shop/web"}),
        "platform": "linux/amd64",
        "parts": {purl: Part(purl) for purl in purls or (OPENSSL, URLLIB)},
    }
    return ImageSubject(IMAGE, **{**fields, **changes})


def product(*purls: str, digest: str = "", within: Iterable[str] = ()) -> Product:
    target = Target(tuple(purls), (digest,) if digest else ())
    return Product(target, tuple(Target((one,)) for one in within))


def statement(status: str = "not_affected", *products: Product, **changes: object) -> Statement:
    fields: dict[str, object] = {
        "names": ("CVE-2026-1",),
        "products": products or (product("pkg:pypi/urllib3"),),
        "justification": "component_not_present" if status == "not_affected" else "",
        "at": EARLY,
    }
    return Statement(status=Status(status), **{**fields, **changes})


def heard(issuer: Issuer, *statements: Statement, **changes: object) -> Heard:
    words = repr((issuer, statements, sorted(changes.items())))
    fields: dict[str, object] = {
        "digest": Digest.of(words.encode()),
        "format": Format.OPENVEX,
        "id": "",
        "author": issuer.name or "somebody",
        "role": "",
        "at": EARLY,
        "version": (1,),
        "statements": statements,
    }
    basis = Basis.VOUCHED if issuer.name else Basis.NONE
    return Heard(Document(**{**fields, **changes}), issuer, basis)
