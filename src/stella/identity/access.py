"""A refusal of permission is kept: who tried what."""

from stella.identity.errors import PermissionDenied
from stella.identity.facts import AccessRefused
from stella.identity.model import PERMISSIONS, Permission, Principal
from stella.kernel import Remedy
from stella.record import Tx


def record_refusal(
    tx: Tx, principal: Principal, permission: Permission, place: str
) -> PermissionDenied:
    """Store that ``principal`` lacked ``permission`` at ``place``; the refusal to raise afterwards.

    It is returned, not raised: raised in here, it would take its own record with it.
    """
    tx.add(AccessRefused(principal.id, permission.value, place[:200], principal.token))
    able = [role.value for role, allowed in PERMISSIONS.items() if permission in allowed]
    return PermissionDenied(
        f"{principal.name} lacks the permission {permission}",
        remedy=Remedy(
            f"Ask somebody with one of these roles: {', '.join(able)}; or use a token that has it."
        ),
        permission=permission,
        roles=principal.roles,
    )
