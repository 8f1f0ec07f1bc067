"""``stella target``: the places in environments that agents serve."""

from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.output import Column, Output, To, show_list
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="The places in environments that agents serve.")

_PORT_MAX = 65535
_COLUMNS: dict[str, Column] = {
    "name": "name",
    "environment": "environment",
    "connector": "connector",
    "agent": "agent",
    "agent is": "agentState",
    "reached by": lambda row: _way(row.get("reach")),
    "project": "project",
    "components": lambda row: row["components"] or "all",
    "labels": lambda row: [f"{key}={value}" for key, value in row["labels"].items()],
}


def _way(reach: dict[str, Any] | None) -> str:
    """In a word or two: ``ssh deploy@10.0.0.7``."""
    return ", ".join(f"{way} {to['user']}@{to['host']}" for way, to in (reach or {}).items())


@app.callback()
def target() -> None:
    """The places in environments that agents serve."""


@app.command("host-key")
def host_key(
    place: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="Where its sshd listens.")],
    *,
    winrm: Annotated[
        bool, typer.Option("--winrm", help="The certificate of WinRM over HTTPS there instead.")
    ] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show the keys of a host, to be compared with those on the host itself, then pinned as hostKey.

    Needs no server, and logs in nowhere. On the host: ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub
    """
    from stella.agent.over_ssh import keys_of
    from stella.sdk.protocol import fingerprint, pinned_key

    host, port = _host_and_port(place, "5986" if winrm else "22")
    if winrm:
        from stella.agent.winrm_machine import certificate_of

        pem, shown = certificate_of(host, port)
        _show_certificate(pem, shown, output=output, to=to)
        return
    found = [
        {"kind": kind, "fingerprint": fingerprint(blob), "hostKey": line}
        for line in keys_of(host, port)
        for kind, blob in [pinned_key(line)]
    ]
    columns: dict[str, Column] = {one: one for one in ("kind", "fingerprint", "hostKey")}
    show_list(found, columns, output=output, to=to, name="hostKey")


def _show_certificate(pem: str, shown: str, *, output: str, to: Path | None) -> None:
    columns: dict[str, Column] = {one: one for one in ("kind", "fingerprint", "certificate")}
    row = {"kind": "x509", "fingerprint": shown, "certificate": pem}
    show_list([row], columns, output=output, to=to, name="certificate")


def _host_and_port(place: str, plain: str) -> tuple[str, int]:
    """``HOST``, ``HOST:PORT``, ``[ADDRESS]:PORT``, or an address with colons in it alone."""
    host, colon, port = place.rpartition(":")
    if not colon or (":" in host and not place.startswith("[")):
        host, port = place, plain
    if not port.isdecimal() or not 0 < int(port) <= _PORT_MAX:
        raise typer.BadParameter(f"{port[:20]!r} is no port", param_hint="HOST[:PORT]")
    return host.strip("[]"), int(port)


@app.command("list")
def list_(
    *,
    env: Annotated[str | None, typer.Option("--env", "-e", help="Of this one only.")] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List targets by name."""
    with open_client() as client:
        found = list(client.items("/targets", environment=env))
    show_list(found, _COLUMNS, output=output, to=to, name="name")
