"""The one table of what stands after ``stella``. Each entry is imported when it is used, not before.

``module:attribute`` names a ``typer.Typer`` (a noun with verbs) or a function (a verb of its own).
A new noun is one line here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Noun:
    """Where a command lives, and its line in ``stella --help``."""

    where: str
    help: str


NOUNS: dict[str, Noun] = {
    "scan": Noun("stella.cli.scan:scan", "List what an image holds and what is known against it."),
    "image": Noun("stella.cli.image:app", "Look at images."),
    "sbom": Noun("stella.cli.sbom:app", "Read, check, compare and convert SBOMs."),
    "advisory": Noun(
        "stella.cli.advisory:app", "Sync and import advisory feeds, look into snapshots."
    ),
    "finding": Noun("stella.cli.finding:app", "Match SBOMs, list and explain findings."),
    "vex": Noun("stella.cli.vex:app", "Say whether findings matter, and hear who else says so."),
    "test-result": Noun(
        "stella.cli.test_result:app", "Say what tests said of an image, and see whose word counts."
    ),
    "policy": Noun(
        "stella.cli.policy:app", "Try and test policies written in Rego; see the server's."
    ),
    "demo": Noun("stella.cli.demo:demo", "Walk a release to verified evidence, on this machine."),
    "version": Noun("stella.cli.version:version", "Say which version this is."),
    "completion": Noun("stella.cli.completion:completion", "Finish words in your shell."),
    "evidence": Noun("stella.cli.evidence:app", "Verify and fetch evidence packets."),
    "trust": Noun("stella.cli.trust:app", "Check anybody's signatures and log proofs, offline."),
    "replay": Noun("stella.cli.replay:replay", "Decide again from a packet alone, and compare."),
    "agent": Noun("stella.cli.agent:app", "Run agents on hosts, let them in, shut them out."),
    "serve": Noun("stella.cli.serve:serve", "Run the server: API, console, agents' port."),
    "db": Noun("stella.cli.db:app", "Migrate, back up and restore the server's data."),
    "doctor": Noun("stella.cli.doctor:app", "Examine the server, and say what to do."),
    "login": Noun("stella.cli.login:login", "Log in to a server."),
    "logout": Noun("stella.cli.login:logout", "End the login."),
    "reauthenticate": Noun(
        "stella.cli.reauthenticate:reauthenticate", "Prove anew who you are; the login goes on."
    ),
    "whoami": Noun("stella.cli.login:whoami", "Say who the server takes you for."),
    "user": Noun("stella.cli.user:app", "Users and their roles."),
    "token": Noun("stella.cli.token:app", "Tokens for programs."),
    "machine": Noun("stella.cli.machine:app", "Jobs that an issuer's word lets in."),
    "sign-in": Noun("stella.cli.sign_in:app", "By whose word people are let in."),
    "audit": Noun("stella.cli.audit:app", "What happened, and whether the record of it holds."),
    "ledger": Noun(
        "stella.cli.ledger:app", "The public log: its state, proofs, and whether it holds."
    ),
    "integration": Noun("stella.cli.integration:app", "How outside services are reached."),
    "notification": Noun(
        "stella.cli.notification:app", "Who is told of what, and what became of it."
    ),
    "webhook": Noun("stella.cli.webhook:app", "What services sent, and what came of it."),
    "secret": Noun("stella.cli.secret:app", "Secrets of the built-in store."),
    "ci": Noun("stella.cli.ci:app", "Ready pipelines for build servers."),
    "plugin": Noun("stella.cli.plugin:app", "What plugs in, and what it brings."),
    "apply": Noun("stella.cli.apply:apply", "Apply what is configuration from YAML."),
    "export": Noun("stella.cli.export:app", "What is configured, as documents."),
    "lifecycle": Noun("stella.cli.lifecycle:app", "The ways of releases through environments."),
    "oncall": Noun("stella.cli.oncall:app", "Who is on call, and shifts that people take."),
    "workflow": Noun("stella.cli.workflow:app", "What is done in which order, as data."),
    "trigger": Noun("stella.cli.trigger:app", "What starts runs when nobody asks."),
    "run": Noun("stella.cli.run:app", "What became of workflows, and what they wait for."),
    "promote": Noun("stella.cli.promote:promote", "Ask for a release in an environment."),
    "promotion": Noun("stella.cli.promotion:app", "What was asked for, and how it stands."),
    "why": Noun("stella.cli.why:why", "Say why it may go, may not, or did not."),
    "approve": Noun("stella.cli.decide:approve", "Say yes to a promotion's plan."),
    "reject": Noun("stella.cli.decide:reject", "Say no to a promotion, which ends it."),
    "cancel": Noun("stella.cli.decide:cancel", "Take a promotion back before it is deployed."),
    "away": Noun("stella.cli.away:app", "While somebody is away, another speaks for them."),
    "rollback": Noun("stella.cli.promote:rollback", "Ask for what ran before."),
    "matrix": Noun("stella.cli.matrix:matrix", "Show what runs where."),
    "release": Noun("stella.cli.release:app", "Sealed sets of image digests."),
    "repository": Noun("stella.cli.repository:app", "Repositories that the server follows."),
    "component": Noun("stella.cli.component:app", "Where images lie, and which tags are versions."),
    "variable": Noun("stella.cli.variable:app", "What deployments are configured with, and where."),
    "environment": Noun("stella.cli.environment:app", "Where releases can go."),
    "target": Noun("stella.cli.target:app", "The places in environments that agents serve."),
    "freeze": Noun("stella.cli.freeze:app", "Times in which nothing goes into an environment."),
    "waiver": Noun("stella.cli.waiver:app", "Objections that are passed over for a time."),
    "deploy": Noun("stella.cli.deploy:app", "How far deployments are, and what they print."),
    "sticker": Noun("stella.cli.sticker:app", "The signed note on a target."),
    "drift": Noun("stella.cli.drift:app", "Where something else runs than what was deployed."),
}
