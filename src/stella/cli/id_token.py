"""A job's ID token, as its CI leaves it, and what the server gives for it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from stella.cli.errors import NoIdToken
from stella.cli.written import read
from stella.kernel import Remedy

if TYPE_CHECKING:
    from stella.client import Client

_BYTES_MAX = 64 * 1024

TokenVariable: TypeAlias = Annotated[
    str | None,
    typer.Option("--oidc-token-env", help="The variable with the ID token of a CI's job."),
]
TokenFile: TypeAlias = Annotated[
    Path | None,
    typer.Option("--oidc-token-file", help="The file with it."),
]
MachineLogin: TypeAlias = Annotated[
    str | None,
    typer.Option("--machine", help="Which MachineLogin is meant, where several take the token."),
]


def id_token(variable: str | None, file: Path | None) -> str | None:
    """The token; None where none is named. Raises NoIdToken, UnreadableFile.

    It is never an argument: a process list shows those.
    """
    if variable is None and file is None:
        return None
    if variable is not None and file is not None:
        raise no_id_token("a variable and a file are named; give one of them")
    if file is not None:
        content = read(file)
        if len(content) > _BYTES_MAX:
            raise no_id_token(f"{file} is far larger than a token")
        text = content.decode(errors="replace").strip()
    else:
        text = os.environ.get(variable or "", "").strip()
    if not text:
        raise no_id_token(f"{'the file' if file else 'the variable'} {file or variable} is empty")
    return text


def exchanged(client: "Client", token: str, machine: str | None) -> Any:
    """What the server gives for it. A token is taken once, so that this is sent once."""
    body = {"subjectToken": token, "login": machine}
    return client.post("/token-exchange", body)


def no_id_token(why: str) -> NoIdToken:
    """The refusal of a login without one."""
    return NoIdToken(
        f"there is no ID token: {why}",
        remedy=Remedy(
            "Let the CI put one there, with the audience of this server.",
            command="stella login --oidc-token-env STELLA_ID_TOKEN",
        ),
    )
