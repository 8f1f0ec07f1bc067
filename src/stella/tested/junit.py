"""Reports of tests as JUnit and nearly every other runner write them, made into one predicate.

Source: github.com/testmoapp/junitxml, which writes down what runners agree on; there is no standard.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from stella.kernel import Digest, Json
from stella.sbom.errors import MalformedSbom
from stella.sbom.format.xml_text import Element, read_xml
from stella.tested.errors import malformed_report
from stella.tested.model import NAME_LETTERS_MAX, SUITES_MAX, TESTS_MAX, Result

FILE_BYTES_MAX = 64 * 1024 * 1024
_ELEMENTS_MAX = 1_000_000
_BROKEN = frozenset({"failure", "error"})
_COUNTS = ("failures", "errors")


@dataclass(slots=True)
class _Seen:
    passed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    suites: dict[str, Digest] = field(default_factory=dict)

    @property
    def ran(self) -> int:
        """How many passed or failed."""
        return len(self.passed) + len(self.failed)


def predicate_of(reports: Sequence[bytes], *, suite: str = "", url: str = "") -> Json:
    """What the reports say together. suite: the name of all of it; else each suite's own.

    A test that was skipped neither passed nor failed, and is in none of the lists.
    Raises MalformedTestReport, also where no test ran: nothing tested is nothing passed.
    """
    seen = _Seen()
    for content in reports:
        if len(content) > FILE_BYTES_MAX:
            raise malformed_report(f"more than {FILE_BYTES_MAX} bytes are not read")
        digest, at_first = Digest.of(content), seen.ran
        for name, element in _suites(_root(content), suite):
            before = seen.ran
            _count(name, element, seen)
            if seen.ran > before:  # a suite in which nothing ran has not passed
                seen.suites.setdefault(name, digest)
        if seen.ran == at_first:
            raise malformed_report("no test of one of the reports ran")
        if len(seen.suites) > SUITES_MAX:
            raise malformed_report(f"more than {SUITES_MAX} suites")
    if not seen.ran:
        raise malformed_report("no test of it ran")
    said: dict[str, Json] = {
        "result": (Result.FAILED if seen.failed else Result.PASSED).value,
        "configuration": [
            {"name": name, "digest": {"sha256": digest.hex}, "mediaType": "application/xml"}
            for name, digest in sorted(seen.suites.items())
        ],
        "passedTests": list(seen.passed),
        "warnedTests": [],
        "failedTests": list(seen.failed),
    }
    return said | ({"url": url} if url else {})


def _root(content: bytes) -> Element:
    try:
        root = read_xml(content, _ELEMENTS_MAX)
    except MalformedSbom as error:
        raise malformed_report(str(error)) from None
    if root.name not in {"testsuites", "testsuite"}:
        raise malformed_report(f"its root is {root.name[:80]!r}")
    return root


def _suites(root: Element, suite: str) -> Iterator[tuple[str, Element]]:
    """The outermost suites by name."""
    if suite:
        if not suite.isprintable() or len(suite) > NAME_LETTERS_MAX:
            raise malformed_report("the name that is given for a suite is none")
        yield suite, root
        return
    if root.name == "testsuites":
        _refuse_beside_suites(root)
    for one in [root] if root.name == "testsuite" else root.children:
        if one.name == "testsuite":
            name = one.attributes.get("name", "").strip()
            if not name or not name.isprintable():
                raise malformed_report("a suite of it has no usable name; give one with --suite")
            yield name[:NAME_LETTERS_MAX], one


def _refuse_beside_suites(root: Element) -> None:
    """What fails outside of every suite would be in none of them. Raises MalformedTestReport."""
    if any(one.name in {"testcase", *_BROKEN} for one in root.children):
        raise malformed_report("it has tests outside of its suites; give them a name with --suite")
    listed = [one for one in root.children if one.name == "testsuite"]
    if _declares_failures(root) and not any(map(_shows_failure, listed)):
        raise malformed_report("it counts failures that none of its suites shows")


def _shows_failure(element: Element) -> bool:
    waiting = [element]
    while waiting:
        one = waiting.pop()
        if one.name in _BROKEN or (one.name == "testsuite" and _declares_failures(one)):
            return True
        waiting += one.children
    return False


def _count(suite: str, top: Element, seen: _Seen) -> None:
    waiting, before, declares = [top], len(seen.failed), False
    while waiting:
        element = waiting.pop()
        if element.name == "testcase":
            endings = {one.name for one in element.children}
            if endings & _BROKEN:
                seen.failed.append(_name(suite, element))
            elif "skipped" not in endings:
                seen.passed.append(_name(suite, element))
            if len(seen.passed) + len(seen.failed) > TESTS_MAX:
                raise malformed_report(f"more than {TESTS_MAX} tests")
        elif element.name in {"testsuites", "testsuite"}:
            # A suite that could not even begin says so itself, and may hold no test at all.
            if any(one.name in _BROKEN for one in element.children):
                seen.failed.append(f"{suite}: the suite itself")
            declares = declares or _declares_failures(element)
            waiting += reversed(element.children)
    if declares and len(seen.failed) == before:
        seen.failed.append(f"{suite}: what it counts as failed and does not list")


def _declares_failures(element: Element) -> bool:
    """Whether its own counts say so; what is no number is taken for one that is not 0."""
    return any(element.attributes.get(name, "0").strip() not in {"", "0"} for name in _COUNTS)


def _name(suite: str, case: Element) -> str:
    own, group = case.attributes.get("name", ""), case.attributes.get("classname", "")
    return f"{suite}: {f'{group}.' if group else ''}{own}"[:NAME_LETTERS_MAX]
