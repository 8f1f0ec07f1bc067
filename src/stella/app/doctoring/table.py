"""The table of everything that the doctor looks at: what each room brings, in the server's words."""

from stella.api.services import Services
from stella.app.doctoring import inside, outside, releases
from stella.app.doctoring.ground import Ground
from stella.app.settings import Settings
from stella.doctor import Check

_PARTS = (
    inside.of_the_server,
    inside.of_the_records,
    inside.of_the_keys,
    inside.of_the_disk,
    outside.of_the_hub,
    outside.of_the_doors,
    inside.of_the_way,
    releases.of_the_releases,
    releases.of_what_runs,
    outside.of_the_plugins,
)


def checks_of(settings: Settings, services: Services) -> tuple[Check, ...]:
    """Of a server that runs in this process."""
    return checks_on(Ground(settings, lambda: services.database, lambda: services, True))


def checks_on(ground: Ground) -> tuple[Check, ...]:
    """The whole table."""
    return tuple(check for part in _PARTS for check in part(ground))
