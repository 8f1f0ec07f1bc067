"""``stella ci``: ready pipelines for build servers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.output import To
from stella.cli.written import write

app = typer.Typer(no_args_is_help=True, help="Ready pipelines for build servers.")

_PLACE = Path(__file__).parent / "pipelines"


class Server(StrEnum):
    """Whose pipeline it is."""

    GITHUB = "github"
    GITLAB = "gitlab"
    JENKINS = "jenkins"
    BUILDBOT = "buildbot"


_FILES = {
    Server.GITHUB: "github.yml",
    Server.GITLAB: "gitlab.yml",
    Server.JENKINS: "Jenkinsfile",
    Server.BUILDBOT: "master.cfg",
}


@app.callback()
def _about() -> None:
    """Ready pipelines for build servers."""


@app.command()
def template(
    server: Annotated[Server, typer.Argument(help="github, gitlab, jenkins or buildbot.")],
    *,
    to: To = None,
) -> None:
    """Print a pipeline: build, push, scan, seal a release, promote it."""
    write(pipeline(server), to)


def pipeline(server: Server) -> str:
    """The text of the pipeline."""
    return (_PLACE / _FILES[server]).read_text()
