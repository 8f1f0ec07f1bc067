"""A language model that is spoken to by HTTP; README.md says how the service answers.

Replace the paths and the form of what is sent and answered by what your service has. ``ServiceClient``
stays: it opens every socket by ``connection.connect``, bounds each answer, and makes refusals that tell
nothing.
"""

from collections.abc import Iterator

from stella.sdk import (
    AnswerPart,
    Connection,
    GivenText,
    Json,
    NotSupported,
    Quote,
    Remedy,
    WrittenSentence,
)
from stella.sdk.service_client import ServiceClient

_CHARACTERS_MAX = 50_000


class HttpModel:
    """``stella.sdk.LanguageModel``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def write(self, question: str, texts: tuple[GivenText, ...]) -> tuple[WrittenSentence, ...]:
        """Nothing but the question and the texts is sent; nothing of them is cut off."""
        if len(question) + sum(len(one.text) for one in texts) > _CHARACTERS_MAX:
            raise NotSupported(
                f"question and texts have more than {_CHARACTERS_MAX} characters",
                remedy=Remedy("Ask about less."),
            )
        body: Json = {
            "question": question,
            "texts": [{"number": one.number, "text": one.text} for one in texts],
        }
        answer = self._client.json("POST", "v1/write", self._headers(), body, what="an answer")
        return tuple(self._sentences(answer))

    def check(self) -> str:
        """Which model it is."""
        answer = self._client.json("GET", "v1/version", self._headers(), what="its version")
        version = answer.get("version") if isinstance(answer, dict) else None
        if not isinstance(version, str) or not version.isprintable() or not version:
            raise self._client.unreachable("its answer has no version")
        return f"version {version[:100]}"

    def _sentences(self, answer: Json) -> Iterator[WrittenSentence]:
        try:
            assert isinstance(answer, dict)
            listed = answer["sentences"]
            assert isinstance(listed, list)
            for one in listed:
                assert isinstance(one, dict)
                quotes = one["quotes"]
                assert isinstance(quotes, list)
                yield WrittenSentence(
                    AnswerPart(str(one["part"])),
                    str(one["text"]),
                    tuple(_quote(quote) for quote in quotes),
                )
        except (AssertionError, KeyError, ValueError):
            raise self._client.unreachable("what it wrote has another form") from None

    def _headers(self) -> dict[str, str]:
        token = self._client.optional_credential("token")
        return {} if token is None else {"Authorization": f"Bearer {token}"}


def _quote(one: Json) -> Quote:
    assert isinstance(one, dict)
    number = one["number"]
    assert isinstance(number, int)
    return Quote(number, str(one["words"]))
