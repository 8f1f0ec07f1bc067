"""Checks of test results: each says what the input says it does, signed by whom, and came in by a fact."""

import msgspec

from stella.evidence import names
from stella.evidence.reading import DoesNotHold, Reading
from stella.evidence.told import Told, agree, place_of
from stella.kernel import Digest, StellaError
from stella.promotion.known.tested import said_again, tests_relied_on
from stella.promotion.model import TestedInput


def check_tested(reading: Reading) -> int:
    """Every statement is here, is about an image of the release, and says this by that key."""
    _check_images(reading)
    tests = tests_relied_on(reading.given)
    for one in tests:
        place = _place(one)
        reading.expect_digest(place, one.document, "the test result")
        if bool(one.key) != bool(one.signer):
            raise DoesNotHold(f"{one.id} names a signer or a key alone", names.DECISION_INPUT)
        try:
            said = said_again(one, reading.content(place))
        except StellaError as error:
            raise DoesNotHold(str(error), place) from error
        if said != one:
            raise DoesNotHold("it says something else than the input", place)
    return len(tests)


def _check_images(reading: Reading) -> None:
    """None stands at an image that it is not about, and none twice with other words."""
    seen: dict[str, TestedInput] = {}
    for component in reading.given.release.components:
        for scan in component.scans:
            for one in () if scan.tests is msgspec.UNSET else scan.tests.results:
                if one.image not in {scan.digest, component.digest}:
                    raise DoesNotHold(f"{one.id} is of another image", names.DECISION_INPUT)
                if seen.setdefault(one.id, one) != one:
                    raise DoesNotHold(f"{one.id} stands there in two ways", names.DECISION_INPUT)


def tested_here(reading: Reading) -> set[str]:
    """The names of the statements that the input knows."""
    return {Digest(one.document).hex for one in tests_relied_on(reading.given)}


def check_taken(told: Told, one: TestedInput) -> None:
    """It came in by whom and when the input says, and was not withdrawn by then."""
    taken = told.the("TestResultTaken", one.id, f"how {one.id} came in")
    says = {"image": one.image, "document": one.document, "source": one.source}
    agree(taken, by=one.by.id, at=one.at, says=says)
    for over in told.of("TestResultWithdrawn", one.id):
        raise DoesNotHold(f"the test result {one.id} was withdrawn by then", place_of(over))


def _place(one: TestedInput) -> str:
    try:
        return names.test_result_entry(Digest(one.document))
    except StellaError as error:
        raise DoesNotHold(str(error), names.DECISION_INPUT) from error
