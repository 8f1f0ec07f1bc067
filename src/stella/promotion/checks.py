"""What the doctor asks of approvals: are there people who can give them?"""

from stella.environment.model import ApprovalRule
from stella.environment.oncall.model import PREFIX
from stella.environment.store import list_environments
from stella.identity import Permission, list_users, permissions_of
from stella.identity.sign_in import list_sign_ins
from stella.kernel import Outcome, Seen
from stella.record import Database, Tx


def approvals_can_be_given(database: Database) -> list[Seen]:
    """Of each rule that names people or roles there are as many as it asks for, who may approve.

    Whom an identity provider or a directory will give such a role is not known before they come.
    """
    with database.read() as tx:
        environments = list_environments(tx)
        may = {
            one.name: {role.value for role in one.roles}
            for one in list_users(tx)
            if not one.disabled and Permission.PROMOTION_APPROVE in permissions_of(one.roles)
        }
        coming = _roles_to_come(tx)
    found = []
    for environment in environments:
        for rule in environment.approvals:
            if not _is_of_people(rule) or coming & set(rule.approvers):
                continue
            able = [n for n, roles in may.items() if {n, *roles} & set(rule.approvers)]
            if len(able) < rule.count:
                named = ", ".join(rule.approvers[:5])
                detail = f"the rule {rule.rule} asks for {rule.count} of {named}; {len(able)} can"
                fix = "Give somebody that role, or ask others: stella user list"
                found.append(Seen(Outcome.BLOCKED, detail, fix, environment.name))
    return found or [Seen(Outcome.PASS, f"those of {len(environments)} environments can be given")]


def _is_of_people(rule: ApprovalRule) -> bool:
    """Whether nobody is asked for being on call: who that is changes by itself."""
    return not any(one.startswith(PREFIX) for one in rule.approvers)


def _roles_to_come(tx: Tx) -> set[str]:
    """The roles that somebody who never was here may be given at their sign-in."""
    signs = [one.sign_in for one in list_sign_ins(tx) if one.sign_in.enabled]
    given = {
        role
        for one in signs
        if one.makes_accounts
        for roles in one.groups.values()
        for role in roles
    }
    return {role.value for role in given}
