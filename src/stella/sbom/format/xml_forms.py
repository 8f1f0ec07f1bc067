"""A whole CycloneDX XML document <-> the tree of its JSON form; nothing is lost either way."""

from typing import Any

from stella.sbom.format.carried import (
    difference,
    packed,
    tree_digest,
    unpacked,
    with_carried,
    without_carried,
)
from stella.sbom.format.cyclonedx_xml import NAMESPACE, tree_of_xml, xml_of
from stella.sbom.format.xml_text import Element

_OF_JSON = "cyclonedx-json"
_OF_XML = "cyclonedx-xml"


def tree_of(root: Element) -> tuple[dict[str, Any], int]:
    """The tree of the document, and how many carried things found no place in it.

    Elements and attributes of other namespaces are carried in a property of the document.
    """
    tree, of_json = without_carried(tree_of_xml(root), _OF_JSON)
    lost = 0
    if of_json is not None:
        tree, lost = unpacked(tree, of_json)
        root = _without_property(root)
    if not _says(root, xml_of(tree), root.namespace):
        tree = _with_what_xml_has(tree, root)
    return tree, lost


def _says(element: Element, written: Element, namespace: str) -> bool:
    """Whether ``written`` is all that ``element`` says; what is foreign is more."""
    if element.namespace != namespace or element.name != written.name:
        return False
    is_text = element.text == written.text or not (element.text.strip() or written.text)
    if not is_text or element.attributes != written.attributes or element.tail.strip():
        return False
    if len(element.children) != len(written.children):
        return False
    pairs = zip(element.children, written.children, strict=True)
    return all(_says(one, other, namespace) for one, other in pairs)


def _with_what_xml_has(tree: dict[str, Any], root: Element) -> dict[str, Any]:
    pure, foreign = _without_foreign(root)
    if not tree.get("properties", True):
        tree = {key: value for key, value in tree.items() if key != "properties"}
    plain = _plain(xml_of(tree))
    # White space within an element that only holds elements is nothing.
    changes = [one for one in difference(plain, pure) if not _is_space(one)]
    carried = {"of": tree_digest(plain), "changes": changes, "foreign": foreign}
    return with_carried(tree, _OF_XML, carried)


def xml_of_tree(tree: dict[str, Any]) -> tuple[Element, int]:
    """The document of the tree, and how many carried things found no place in it."""
    tree, of_xml = without_carried(tree, _OF_XML)
    root = xml_of(tree)
    of_json = packed(tree_of_xml(root), tree)
    lost = 0
    if of_xml is not None:
        root, lost = _with_xml(root, of_xml)
    if of_json["changes"]:
        _add_property(root, with_carried({}, _OF_JSON, of_json)["properties"][0])
    return root, lost


def _with_xml(root: Element, of_xml: Any) -> tuple[Element, int]:
    """``root`` with what XML had and JSON could not say."""
    plain = _plain(root)
    match of_xml:
        case {"of": str(of), "changes": list(changes), "foreign": list(foreign)}:
            if of != tree_digest(plain):
                return root, len(changes) + len(foreign)
            plain, lost = unpacked(plain, of_xml)
            lost += _put_foreign(plain, foreign)
            found = _element(plain)
            return (root, lost + 1) if found is None else (found, lost)
        case _:
            return root, 1


def _is_space(change: list[Any]) -> bool:
    return change[1][-1:] == ["text"] and not str(change[-1]).strip()


def _plain(element: Element) -> dict[str, Any]:
    """The element as JSON values; white space between elements is nothing."""
    own = element.namespace == NAMESPACE
    found: dict[str, Any] = {"name": element.name if own else f"{element.namespace} {element.name}"}
    if element.attributes:
        found["attributes"] = dict(element.attributes)
    if element.text and (element.text.strip() or not element.children):
        found["text"] = element.text
    if element.children:
        found["children"] = [_plain(one) for one in element.children]
    if element.tail.strip():
        found["tail"] = element.tail
    return found


def _element(plain: Any) -> Element | None:
    """The element that ``_plain`` wrote; None where it is none."""
    match plain:
        case {"name": str(name)}:
            namespace, sign, local = name.rpartition(" ")
            attributes, children = plain.get("attributes", {}), plain.get("children", [])
            if not isinstance(attributes, dict) or not isinstance(children, list):
                return None
            inner = [_element(one) for one in children]
            return Element(
                namespace if sign else NAMESPACE,
                local,
                {key: str(value) for key, value in attributes.items()},
                [one for one in inner if one is not None],
                str(plain.get("text", "")),
                str(plain.get("tail", "")),
            )
        case _:
            return None


def _without_foreign(root: Element) -> tuple[dict[str, Any], list[Any]]:
    """The element without what is foreign in it, and that: [path of its parent, index, element]."""
    foreign: list[Any] = []
    namespace = root.namespace

    def visit(element: Element, path: list[int]) -> dict[str, Any]:
        kept = Element(NAMESPACE, element.name, element.attributes, [], element.text, element.tail)
        made = _plain(kept)
        inner: list[Any] = []
        for index, child in enumerate(element.children):
            if child.namespace == namespace:
                inner.append(visit(child, [*path, len(inner)]))
            else:
                foreign.append([path, index, _plain(child)])
        if inner:
            made["children"] = inner
            if not made.get("text", "x").strip():
                del made["text"]
        elif element.children and not made.get("text", "x").strip():
            del made["text"]
        return made

    return visit(root, []), foreign


def _put_foreign(root: Any, foreign: list[Any]) -> int:
    """Put it back, each at its index among all children; how many found no place."""
    lost = 0
    # The paths count own children alone: parents are found before anything is put in.
    found = []
    for one in foreign:
        match one:
            case [[*path], int(index), {"name": str()} as element] if index >= 0:
                parent = _inside(root, path)
                lost += parent is None
                found += [] if parent is None else [(parent, index, element)]
            case _:
                lost += 1
    for parent, index, element in found:
        parent.setdefault("children", []).insert(index, element)
    return lost


def _inside(root: Any, path: list[Any]) -> dict[str, Any] | None:
    for step in path:
        children = root.get("children", []) if isinstance(root, dict) else []
        if type(step) is not int or not 0 <= step < len(children):
            return None
        root = children[step]
    return root if isinstance(root, dict) else None


def _without_property(root: Element) -> Element:
    """The document without the property that carries what XML cannot say."""
    children = []
    for child in root.children:
        if child.name == "properties" and child.namespace == root.namespace:
            kept = [
                one
                for one in child.children
                if one.attributes.get("name") != f"stella:carried:{_OF_JSON}"
            ]
            if not kept and child.children:
                continue
            child = Element(child.namespace, child.name, child.attributes, kept, child.text)  # noqa: PLW2901
        children.append(child)
    return Element(root.namespace, root.name, root.attributes, children, root.text)


def _add_property(root: Element, entry: dict[str, str]) -> None:
    made = Element(NAMESPACE, "property", {"name": entry["name"]}, text=entry["value"])
    found = root.child("properties")
    if found is None:
        found = Element(NAMESPACE, "properties")
        before = ("metadata", "components", "services", "externalReferences", "dependencies")
        names = {*before, "compositions"}
        at = sum(one.name in names and one.namespace == NAMESPACE for one in root.children)
        root.children.insert(at, found)
    found.children.append(made)
