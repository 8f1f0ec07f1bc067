"""A statement that somebody makes here: an OpenVEX document in the installation's name, signed."""

from dataclasses import dataclass

from stella.kernel import Digest, Remedy
from stella.trust import Signer
from stella.vex.errors import UnusableStatement
from stella.vex.hearing import sign_vex
from stella.vex.identify import target_of
from stella.vex.model import Justification, Product, Statement, Status, Target
from stella.vex.write import OpenVex, check_statement, openvex_bytes


@dataclass(frozen=True, slots=True)
class Said:
    """What is said. names: the vulnerability and its aliases. products: purls, digests of images.

    subcomponents: purls of the parts that are meant. at: RFC 3339; expires: the same, or "".
    """

    names: tuple[str, ...]
    products: tuple[str, ...]
    status: str
    at: str
    subcomponents: tuple[str, ...] = ()
    justification: str = ""
    impact: str = ""
    action: str = ""
    notes: str = ""
    expires: str = ""


def statement_of(said: Said) -> Statement:
    """The statement, where it would count. Raises UnusableStatement with what is wrong with it."""
    if said.status not in set(Status):
        raise _unusable(f"no status {said.status[:60]!r}", ", ".join(Status))
    if said.justification and said.justification not in set(Justification):
        raise _unusable(f"no justification {said.justification[:60]!r}", ", ".join(Justification))
    parts = tuple(map(named_target, said.subcomponents))
    return check_statement(
        Statement(
            names=said.names,
            products=tuple(Product(named_target(one), parts) for one in said.products),
            status=Status(said.status),
            justification=said.justification,
            impact=said.impact,
            action=said.action,
            notes=said.notes,
            at=said.at,
            expires=said.expires,
        )
    )


def author_vex(said: Said, author: str, signer: Signer) -> bytes:
    """The signed document of one statement. author: who says it. Raises UnusableStatement."""
    content = openvex_bytes(OpenVex(author, said.at, (statement_of(said),)))
    images = [one for one in said.products if one.startswith("sha256:")]
    return sign_vex(signer, content, Digest(images[0]) if len(images) == 1 else None)


def named_target(text: str) -> Target:
    """The purl or digest ``text``. Raises UnusableStatement for what could not be found again."""
    found = target_of([text])
    if found is None or found.others:
        raise _unusable(
            f"{text[:200]!r} names nothing that could be found again",
            "a purl, or an image's digest",
        )
    return found


def _unusable(what: str, allowed: str) -> UnusableStatement:
    return UnusableStatement(what, remedy=Remedy(f"Give {allowed}."))
