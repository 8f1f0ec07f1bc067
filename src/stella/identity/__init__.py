"""Who asks, and what may they do? Users, roles, tokens."""

from stella.identity.access import record_refusal
from stella.identity.authenticate import authenticate, still_holds
from stella.identity.bootstrap import bootstrap, has_users
from stella.identity.errors import (
    LastAdmin,
    LoginDenied,
    MalformedUser,
    NoSuchToken,
    NoSuchUser,
    PermissionDenied,
    RolesBeyondOwn,
    TokenRefused,
    TooManyAttempts,
    UserChangedMeanwhile,
    UserExists,
)
from stella.identity.login import Login, log_in
from stella.identity.model import (
    PERMISSIONS,
    Permission,
    Person,
    Principal,
    Role,
    User,
    permissions_of,
)
from stella.identity.passwords import hash_password
from stella.identity.people import may, people, person, present
from stella.identity.tokens import (
    MadeToken,
    TokenRow,
    list_tokens,
    make_token,
    revoke_token,
    token_text,
)
from stella.identity.users import change_user, create_user, list_users, user_by_name, user_of

__all__ = [
    "PERMISSIONS",
    "LastAdmin",
    "Login",
    "LoginDenied",
    "MadeToken",
    "MalformedUser",
    "NoSuchToken",
    "NoSuchUser",
    "Permission",
    "PermissionDenied",
    "Person",
    "Principal",
    "Role",
    "RolesBeyondOwn",
    "TokenRefused",
    "TokenRow",
    "TooManyAttempts",
    "User",
    "UserChangedMeanwhile",
    "UserExists",
    "authenticate",
    "bootstrap",
    "change_user",
    "create_user",
    "has_users",
    "hash_password",
    "list_tokens",
    "list_users",
    "log_in",
    "make_token",
    "may",
    "people",
    "permissions_of",
    "person",
    "present",
    "record_refusal",
    "revoke_token",
    "still_holds",
    "token_text",
    "user_by_name",
    "user_of",
]
