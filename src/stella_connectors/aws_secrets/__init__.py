"""AWS Secrets Manager, without the SDK of AWS: two calls and a signature."""

from stella.sdk import Plugin
from stella_connectors.aws_secrets.connector import AwsSecretStore, open_aws

PLUGIN = Plugin(secret_stores={"aws-sm": open_aws})

__all__ = ["PLUGIN", "AwsSecretStore", "open_aws"]
