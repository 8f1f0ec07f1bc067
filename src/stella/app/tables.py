"""Every table of every room: importing this makes ``metadata`` whole."""

import stella.api.idempotency
import stella.deployment.standing
import stella.deployment.step_store
import stella.deployment.store
import stella.deployment.take_down.store
import stella.environment.emptied
import stella.environment.followed.store
import stella.environment.freeze_rules
import stella.environment.hold
import stella.environment.lifecycles.store
import stella.environment.oncall.store
import stella.environment.store
import stella.evidence.store
import stella.finding.chain
import stella.finding.fixes
import stella.finding.index
import stella.finding.listing
import stella.finding.store
import stella.fleet.store
import stella.hub.deliveries
import stella.hub.leases
import stella.hub.store
import stella.identity.store
import stella.ledger.store
import stella.notify.store
import stella.plugin.store
import stella.policy.store
import stella.promotion.approval.absence
import stella.promotion.exceptions.break_glass_store
import stella.promotion.exceptions.override
import stella.promotion.exceptions.waiver_store
import stella.promotion.known.tickets
import stella.promotion.store
import stella.record.owners
import stella.release.components.store
import stella.release.store
import stella.release.variables.sets
import stella.tested.store
import stella.vex.feed_store
import stella.vex.store
import stella.workflow.run.store
import stella.workflow.trigger.store
from stella.record import metadata

STORES = (
    stella.record.owners,
    stella.ledger.store,
    stella.identity.store,
    stella.hub.leases,
    stella.hub.store,
    stella.hub.deliveries,
    stella.plugin.store,
    stella.vex.feed_store,
    stella.vex.store,
    stella.tested.store,
    stella.finding.store,
    stella.finding.chain,
    stella.finding.fixes,
    stella.finding.index,
    stella.finding.listing,
    stella.release.store,
    stella.release.components.store,
    stella.release.variables.sets,
    stella.environment.store,
    stella.environment.freeze_rules,
    stella.environment.hold,
    stella.environment.emptied,
    stella.environment.lifecycles.store,
    stella.environment.oncall.store,
    stella.environment.followed.store,
    stella.policy.store,
    stella.workflow.run.store,
    stella.workflow.trigger.store,
    stella.promotion.store,
    stella.promotion.known.tickets,
    stella.deployment.standing,
    stella.promotion.exceptions.waiver_store,
    stella.promotion.approval.absence,
    stella.promotion.exceptions.break_glass_store,
    stella.promotion.exceptions.override,
    stella.deployment.store,
    stella.deployment.step_store,
    stella.deployment.take_down.store,
    stella.evidence.store,
    stella.fleet.store,
    stella.notify.store,
    stella.api.idempotency,
)

__all__ = ["STORES", "metadata"]
