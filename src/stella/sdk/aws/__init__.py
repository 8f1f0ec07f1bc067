"""What every connector of AWS needs: signed requests, and keys that are given or taken on."""

from stella.sdk.aws.login import Login, Sts, caller_arn, role_parameters, sts_endpoint
from stella.sdk.aws.sign import Keys, Scope, signed_headers

__all__ = [
    "Keys",
    "Login",
    "Scope",
    "Sts",
    "caller_arn",
    "role_parameters",
    "signed_headers",
    "sts_endpoint",
]
