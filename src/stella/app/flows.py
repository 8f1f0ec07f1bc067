"""What follows from what: fact -> the use cases that answer it. The release flow is this table.

A handler takes the services and the fact's id, does one use case in one transaction whose cause is
that fact, and bears repetition.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from stella.api.services import Services

Handler: TypeAlias = Callable[[Services, str], None]

HANDLERS: Mapping[str, Sequence[Handler]] = {}
