"""Apply a set of declarative documents: all of it or nothing, in an order that works."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TypeAlias

from stella.blob import Blobs
from stella.environment.apply import (
    Held,
    apply_environment,
    apply_target,
    nothing_held,
    refuse_loop,
)
from stella.environment.document import checked_document, checked_name, malformed, parse_environment
from stella.environment.lifecycles.model import KIND as LIFECYCLE
from stella.environment.lifecycles.store import apply_lifecycle, hold_ways, refuse_rivals
from stella.environment.oncall.model import KIND as ONCALL
from stella.environment.oncall.store import apply_schedule
from stella.environment.owning import BY_HAND, Owning, Pruning, claim_documents
from stella.environment.store import hold_environments, in_order, list_environments, list_targets
from stella.hub.apply import Brought, apply_integration
from stella.hub.document import malformed as malformed_integration
from stella.hub.store import find_integration, keep_integrations, list_integrations
from stella.identity.login_documents import apply_machine_login
from stella.identity.sign_in import apply_sign_in, end_logins_by
from stella.kernel import Json
from stella.kernel.change import Change, changed
from stella.plugin.contract.core import Kind
from stella.policy import Ask, bundle_bytes, load_bundle
from stella.policy.engine import ask as ask_policy
from stella.policy.facts import PolicyApplied
from stella.policy.plain import plain_files, read_plain
from stella.policy.store import STARTER, put_policy
from stella.record.transaction import Tx
from stella.release.components.store import apply_component, apply_template
from stella.release.variables.model import malformed as malformed_variables
from stella.release.variables.model import parse_variables
from stella.release.variables.sets import apply_variables

KINDS = (
    "Integration",
    "MachineLogin",
    "SignIn",
    "Policy",
    "Component",
    "ReleaseTemplate",
    ONCALL,
    "Environment",
    "Target",
    "Variables",
    LIFECYCLE,
)
_DOCUMENTS_MAX = 1000

ApplyOne: TypeAlias = Callable[[Tx, str, Mapping[str, Json]], Change]
"""Applies one document: name and specification."""


def apply_documents(
    tx: Tx,
    blobs: Blobs,
    documents: Sequence[Mapping[str, Json]],
    *,
    brought: Brought,
    dry_run: bool = False,
    may_allow_any: bool = False,
    roles: frozenset[str] | None = None,
    ask: Ask = ask_policy,
    more: Mapping[str, ApplyOne] | None = None,
    owning: Owning = BY_HAND,
    held: Held = nothing_held,
) -> tuple[Change, ...]:
    """What each document changes, in the order applied; with ``dry_run`` nothing is kept.

    brought: what plugins bring. may_allow_any: who asks may let integrations use every built-in
    secret. roles: of the person who asks. ask: how policies are asked. more: kind -> how it is
    applied, of the rooms below this one; they come last. owning: whose the documents are, and whether
    what is theirs and in none of them ends. held: what keeps targets at their places.

    Raises MalformedDocument, MalformedIntegration, MalformedLogin, EnvironmentLoop, LifecycleLoop,
    OwnedByAnother, ImpossiblePrune, PruneRefused, and what a policy that does not compile raises.
    """
    if len(documents) > _DOCUMENTS_MAX:
        raise malformed("document", "", f"{len(documents)} of them, at most {_DOCUMENTS_MAX}")
    others = more or {}
    kinds = (*KINDS, *others)
    sorted_out: dict[str, dict[str, Mapping[str, Json]]] = {kind: {} for kind in kinds}
    for document in documents:
        kind, name, spec = checked_document(document)
        if kind not in sorted_out:
            raise malformed(kind, name, f"no such kind; there are {', '.join(kinds)}")
        if name in sorted_out[kind]:
            raise malformed(kind, name, "it stands there twice")
        sorted_out[kind][name] = spec
    named = [(kind, name) for kind, listed in sorted_out.items() for name in listed]
    kept = tx.connection.begin_nested()
    keep_integrations(tx, {word for one in documents for word in _words(one)})
    pruning = Pruning(tx, owning, named)
    if sorted_out[LIFECYCLE] or pruning.ends(LIFECYCLE):
        hold_ways(tx)
    else:
        hold_environments(tx, {*sorted_out["Environment"], *pruning.names("Environment")})
    pruning.make_room()
    changes = _apply(
        tx, blobs, sorted_out, brought, ask, roles=roles, may_allow_any=may_allow_any, held=held
    )
    for kind, apply_one in others.items():
        changes += [apply_one(tx, name, spec) for name, spec in sorted_out[kind].items()]
    changes = claim_documents(tx, changes, owning) + pruning.end()
    if dry_run:
        kept.rollback()
        tx.added.clear()
        tx.held.clear()
    else:
        kept.commit()
    return tuple(changes)


def _words(value: Json) -> Iterator[str]:
    """Every text that may be an integration's name, by itself or in a reference like vault://NAME/x."""
    if isinstance(value, str):
        yield value
        yield from value.split("/", 3)[2:3]
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_words, value.values()))
    elif isinstance(value, Sequence):
        yield from chain.from_iterable(map(_words, value))


def _apply(
    tx: Tx,
    blobs: Blobs,
    documents: Mapping[str, Mapping[str, Mapping[str, Json]]],
    brought: Brought,
    ask: Ask,
    *,
    roles: frozenset[str] | None,
    may_allow_any: bool,
    held: Held,
) -> list[Change]:
    changes = _apply_integrations(
        tx, documents["Integration"], brought, roles=roles, may_allow_any=may_allow_any
    )
    changes += [
        apply_machine_login(tx, name, spec) for name, spec in documents["MachineLogin"].items()
    ]
    changes += [apply_sign_in(tx, name, spec) for name, spec in documents["SignIn"].items()]
    changes += [
        _apply_policy(tx, blobs, name, spec, ask) for name, spec in documents["Policy"].items()
    ]
    changes += [apply_component(tx, name, spec) for name, spec in documents["Component"].items()]
    changes += [
        apply_template(tx, name, spec) for name, spec in documents["ReleaseTemplate"].items()
    ]
    # Before the environments that ask whoever is on call.
    changes += [apply_schedule(tx, name, spec) for name, spec in documents[ONCALL].items()]
    environments = documents["Environment"]
    parsed = in_order(parse_environment(name, spec) for name, spec in environments.items())
    for one in parsed:
        refuse_loop(one, {other.name: other for other in parsed})
    changes += [
        apply_environment(tx, one.name, environments[one.name], brought, roles) for one in parsed
    ]
    changes += [
        apply_target(tx, name, spec, brought, held) for name, spec in documents["Target"].items()
    ]
    _refuse_unknown_environments(tx, documents["Integration"])
    changes += [apply_variables(tx, name, spec) for name, spec in documents["Variables"].items()]
    _refuse_unknown_places(tx, documents["Variables"])
    changes += [apply_lifecycle(tx, name, spec) for name, spec in documents[LIFECYCLE].items()]
    refuse_rivals(tx, documents[LIFECYCLE])
    return changes


def _refuse_unknown_places(tx: Tx, documents: Mapping[str, Mapping[str, Json]]) -> None:
    """Return where every environment and target that these variables name is there."""
    if not documents:
        return
    there = {
        "environment": {one.name for one in list_environments(tx)},
        "target": {one.name for one in list_targets(tx)},
    }
    for name, spec in documents.items():
        gone = [
            f"{one.name}: there is no {key} {word[:80]!r}"
            for one in parse_variables(name, spec)
            for key, known in there.items()
            for word in getattr(one.when, key)
            if word not in known
        ]
        if gone:
            raise malformed_variables(name, gone)


def _refuse_unknown_environments(tx: Tx, documents: Mapping[str, Mapping[str, Json]]) -> None:
    """Return where every environment that these integrations are for is there, or was just made."""
    known = {one.name for one in list_environments(tx)}
    for name in documents:
        named = find_integration(tx, name).integration.environments
        if gone := [one for one in named if one not in known]:
            raise malformed_integration(
                name, [f"environments: there is no {one!r}" for one in gone]
            )


def _apply_integrations(
    tx: Tx,
    documents: Mapping[str, Mapping[str, Json]],
    brought: Brought,
    *,
    roles: frozenset[str] | None,
    may_allow_any: bool,
) -> list[Change]:
    """Secret stores first: the credentials of the others may lie in them.

    A repository has no roles, and is not asked for any: who followed it said what it may bring.
    What comes with these documents is theirs who bring it: they say themselves whom it is for.
    """
    stores = [name for name, spec in documents.items() if spec.get("kind") == Kind.SECRET_STORE]
    rest = [name for name in documents if name not in stores]
    known = {one.integration.name: one.integration for one in list_integrations(tx)}
    theirs = documents.keys() - known.keys()
    changes = []
    for name in (*stores, *rest):
        before = known.get(name)
        changes.append(
            apply_integration(
                tx,
                name,
                documents[name],
                brought,
                may_allow_any=may_allow_any,
                roles=roles or None,
                theirs=theirs,
            )
        )
        after = find_integration(tx, name).integration
        # Whose word it was, and whether it is still asked: who came in by it comes in anew.
        if before and (before.place, before.enabled) != (after.place, after.enabled):
            end_logins_by(tx, name)
    return changes


def _apply_policy(tx: Tx, blobs: Blobs, name: str, spec: Mapping[str, Json], ask: Ask) -> Change:
    """``rego``: the text of one file; ``files``: file name -> text; or ``rules`` in plain YAML."""
    checked_name("Policy", name)
    if name == STARTER:
        raise malformed("Policy", name, "the starter pack stays as it is; choose another name")
    bundle = load_bundle(policy_files(name, spec), ask=ask)
    before = put_policy(tx, name, blobs.put(bundle_bytes(bundle)))
    change = changed(
        "Policy", name, {"digest": before} if before else None, {"digest": bundle.digest.text}
    )
    if change.change != "unchanged":
        tx.add(PolicyApplied(name, bundle.digest.text, before))
    return change


def policy_files(name: str, spec: Mapping[str, Json]) -> dict[str, str]:
    """The Rego of a policy's document. Raises MalformedDocument, MalformedPlainPolicy."""
    if "rules" in spec:
        return plain_files(read_plain(spec))
    unknown = sorted(set(spec) - {"rego", "files"})
    if unknown:
        raise malformed(
            "Policy", name, f"unknown key spec.{unknown[0]} (known: files, rego, rules)"
        )
    rego, files = spec.get("rego"), spec.get("files")
    if isinstance(rego, str) and files is None:
        return {"policy.rego": rego}
    if isinstance(files, Mapping) and rego is None and files:
        texts = {str(key): value for key, value in files.items() if isinstance(value, str)}
        if len(texts) == len(files):
            return texts
    raise malformed("Policy", name, "it needs either rego (a text), files (name: text) or rules")
