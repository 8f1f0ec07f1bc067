"""Which server, and with which token: STELLA_URL and STELLA_TOKEN, else the last ``stella login``."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stella.client.errors import NoServer
from stella.kernel import Remedy

if TYPE_CHECKING:
    from stella.client.client import Client

DEFAULT_URL = "http://127.0.0.1:8474"


@dataclass(frozen=True, slots=True)
class Login:
    """What ``stella login`` leaves. expires_at: RFC 3339."""

    url: str
    token: str
    user: str
    expires_at: str


def login_file(environment: Mapping[str, str] | None = None) -> Path:
    """Where the login is kept."""
    variables = os.environ if environment is None else environment
    base = variables.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "stella" / "login.json"


def load_login(environment: Mapping[str, str] | None = None) -> Login | None:
    """The kept login; None where there is none or it cannot be read."""
    try:
        return Login(**json.loads(login_file(environment).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def save_login(login: Login, environment: Mapping[str, str] | None = None) -> None:
    """Keep ``login``, for this user alone."""
    path = login_file(environment)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_suffix(f".{os.getpid()}")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(login), file)
    unfinished.replace(path)


def forget_login(environment: Mapping[str, str] | None = None) -> None:
    """Forget the kept login."""
    login_file(environment).unlink(missing_ok=True)


def open_client(environment: Mapping[str, str] | None = None) -> "Client":
    """A client for the server that is meant. Raises NoServer where none is.

    A kept token goes to no other server than the one it is from.
    """
    # Late: who asks for a command's help, or calls it wrongly, owes no time to HTTP.
    from stella.client.client import Client

    variables = os.environ if environment is None else environment
    login = load_login(variables)
    url = server_url(variables)
    kept = login.token if login is not None and login.url == url else ""
    token = variables.get("STELLA_TOKEN") or kept
    return Client(url, token, ca_file=ca_file(variables))


def server_url(environment: Mapping[str, str] | None = None) -> str:
    """The server that is meant: as set, else that of the last login. Raises NoServer for none."""
    variables = os.environ if environment is None else environment
    login = load_login(variables)
    url = variables.get("STELLA_URL") or (login.url if login else "")
    if not url:
        raise NoServer(
            "no server is known here",
            remedy=Remedy("Log in, or set STELLA_URL and STELLA_TOKEN.", command="stella login"),
        )
    return url.rstrip("/")


def ca_file(environment: Mapping[str, str] | None = None) -> Path | None:
    """STELLA_CA_FILE: the authority that the server's certificate is from."""
    variables = os.environ if environment is None else environment
    text = variables.get("STELLA_CA_FILE")
    return Path(text) if text else None
