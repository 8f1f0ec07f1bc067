"""Logins to Amazon ECR, as secrets that end by themselves: any registry connector uses them."""

from stella.sdk import Plugin
from stella_connectors.aws_ecr.connector import EcrLogins, open_ecr

PLUGIN = Plugin(secret_stores={"aws-ecr": open_ecr})

__all__ = ["PLUGIN", "EcrLogins", "open_ecr"]
