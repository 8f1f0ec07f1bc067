"""Machines that are reached from this agent: by which ways it can, and the one that a target names."""

import threading
from importlib.util import find_spec

from stella.agent.errors import NotReachedFromHere
from stella.agent.machine import Machine
from stella.agent.over_ssh import Credential, SshLink
from stella.agent.ssh_machine import SshMachine
from stella.agent.ssh_script import shell_line
from stella.agent.winrm_machine import WinrmMachine
from stella.kernel import Remedy
from stella.sdk.protocol import Reach

_LIBRARIES = {"ssh": "paramiko", "winrm": "pypsrp"}


def ways() -> tuple[str, ...]:
    """What this agent can reach hosts by."""
    return tuple(way for way, library in sorted(_LIBRARIES.items()) if find_spec(library))


def reached(reach: Reach, project: str, credential: Credential, stop: threading.Event) -> Machine:
    """A project's place on that machine; the way there is opened with the first command.

    stop: set when nothing more may be done there. Raises NotReachedFromHere.
    """
    if reach.winrm is not None:
        return WinrmMachine(reach.winrm, project, credential, stop)
    if reach.ssh is None:
        raise NotReachedFromHere(
            "this agent knows no way to that host",
            remedy=Remedy("Use an agent of the server's version."),
        )
    line = shell_line(sudo=reach.ssh.sudo)
    return SshMachine(reach.ssh, project, SshLink(reach.ssh, credential, line), stop)
