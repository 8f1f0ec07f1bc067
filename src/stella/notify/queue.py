"""Fact -> the messages that follow from it, in the transaction of its handler."""

from collections.abc import Mapping
from dataclasses import replace

from stella.blob import Blobs
from stella.hub.model import Integration
from stella.hub.store import list_integrations
from stella.kernel import Json, Remedy, time_text
from stella.notify.commits import commits_told
from stella.notify.errors import MessageNotFailed
from stella.notify.events import EVENTS, OF_COMMITS
from stella.notify.model import MessageState, Notification, QueuedMessage
from stella.notify.store import (
    find_message,
    find_notification,
    insert_message,
    is_queued,
    list_notifications,
    update_message,
)
from stella.notify.told import Told
from stella.plugin.contract.core import Kind
from stella.plugin.contract.notifier import Severity
from stella.record.transaction import StoredFact, Tx

TEST, WORD = "test", "word"


def queue_messages(tx: Tx, fact: StoredFact, url: str, blobs: Blobs) -> tuple[QueuedMessage, ...]:
    """One message for each rule that the fact is for, unless it is there. url: of the console.

    A rule by an integration of the kind scm is for the commits of the release, where those are known.
    """
    told: dict[str, Told] = {}
    for name, event in EVENTS.items():
        words = event.of(tx, fact) if event.fact == fact.kind else None
        if words is not None:
            told[name] = words
    made = []
    rules = list_notifications(tx) if told else ()
    scms = _scms(tx) if rules else {}
    for known in rules:
        rule = known.rule
        for name in _told_by(rule, told):
            if not _is_for(rule, told[name]):
                continue
            if is_queued(tx, fact.id, rule.name, name):
                continue
            one = _queued(tx, rule, told[name], url, event=name, fact=fact.id, subject=fact.subject)
            by = scms.get(rule.integration)
            if by is None:
                made.append(one)
            elif commits := commits_told(tx, blobs, told[name], by):
                made.append(replace(one, content={**one.content, "commits": commits}))
    for one in made:
        insert_message(tx, one)
    return tuple(made)


def queue_test(tx: Tx, name: str, url: str) -> QueuedMessage:
    """A message that says it is a test, by that rule. Raises UnknownNotification."""
    rule = find_notification(tx, name).rule
    told = Told(
        title=f"a test of the notification {name}",
        severity=Severity.INFO,
        text="Somebody tries whether messages arrive here. Nothing has to be done.",
        path="/notifications",
    )
    made = _queued(tx, rule, told, url, event=TEST, fact=tx.new_id("tst"), subject=name)
    if rule.integration in _scms(tx):
        made = replace(made, content={**made.content, "commits": None})
    insert_message(tx, made)
    return made


def queue_word(
    tx: Tx, told: Told, url: str, *, integration: str, by: str, subject: str
) -> QueuedMessage:
    """A message that no rule asks for. by: who does, in a rule's place: ``run:ship``."""
    content = told.content(url, include_text=True)
    fact = tx.new_id("wrd")
    made = _message(
        tx, (integration, by[:80]), told, content, event=WORD, fact=fact, subject=subject
    )
    insert_message(tx, made)
    return made


def queue_again(tx: Tx, message_id: str) -> QueuedMessage:
    """One that failed is tried anew. Raises UnknownMessage, MessageNotFailed."""
    found = find_message(tx, message_id, lock=True)
    if found.state is not MessageState.FAILED:
        raise MessageNotFailed(
            f"the message {message_id} is {found.state.value}",
            remedy=Remedy("Only one that failed can be sent again."),
            id=message_id,
        )
    again = replace(
        found, state=MessageState.WAITING, attempts=0, due_at=time_text(tx.now), ended_at=None
    )
    update_message(tx, again)
    return again


def _scms(tx: Tx) -> dict[str, Integration]:
    listed = (one.integration for one in list_integrations(tx))
    return {one.name: one for one in listed if one.kind is Kind.SCM}


def _told_by(rule: Notification, told: Mapping[str, Told]) -> list[str]:
    """What the rule names of it; and where it tells of promotions, every alert."""
    hears_alerts = any(name in OF_COMMITS for name in rule.on)
    return [name for name in told if name in rule.on or (EVENTS[name].is_alert and hears_alerts)]


def _is_for(rule: Notification, told: Told) -> bool:
    return rule.enabled and (not rule.environments or told.environment in rule.environments)


def _queued(
    tx: Tx, rule: Notification, told: Told, url: str, *, event: str, fact: str, subject: str
) -> QueuedMessage:
    sent_by = rule.integration, rule.name
    content = told.content(url, include_text=rule.include_text)
    return _message(tx, sent_by, told, content, event=event, fact=fact, subject=subject)


def _message(
    tx: Tx,
    sent_by: tuple[str, str],
    told: Told,
    content: dict[str, Json],
    *,
    event: str,
    fact: str,
    subject: str,
) -> QueuedMessage:
    """sent_by: integration and rule."""
    at = time_text(tx.now)
    integration, rule = sent_by
    return QueuedMessage(
        id=tx.new_id("msg"),
        rule=rule,
        integration=integration,
        event=event,
        fact=fact,
        subject=subject[:80],
        environment=told.environment,
        content=content,
        state=MessageState.WAITING,
        attempts=0,
        queued_at=at,
        due_at=at,
        ended_at=None,
        detail="",
        reference="",
        url="",
    )
