"""GitHub, GitLab, Gitea and Forgejo, Bitbucket: repositories behind a JSON API."""

from stella.sdk import Plugin
from stella_connectors.forges.actions import open_actions
from stella_connectors.forges.bitbucket import open_bitbucket
from stella_connectors.forges.gitea import open_gitea
from stella_connectors.forges.github import open_github
from stella_connectors.forges.gitlab import open_gitlab
from stella_connectors.forges.gitlab_ci import open_gitlab_ci

PLUGIN = Plugin(
    scms={
        "github": open_github,
        "gitlab": open_gitlab,
        "gitea": open_gitea,
        "bitbucket": open_bitbucket,
    },
    cis={"github-actions": open_actions, "gitlab-ci": open_gitlab_ci},
)

__all__ = [
    "PLUGIN",
    "open_actions",
    "open_bitbucket",
    "open_gitea",
    "open_github",
    "open_gitlab",
    "open_gitlab_ci",
]
