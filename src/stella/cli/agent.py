"""``stella agent``: the program on a host that carries out signed orders."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stella.cli import agent_server

if TYPE_CHECKING:
    from stella.agent.run import OpenHost, OpenReached
    from stella.agent.secrets import OwnSecrets
    from stella.agent.state import StateDirectory

app = typer.Typer(no_args_is_help=True, help="Run on a host and carry out signed orders there.")
agent_server.attach(app)

StateOption = Annotated[
    Path | None, typer.Option("--state", help="The agent's own directory, closed to others.")
]


@app.callback()
def agent() -> None:
    """Run on a host and carry out signed orders there."""


@app.command()
def enroll(
    *,
    url: Annotated[str, typer.Option(help="Where agents reach the control plane, https://...")],
    token: Annotated[
        str, typer.Option(envvar="STELLA_ENROLMENT_TOKEN", help="The token; it works once.")
    ],
    ca_fingerprint: Annotated[
        str | None,
        typer.Option(
            help="SHA-256 of the control plane's authority. Without it the machine's own list of"
            " authorities decides."
        ),
    ] = None,
    state: StateOption = None,
) -> None:
    """Enrol this host: show the token, get a certificate for a key that never leaves it."""
    from stella.agent.enroll import enroll_here
    from stella.agent.state import StateDirectory

    identity = enroll_here(
        StateDirectory(state or default_state()),
        url=url,
        token=token,
        fingerprint=ca_fingerprint,
        name=socket.gethostname()[:64] or "agent",
        now=_now,
    )
    typer.echo(f"enrolled as {identity.agent}", err=True)
    typer.echo("start it with: stella agent run" + (f" --state {state}" if state else ""), err=True)


@app.command()
def run(
    *,
    state: StateOption = None,
    simulated: Annotated[
        Path | None,
        typer.Option(
            envvar="STELLA_SIMULATED",
            help="No engine: pretend one in this directory. Everything is marked as simulated.",
        ),
    ] = None,
    secrets: Annotated[
        Path | None,
        typer.Option(
            envvar="STELLA_AGENT_SECRETS",
            help="Below which file:// references lie for hosts that are reached from here;"
            " /etc/stella/secrets where it is left out.",
        ),
    ] = None,
    plugins_unconfined: Annotated[
        bool,
        typer.Option(
            envvar="STELLA_PLUGINS_UNCONFINED",
            help="Run strangers' plugins also where the kernel cannot confine them.",
        ),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more.")] = False,
) -> None:
    """Take orders and carry them out, until ended by a signal.

    The engine is the one that DOCKER_HOST and DOCKER_CONFIG name.
    """
    import logging
    import signal
    import threading

    from stella.agent.run import Settings, run_agent
    from stella.agent.secrets import SECRETS_DIRECTORY, OwnSecrets
    from stella.agent.state import StateDirectory
    from stella.sdk.apart.process import CONFINEMENT
    from stella.sdk.protocol import load_plugins

    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("stella").setLevel(logging.DEBUG if verbose else logging.INFO)
    stop = threading.Event()
    for what in (signal.SIGTERM, signal.SIGINT):
        signal.signal(what, lambda *_: stop.set())
    directory = StateDirectory(state or default_state())
    own = OwnSecrets(directory.root, secrets or SECRETS_DIRECTORY)
    logging.getLogger("stella.agent").info("running in %s", directory.root)
    run_agent(
        Settings(
            state=directory,
            plugins=load_plugins(),
            open_host=_opener(directory, simulated, own),
            open_reached=_reacher(directory, simulated, own),
            now=_now,
            stop=stop,
            confined_by=() if plugins_unconfined else CONFINEMENT,
        )
    )


def default_state() -> Path:
    """``/var/lib/stella/agent`` for root, else ``$XDG_STATE_HOME/stella/agent``."""
    if os.geteuid() == 0:
        return Path("/var/lib/stella/agent")
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "stella" / "agent"


def _opener(state: "StateDirectory", simulated: Path | None, own: "OwnSecrets") -> "OpenHost":
    projects = state.projects
    if simulated is not None:
        from stella.sdk.testing import SimulatedHost, open_simulated

        engine = open_simulated(simulated, state.identity().agent)
        return lambda project, log, stop: SimulatedHost(
            engine, projects, project, log=log, stop=stop
        )
    from stella.agent.host import RealHost

    return lambda project, log, stop: RealHost(projects, project, log=log, stop=stop, own=own)


def _reacher(state: "StateDirectory", simulated: Path | None, own: "OwnSecrets") -> "OpenReached":
    if simulated is not None:
        pretended = _opener(state, simulated, own)
        return lambda _, project, log, stop: pretended(project, log, stop)
    from stella.agent.host import RealHost

    return lambda reach, project, log, stop: RealHost(
        state.projects, project, log=log, stop=stop, reach=reach, own=own
    )


def _now() -> datetime:
    return datetime.now(UTC)
