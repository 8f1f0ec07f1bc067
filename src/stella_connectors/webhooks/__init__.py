"""What forges, registries, chats and programs send by themselves: verified, then read."""

from stella.sdk import Plugin
from stella_connectors.webhooks.forges import open_bitbucket, open_gitea, open_github, open_gitlab
from stella_connectors.webhooks.registries import open_distribution, open_harbor
from stella_connectors.webhooks.signed import open_signed
from stella_connectors.webhooks.slack import open_slack

PLUGIN = Plugin(
    webhooks={
        "github": open_github,
        "gitlab": open_gitlab,
        "gitea": open_gitea,
        "bitbucket": open_bitbucket,
        "distribution": open_distribution,
        "harbor": open_harbor,
        "slack": open_slack,
        "signed": open_signed,
    }
)

__all__ = ["PLUGIN"]
