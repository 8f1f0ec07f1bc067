"""The checks, each a function from what is examined to what was found."""

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, inspect, select, text

from stella.doctor.model import Check, Patient
from stella.kernel import Digest, Outcome, StellaError, parse_time
from stella.notify.model import MessageState
from stella.notify.store import list_messages, list_notifications
from stella.plugin.crossing import bounded_text
from stella.record import verify_chain
from stella.record.tables import fact
from stella.trust import load_signer

_FREE_BYTES_MIN = 1_000_000_000
_CLOCK_OFF_MAX = timedelta(seconds=5)
_SNAPSHOT_AGE_MAX = timedelta(days=7)
# A repository that nobody has: what matters is that the registry answers at all.
_NO_REPOSITORY = "stella-doctor"


def examine(patient: Patient) -> tuple[Check, ...]:
    """Every check. One that a refusal ends is blocked by it; the others go on."""
    found: list[Check] = []
    for name, check in CHECKS.items():
        try:
            found += check(patient)
        except StellaError as refusal:
            fix = refusal.remedy.command or refusal.remedy.advice
            found.append(Check(name, Outcome.BLOCKED, str(refusal), fix))
    return tuple(found)


def database(patient: Patient) -> list[Check]:
    """It answers, and its schema is the one of this program."""
    with patient.database.read() as tx:
        tables = inspect(tx.connection).get_table_names()
        current = None
        if "alembic_version" in tables:
            current = tx.connection.execute(
                text("SELECT version_num FROM alembic_version")
            ).scalar()
    checks = [_passed("database", patient.database.url)]
    if current == patient.schema:
        return [*checks, _passed("migrations", f"at revision {current}")]
    detail = f"the database is at revision {current}, this version brings {patient.schema}"
    return [*checks, Check("migrations", Outcome.BLOCKED, detail, "stella db migrate")]


def clock(patient: Patient) -> list[Check]:
    """The system's clock, the database's, and the newest fact agree on what is past."""
    with patient.database.read() as tx:
        newest = tx.connection.execute(select(func.max(fact.c.at))).scalar()
        now, system = tx.now, datetime.now(tz=UTC)
        if tx.connection.dialect.name == "postgresql":
            system = tx.connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    fix = "timedatectl set-ntp true"
    if abs(system - now) > _CLOCK_OFF_MAX:
        detail = f"the clocks of server and database differ by {abs(system - now)}"
        return [Check("clock", Outcome.BLOCKED, detail, fix)]
    if newest is not None and parse_time(newest) - now > _CLOCK_OFF_MAX:
        return [Check("clock", Outcome.BLOCKED, f"the newest fact is of the future: {newest}", fix)]
    return [_passed("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")]


def disk(patient: Patient) -> list[Check]:
    """There is room where the server writes."""
    free = shutil.disk_usage(patient.data).free
    detail = f"{free / 1e9:.1f} GB free at {patient.data}"
    if free < _FREE_BYTES_MIN:
        return [Check("disk", Outcome.BLOCKED, detail, "Free space there, or move data_directory.")]
    return [_passed("disk", detail)]


def keys(patient: Patient) -> list[Check]:
    """Every private key can be used, is private, and is the one that verifiers are told."""
    for name, public in patient.trust_root.keys.items():
        signer = load_signer(patient.data / "keys" / f"{name}.key")
        if signer.key_id != public.key_id:
            detail = f"{name}.key is not the key that verifiers are told"
            return [Check("keys", Outcome.BLOCKED, detail, "stella db restore BACKUP")]
    return [_passed("keys", f"{len(patient.trust_root.keys)} signing keys match the trust root")]


def blobs(patient: Patient) -> list[Check]:
    """Bytes can be put and got."""
    content = b"stella doctor"
    patient.blobs.put(content)
    patient.blobs.get(Digest.of(content))
    return [_passed("blobs", f"written and read at {patient.blobs.directory}")]


def chain(patient: Patient) -> list[Check]:
    """No fact was changed, removed or inserted."""
    with patient.database.read() as tx:
        report = verify_chain(tx)
    if not report.good:
        fix = "Compare with a backup: somebody or something changed the records."
        return [Check("audit chain", Outcome.BLOCKED, report.detail, fix)]
    return [_passed("audit chain", f"{report.length} facts hold")]


def registries(patient: Patient) -> list[Check]:
    """Each registry that the settings name answers."""
    if not patient.registries:
        return [_passed("registries", "none is set; images are read anonymously by HTTPS")]
    found = []
    for host in patient.registries:
        try:
            patient.open_registry(host).tags(_NO_REPOSITORY)
        except StellaError as refusal:
            fix = refusal.remedy.advice
            found.append(Check(f"registry {host}", Outcome.BLOCKED, str(refusal), fix))
        else:
            found.append(_passed(f"registry {host}", "answers"))
    return found


def integrations(patient: Patient) -> list[Check]:
    """Each integration that is switched on answers, and takes our credentials."""
    found = []
    for health in patient.integrations():
        name = f"integration {health.integration}"
        fix = (
            "" if health.outcome is Outcome.PASS else f"stella integration get {health.integration}"
        )
        found.append(Check(name, health.outcome, health.detail, fix))
    return found or [_passed("integrations", "none is applied")]


def notifications(patient: Patient) -> list[Check]:
    """The last message by each rule that is on was taken."""
    found = []
    with patient.database.read() as tx:
        rules = [one.rule.name for one in list_notifications(tx) if one.rule.enabled]
        for rule in rules:
            last = next(iter(list_messages(tx, rule=rule, limit=1)), None)
            if last is None or not last.detail or last.state is MessageState.SENT:
                continue
            is_over = last.state is MessageState.FAILED
            outcome = Outcome.BLOCKED if is_over else Outcome.UNKNOWN
            detail = f"the last message by {rule} {'failed' if is_over else 'is tried again'}: "
            fix = f"stella notification sent --rule {rule}"
            found.append(Check("notifications", outcome, f"{detail}{last.detail}", fix))
    return found or [_passed("notifications", f"{len(rules)} rules, every last message was taken")]


def plugins(patient: Patient) -> list[Check]:
    """Every installed plugin may be used."""
    refused = [
        Check(
            f"plugin {one.name}",
            Outcome.BLOCKED,
            "; ".join(one.reasons),
            f"stella plugin check {one.name}",
        )
        for one in patient.refused_plugins
    ]
    return refused or [_passed("plugins", "none is refused")]


def of_plugins(patient: Patient) -> list[Check]:
    """What plugins look at. One that breaks is unknown, and the others go on."""
    found = []
    for name, check in patient.plugin_checks().items():
        try:
            found += [
                Check(name, one.outcome, bounded_text(one.detail), bounded_text(one.fix))
                for one in check.examine()
            ]
        except StellaError as refusal:
            fix = refusal.remedy.command or refusal.remedy.advice
            found.append(Check(name, Outcome.UNKNOWN, str(refusal), fix))
    return found


def agents(patient: Patient) -> list[Check]:
    """Each agent is heard from; the versions of the engines they see."""
    found = []
    for agent in patient.agents():
        engines = ", ".join(f"{name} {version}" for name, version in agent.engines)
        name = f"agent {agent.name}"
        if agent.is_online:
            found.append(_passed(name, f"online; {engines or 'no engine reported'}"))
        else:
            fix = "On its host: stella agent run"
            found.append(Check(name, Outcome.BLOCKED, "not heard from", fix))
    return found or [_passed("agents", "none is enrolled")]


def advisories(patient: Patient) -> list[Check]:
    """There is a snapshot to match against, and it is not stale."""
    name, path = "advisories", patient.advisories
    fix = "stella advisory import, then set `advisories` to the snapshot"
    if path is None:
        return [Check(name, Outcome.UNKNOWN, "no snapshot: findings are unknown", fix)]
    files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    if not files:
        return [Check(name, Outcome.BLOCKED, f"no snapshot at {path}", fix)]
    newest = max(datetime.fromtimestamp(file.stat().st_mtime, tz=UTC) for file in files)
    age = datetime.now(tz=UTC) - newest
    if age > _SNAPSHOT_AGE_MAX:
        return [Check(name, Outcome.BLOCKED, f"the snapshot is {age.days} days old", fix)]
    return [_passed(name, f"a snapshot of {newest:%Y-%m-%d}")]


def handlers(patient: Patient) -> list[Check]:
    """No handler of a fact gave up."""
    failed = patient.failed_runs()
    if failed:
        detail = f"{len(failed)} gave up, the first on {failed[0]}"
        return [Check("handlers", Outcome.BLOCKED, detail, "See the server's log of that fact.")]
    return [_passed("handlers", "none gave up")]


CHECKS: dict[str, Callable[[Patient], Sequence[Check]]] = {
    "database": database,
    "clock": clock,
    "disk": disk,
    "keys": keys,
    "blobs": blobs,
    "audit chain": chain,
    "registries": registries,
    "integrations": integrations,
    "notifications": notifications,
    "plugins": plugins,
    "checks of plugins": of_plugins,
    "agents": agents,
    "advisories": advisories,
    "handlers": handlers,
}


def _passed(name: str, detail: str) -> Check:
    return Check(name, Outcome.PASS, detail)
