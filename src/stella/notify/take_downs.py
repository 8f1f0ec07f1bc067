"""What people are told of take-downs."""

from collections.abc import Callable, Mapping

from stella.notify.told import Event, Told, release_words
from stella.plugin.contract.notifier import Severity
from stella.record.transaction import StoredFact, Tx


def _take_down(verb: str, severity: Severity) -> Callable[[Tx, StoredFact], Told | None]:
    def told(tx: Tx, fact: StoredFact) -> Told:
        environment, release = str(fact.data["environment"]), fact.data["release"]
        reason = fact.data.get("reason")
        return Told(
            title=f"{release_words(tx, str(release)) if release else 'what runs'} {verb} {environment}",
            severity=severity,
            fields={"environment": environment, "take-down": fact.subject},
            words_of_people=f"Reason: {reason}" if reason else "",
            path=f"/environments/{environment}",
            environment=environment,
            release=str(release or ""),
        )

    return told


_S = Severity
TAKE_DOWNS: Mapping[str, Event] = {
    "TakeDownStarted": Event(
        "TakeDownStarted",
        "what runs in an environment is taken away",
        _take_down("is taken down in", _S.INFO),
    ),
    "TakeDownSucceeded": Event(
        "TakeDownSucceeded", "nothing runs there any more", _take_down("runs no more in", _S.INFO)
    ),
    "TakeDownFailed": Event(
        "TakeDownFailed",
        "something is left on a target",
        _take_down("is not all gone from", _S.PROBLEM),
    ),
    "TakeDownErrored": Event(
        "TakeDownErrored",
        "it could not be carried out",
        _take_down("could not be taken down in", _S.PROBLEM),
    ),
}
