"""What the checks stand on."""

from collections.abc import Callable
from dataclasses import dataclass

from stella.api.services import Services
from stella.app.settings import Settings
from stella.record import Database


@dataclass(frozen=True, slots=True)
class Ground:
    """What the checks stand on. database, services: opened when a check first wants them."""

    settings: Settings
    database: Callable[[], Database]
    services: Callable[[], Services]
    is_running: bool
