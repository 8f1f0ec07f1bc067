"""What the flows are given, from the parts of a server."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

from stella.api.actors import actors
from stella.api.services import Services
from stella.app.carrying import Work
from stella.app.ledger import Publishing
from stella.app.tickets import look_up_by
from stella.blob import Blobs
from stella.deployment.plan import PluginOf, StepOffer, comes_along, plan_deployment
from stella.deployment.take_down.planning import Removing
from stella.environment.model import Environment, Target
from stella.evidence.keep import Proving
from stella.plugin import Plugins
from stella.plugin.contract.core import Kind
from stella.policy import Ask
from stella.policy.engine import ask as ask_policy
from stella.promotion.assemble import Deciding
from stella.promotion.model import Person
from stella.record import Tx
from stella.release.model import Release
from stella.sbom.lifetime import Lifetimes, known_lifetimes
from stella.trust import PublicKey, Signer


def deciding_of(
    blobs: Blobs,
    plugins: Callable[[], Plugins],
    plugin_of: PluginOf = comes_along,
    *,
    is_simulated: bool,
    ask: Ask = ask_policy,
    lifetimes: Lifetimes | None = None,
    own_keys: tuple[PublicKey, ...] = (),
) -> Deciding:
    """What decisions need from outside. plugins: those used now. plugin_of: who brings a target
    or a step. ask: how policies are asked. lifetimes: of distributions; None: as Stella knows them.
    own_keys: with which VEX of this installation is signed.
    """

    def offer(name: str) -> StepOffer:
        owner = plugins().owner(Kind.STEP, name)
        wheel = plugin_of(Kind.STEP, name)
        version = owner.version if wheel is None else wheel.version
        return StepOffer(owner.name, version, owner.limits.attempts_max, wheel)

    def planner(release: Release, environment: Environment, targets: tuple[Target, ...]) -> bytes:
        used = plugins()
        return plan_deployment(
            release, environment, targets, used.target, offer, plugin_of=plugin_of
        )

    return Deciding(
        blobs, planner, person_of, is_simulated, ask, lifetimes or known_lifetimes(), own_keys
    )


def removing_of(
    blobs: Blobs,
    signer: Signer,
    plugins: Callable[[], Plugins],
    plugin_of: PluginOf = comes_along,
    *,
    is_simulated: bool,
) -> Removing:
    """What take-downs need from outside. plugins: those used now."""
    return Removing(blobs, signer, lambda kind: plugins().target(kind), plugin_of, is_simulated)


def work_of(services: Services, holder: str) -> Work:
    """What handlers need from outside. holder: under which name this process seals facts."""
    return Work(
        database=services.database,
        blobs=services.blobs,
        open_registry=services.open_registry,
        layers=services.layers,
        snapshot=services.snapshot,
        sbom_signer=services.keys.sbom,
        evidence_signer=services.keys.evidence,
        order_signer=services.keys.orders,
        deciding=services.deciding,
        proving=Proving(
            blobs=services.blobs,
            signer=services.keys.evidence,
            root=services.trust_root,
            person_of=person_of,
            simulated=services.simulated,
        ),
        publishing=Publishing(
            services.database,
            services.blobs,
            services.attestor,
            {"evidence": services.keys.evidence.public, "sbom": services.keys.sbom.public},
        ),
        holder=holder,
        url=services.url,
        order_life=timedelta(seconds=services.limits.order_life_s),
        call_step=services.call_step,
        look_up=partial(look_up_by, services),
        kinds=services.kinds,
        registry_for=services.outside.registry,
        stopping=services.stopping,
    )


def person_of(tx: Tx, actor: str) -> Person:
    """Who an id is, as decisions and packets name people."""
    known = actors(tx, (actor,))[actor]
    return Person(known.id, known.name, tuple(role.value for role in known.roles))
