"""What is said of one thing that happened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stella.kernel import Json, StellaError
from stella.plugin.contract.notifier import Severity
from stella.plugin.contract.scm import StatusState
from stella.record.transaction import StoredFact, Tx
from stella.release.store import find_release


@dataclass(frozen=True, slots=True)
class Told:
    """The words. words_of_people: what somebody wrote, told where a rule includes it.

    path: of the console's page. choices: buttons, name and title. about: what they decide.
    release, status, deployment: what is told of the commits that it was built from, if anything.
    """

    title: str
    severity: Severity
    fields: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    words_of_people: str = ""
    path: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    about: str = ""
    environment: str = ""
    release: str = ""
    status: StatusState | None = None
    deployment: str = ""

    def content(self, url: str, *, include_text: bool) -> dict[str, Json]:
        """As it is kept and sent. url: of the console."""
        page = f"{url}{self.path}" if self.path else ""
        parts = [self.text, self.words_of_people if include_text else ""]
        return {
            "title": self.title,
            "text": "\n".join(one for one in parts if one),
            "severity": self.severity.value,
            "fields": dict(self.fields),
            "url": page,
            "choices": [
                {"name": name, "title": title, "url": page, "about": self.about}
                for name, title in self.choices
            ],
        }


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to be told of. fact: its kind. of: the fact -> its words; None where it is not one.

    is_alert: also told by every rule that tells of promotions, whether it names this or not.
    """

    fact: str
    meaning: str
    of: Callable[[Tx, StoredFact], Told | None]
    is_alert: bool = False


def release_words(tx: Tx, release: str) -> str:
    """Name and version of a release; its id where there is none."""
    try:
        found = find_release(tx, release)
    except StellaError:
        return release
    return f"{found.name} {found.version}"
