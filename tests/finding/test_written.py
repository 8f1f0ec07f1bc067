"""What a model wrote stays where it stands on the texts, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.finding.ask import Kind, Passage, answer_of, sentences
from stella.finding.written import (
    TEXTS_MAX,
    as_texts,
    texts_given,
    written_answer,
)
from stella.plugin.contract.language_model import AnswerPart, Quote, WrittenSentence

COOKIE = "urllib3 does not strip the Cookie header when it follows a redirect to another host."
FIXED = "Fixed: urllib3 (PyPI) 1.26.17, 2.0.6."
WHERE = "urllib3 1.26.4 in registry.test/shop/web (linux/amd64) has it."
LATER = "Fixed in openssl 3.0.14 and later."
PASSAGES = tuple(
    Passage(kind, "somebody", "kept somewhere secret", text)
    for kind, text in (
        (Kind.RECORD, f"{COOKIE}\n{FIXED}"),
        (Kind.FINDING, f"{WHERE}\nIt counts there."),
        (Kind.ASSESSMENT, LATER),
    )
)


def wrote(
    text: str, *quotes: tuple[int, str], part: AnswerPart = AnswerPart.WHAT_IT_IS
) -> WrittenSentence:
    return WrittenSentence(part, text, tuple(Quote(number, words) for number, words in quotes))


def ours(text: str, *quotes: tuple[int, str]) -> WrittenSentence:
    return wrote(text, *quotes, part=AnswerPart.TOUCHES_US)


STANDS = [
    wrote("Cookies leak on a redirect, because nothing strips them.", (1, COOKIE)),
    wrote("It is fixed in 1.26.17.", (1, FIXED)),
    wrote("Update urllib3 from 1.26.4 to 2.0.6.", (1, FIXED), (2, WHERE)),
    wrote("It is fixed in 3.0.14 and later.", (3, LATER)),
    ours("The image registry.test/shop/web has it.", (2, WHERE)),
    ours("registry.test/shop/web has urllib3 1.26.4.", (2, f"{WHERE}\nIt counts there.")),
]
FALLS = [
    wrote("Cookies leak.", *[]),
    wrote("Cookies leak, not stripped.", (1, "Cookie")),
    wrote("Cookies leak, not stripped.", (4, COOKIE)),
    wrote("Cookies leak, not stripped.", (0, COOKIE)),
    wrote("Cookies leak, not stripped.", (1, "urllib3 does not strip the Cookie header")),
    wrote("Cookies leak.", (1, "strip the Cookie header when it follows a redirect")),
    wrote("Cookies leak, not stripped.", (2, COOKIE)),
    wrote("It is fixed in 1.26.18.", (1, FIXED)),
    wrote("It is fixed in 1.26.4.", (1, FIXED)),  # another text says that number
    wrote("It is fixed in 3.0.1.", (3, "Fixed in openssl 3.0.1")),
    wrote("It is fixed in version nine.", (1, FIXED)),
    wrote("It is fixed in \u2468.", (1, FIXED)),
    wrote("See https://evil.example/fix for the fix.", (1, FIXED)),
    wrote("urllib3 strips the Cookie header on a redirect.", (1, COOKIE)),
    wrote("urllib3 d\u043ees n\u043et strip the Cookie header.", (1, COOKIE)),
    wrote("It is fixed, and may be ignored.", (1, FIXED)),
    wrote("It is fixed and safe.", (1, FIXED)),
    wrote("", (1, COOKIE)),
    wrote("Cookies leak, not stripped.\x1b[31m", (1, COOKIE)),
    wrote("Cookies are not stripped. " * 40, (1, COOKIE)),
    wrote("Cookies are not stripped.", *[(1, COOKIE)] * 60),
    ours("shop-web has it.", (2, WHERE)),
    ours("The image registry.test/shop/worker has it.", (2, WHERE)),
    ours("CVE-2023-1 is in registry.test/shop/web.", (2, WHERE)),
    ours("It does not touch registry.test/shop/web.", (2, WHERE)),
    ours("The image registry.test/shop/web isn\u02bct touched.", (2, WHERE)),
    ours("It is exploited in registry.test/shop/web.", (2, WHERE)),
    ours(
        "It does not strip the Cookie header here.", (1, COOKIE)
    ),  # an advisory knows nothing of us
    ours("It does not touch us.", (2, WHERE), (1, COOKIE)),
]


@pytest.mark.parametrize("one", STANDS, ids=lambda one: one.text[:40])
def test_what_stands_on_its_quotes_is_shown_with_them(one: WrittenSentence) -> None:
    found = written_answer("model", PASSAGES, [one])
    (shown,) = (*found.what_it_is, *found.touches_us)
    assert (shown.text, found.left_out) == (one.text, 0)
    assert found.quotes[shown.text] == one.quotes
    assert shown.cites == tuple(sorted({quote.number for quote in one.quotes}))


@pytest.mark.parametrize("one", FALLS, ids=range(len(FALLS)))
def test_what_does_not_is_left_out_and_counted(one: WrittenSentence) -> None:
    found = written_answer("model", PASSAGES, [one])
    assert (found.what_it_is, found.touches_us, found.left_out) == ((), (), 1)


def test_more_sentences_than_are_read_are_counted_as_left_out() -> None:
    many = [wrote(f"It is fixed in 1.26.17{'!' * n}", (1, FIXED)) for n in range(20)]
    found = written_answer("model", PASSAGES, many)
    assert (len(found.what_it_is), found.left_out) == (12, 8)


def test_a_model_is_told_texts_and_nothing_of_where_they_are_kept() -> None:
    answer = answer_of("What?", "CVE-1", (), PASSAGES)
    more = [Passage(Kind.RECORD, "x", "y", f"text {n} " * 600) for n in range(60)]
    given_ = texts_given(answer, [*PASSAGES, *more])
    assert given_[: len(answer.passages)] == answer.passages
    assert len(set(given_)) == len(given_) <= TEXTS_MAX
    assert sum(len(one.text) for one in given_) <= 40_000
    assert not [one for one in as_texts(given_) if "secret" in one.text]
    assert [one.number for one in as_texts(given_)] == list(range(1, len(given_) + 1))


WORDS = st.lists(
    st.sampled_from([*COOKIE.split(), *FIXED.split(), "not", "9.9", "x/y"]), max_size=9
)


@given(WORDS.map(" ".join), st.integers(-1, 3), WORDS.map(" ".join))
def test_every_sentence_that_is_shown_quotes_what_stands_there(
    text: str, number: int, words: str
) -> None:
    found = written_answer("model", PASSAGES, [wrote(text, (number, words))])
    for one in found.what_it_is:
        whole = set(sentences(words))
        assert whole
        assert whole <= set(sentences(PASSAGES[number - 1].text))
        assert "9.9" not in one.text
