"""What every notifier has to hold, whoever wrote it: run each check of the list as a test.

One that is spoken to by HTTP runs SERVICE_HTTP_CHECKS as well.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial

from stella.kernel import StellaError
from stella.plugin.contract.notifier import Choice, Message, Notifier, Severity, Ticket
from stella.plugin.refusals import NotSupported, NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold


@dataclass(frozen=True, slots=True)
class NotifierBench:
    """A notifier, and the eyes of those whom it tells.

    seen: what people read of each message, oldest first, as the service shows it to them: one text,
    its markup read, its parts on lines of their own; a link as its address. strangers: opened so that
    they may tell nobody. elsewhere: opened for a channel that is not there; None where that cannot be.
    outage: while it is held, ``notifier`` reaches nothing. is_told_once: the same key again tells
    nobody again. can_update: ``update`` is done. secrets: what lets in. tickets: some that are
    there, as they stand; none where the service has none at all.
    """

    notifier: Notifier
    seen: Callable[[], tuple[str, ...]]
    strangers: tuple[Notifier, ...]
    elsewhere: Notifier | None
    outage: Callable[[], AbstractContextManager[None]]
    is_told_once: bool
    can_update: bool
    secrets: Callable[[], tuple[str, ...]] = tuple
    tickets: tuple[Ticket, ...] = ()


WHOLE = Message(
    key="kit/whole",
    title="shop 1.4 waits for approval",
    text="Two people have to approve.\nOne has.",
    severity=Severity.WARNING,
    fields={"environment": "production", "asked by": "ana"},
    url="https://stella.example/promotions/42?a=1&b=2",
    choices=(
        Choice("approve", "Approve", "https://stella.example/promotions/42/approve"),
        Choice("reject", "Reject", "https://stella.example/promotions/42/reject"),
    ),
)
MARKUP = (
    "<!channel> <!here> <@U024BE7LH> @all",
    "*bold* _slanted_ ~struck~ `code` ```block```",
    "<https://evil.example|stella.example> [stella](https://evil.example)",
    "<b>bold</b> <script>alert(1)</script> <img src=x onerror=alert(1)>",
    "&amp; &lt;b&gt; &#60; %3Cb%3E",
    "{color:red}red{color} {{raw}} h1. head !image.png! [~admin] ||a|b||",
    "${7*7} {{7*7}} <at>ana</at> :tada: # head > quoted - item 1. item",
    "\\ \\n \\u003c \" ' { } [ ]",
)
LINE_ENDS = (
    "one\r\nBcc: mallory@example.com",
    "one\nSubject: other",
    "one\r\n\r\n.\r\nMAIL FROM:<mallory@example.com>",
    "one\u2028two\x0bthree\x1b[31mred\x00end",
)


def a_message_is_seen_whole(bench: NotifierBench) -> None:
    """Title, text, facts, and where it is shown; a choice by its title or its address."""
    bench.notifier.send(WHOLE)
    (seen,) = bench.seen()
    for part in (WHOLE.title, *WHOLE.text.split("\n"), WHOLE.url, *WHOLE.fields.values()):
        assert part in seen, part
    assert all(name in seen for name in WHOLE.fields)
    for choice in WHOLE.choices:
        assert choice.title in seen or choice.url in seen, choice


def every_severity_is_told(bench: NotifierBench) -> None:
    """Also with nothing but a title."""
    for severity in Severity:
        bench.notifier.send(Message(f"kit/{severity}", f"it is {severity}", "", severity))
    seen = bench.seen()
    assert len(seen) == len(Severity)
    for severity, text in zip(Severity, seen, strict=True):
        assert f"it is {severity}" in text


def markup_is_read_as_it_was_written(bench: NotifierBench) -> None:
    """In the title, the text and the facts: nobody is called, nothing is a link."""
    for number, text in enumerate(MARKUP):
        message = Message(
            f"kit/markup/{number}", f"title {text}", f"text {text}", fields={"fact": f"fact {text}"}
        )
        bench.notifier.send(message)
    for text, seen in zip(MARKUP, bench.seen(), strict=True):
        for part in (f"title {text}", f"text {text}", f"fact {text}"):
            assert part in seen, f"{part!r} is read as {seen!r}"


def a_title_is_one_line(bench: NotifierBench) -> None:
    """Nothing of a title or a fact ends it and begins something else."""
    for number, text in enumerate(LINE_ENDS):
        fields = {"fact": text, text: "fact"}
        bench.notifier.send(Message(f"kit/lines/{number}", text, "text", fields=fields))
    seen = bench.seen()
    assert len(seen) == len(LINE_ENDS), "one message became several"
    for text in seen:
        starts = [line.strip().lower() for line in text.splitlines()]
        assert not any(one.startswith(("bcc:", "subject: o", "mail from:")) for one in starts), text
        assert not {"\x00", "\x1b", "\x0b"} & set(text)


def what_is_too_long_is_cut_and_told(bench: NotifierBench) -> None:
    """Rather than refused: its beginning is there."""
    message = Message(
        key="kit/" + "k" * 2000,
        title="title " + "<t>&" * 5000,
        text="text " + "<x>&\n" * 50_000,
        fields={f"fact {number}": "<f>&" * 1000 for number in range(200)},
        url="https://stella.example/" + "u" * 200,
        choices=tuple(
            Choice(f"choice-{number}", f"Choice {number} {'c' * 300}", "https://stella.example/c")
            for number in range(60)
        ),
    )
    bench.notifier.send(message)
    (seen,) = bench.seen()
    assert "title <t>&<t>&" in seen
    assert "text <x>&" in seen
    assert "fact 0" in seen
    assert len(seen) < 200_000


def the_same_key_is_the_same_message(bench: NotifierBench) -> None:
    """It is told once where the service can hold that; another key is another message."""
    first = bench.notifier.send(WHOLE)
    second = bench.notifier.send(WHOLE)
    if bench.is_told_once:
        assert len(bench.seen()) == 1
        assert first.reference == second.reference
    else:
        assert len(bench.seen()) in {1, 2}
    told = len(bench.seen())
    bench.notifier.send(replace(WHOLE, key="kit/another"))
    assert len(bench.seen()) == told + 1


def an_update_takes_its_place(bench: NotifierBench) -> None:
    """By the reference of what was sent; one that is not there is NotThere, whatever it looks like."""
    sent = bench.notifier.send(WHOLE)
    other = replace(WHOLE, title="shop 1.4 is approved", text="By bob.", choices=())
    if not bench.can_update:
        assert isinstance(_refused(partial(bench.notifier.update, "any", other)), NotSupported)
        assert sent.reference == "", "a reference that nothing can be done with"
        return
    again = bench.notifier.update(sent.reference, other)
    (seen,) = bench.seen()
    assert other.title in seen
    assert WHOLE.title not in seen
    bench.notifier.update(again.reference, WHOLE)
    (seen,) = bench.seen()
    assert WHOLE.title in seen
    for reference in ("", "nothing", "../../etc/passwd", "a b\n", "x" * 5000, f"{sent.reference}9"):
        refusal = _refused(partial(bench.notifier.update, reference, other))
        assert isinstance(refusal, NotThere), (reference, refusal)
    assert len(bench.seen()) == 1


def many_at_once_are_all_told(bench: NotifierBench) -> None:
    """Each once, none mixed with another."""
    titles = [f"message {number:02}" for number in range(12)]
    with ThreadPoolExecutor(6) as pool:
        sending = [
            pool.submit(bench.notifier.send, Message(f"kit/many/{one}", one, f"text of {one}"))
            for one in titles
        ]
        for one in sending:
            one.result()
    seen = bench.seen()
    assert sorted(one for text in seen for one in titles if one in text) == sorted(titles)
    assert len(seen) == len(titles)


def a_stranger_tells_nobody(bench: NotifierBench) -> None:
    """It is refused, and what lets in is not told."""
    assert bench.strangers
    for stranger in bench.strangers:
        refusal = _refused(partial(stranger.send, WHOLE))
        assert isinstance(refusal, ServiceRefused), refusal
        untold(refusal, bench.secrets())
    assert bench.seen() == ()


def a_channel_that_is_not_there_is_not_there(bench: NotifierBench) -> None:
    """Where there can be one."""
    if bench.elsewhere is None:
        return
    refusal = _refused(partial(bench.elsewhere.send, WHOLE))
    assert isinstance(refusal, NotThere), refusal
    untold(refusal, bench.secrets())


def an_outage_is_unreachable_while_it_lasts(bench: NotifierBench) -> None:
    """Another try may help, and does."""
    with bench.outage():
        for call in (bench.notifier.check, partial(bench.notifier.send, WHOLE)):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceUnreachable), refusal
            assert refusal.retry_may_help
            untold(refusal, bench.secrets())
    bench.notifier.send(WHOLE)
    assert len(bench.seen()) == 1


def check_tells_us_and_nobody_else(bench: NotifierBench) -> None:
    """One printable line, nothing secret in it."""
    told = bench.notifier.check()
    assert told
    assert told.isprintable()
    assert not any(secret in told for secret in bench.secrets())
    assert bench.seen() == ()


def a_ticket_is_told_as_it_stands(bench: NotifierBench) -> None:
    """What is none is NotThere, whatever it looks like; where there are none at all, NotSupported."""
    for wanted in bench.tickets:
        assert bench.notifier.ticket(wanted.key) == wanted
    refusals = (NotThere,) if bench.tickets else (NotSupported, NotThere)
    for key in ("", "nothing", "../../rest", "A-1?b=c", "a b\n", "X-" + "9" * 5000, "^numberLIKE1"):
        refusal = _refused(partial(bench.notifier.ticket, key))
        assert isinstance(refusal, refusals), (key, refusal)
        untold(refusal, bench.secrets())
    assert bench.seen() == (), "to look is to tell nobody"


NOTIFIER_CHECKS: tuple[Callable[[NotifierBench], None], ...] = (
    a_message_is_seen_whole,
    every_severity_is_told,
    markup_is_read_as_it_was_written,
    a_title_is_one_line,
    what_is_too_long_is_cut_and_told,
    the_same_key_is_the_same_message,
    an_update_takes_its_place,
    many_at_once_are_all_told,
    a_stranger_tells_nobody,
    a_channel_that_is_not_there_is_not_there,
    an_outage_is_unreachable_while_it_lasts,
    check_tells_us_and_nobody_else,
    a_ticket_is_told_as_it_stands,
)


def _refused(call: Callable[[], object]) -> StellaError:
    try:
        call()
    except (ServiceUnreachable, ServiceRefused, NotThere, NotSupported) as refusal:
        return refusal
    raise AssertionError("it was not refused")
