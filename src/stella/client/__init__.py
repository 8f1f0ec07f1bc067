"""How does a program talk to the server? A typed HTTP client, used by the command line."""

from typing import TYPE_CHECKING

from stella.kernel.door import late

if TYPE_CHECKING:
    from stella.client.client import Client
    from stella.client.errors import NoServer, Refused, ServerUnreachable, StrangeAnswer
    from stella.client.login import Login, forget_login, load_login, open_client, save_login
    from stella.client.operations import Operations

__all__ = [
    "Client",
    "Login",
    "NoServer",
    "Operations",
    "Refused",
    "ServerUnreachable",
    "StrangeAnswer",
    "forget_login",
    "load_login",
    "open_client",
    "save_login",
]

__getattr__ = late(
    __name__,
    {
        "client": "Client",
        "errors": "NoServer Refused ServerUnreachable StrangeAnswer",
        "login": "Login forget_login load_login open_client save_login",
        "operations": "Operations",
    },
)
