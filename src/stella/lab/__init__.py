"""Real infrastructure for the demo and the tests: a registry and two Docker hosts."""

from stella.lab.base_image import debian_base
from stella.lab.build import ShopVersion, build_components, build_shop, compose_file
from stella.lab.cleanup import cleanup
from stella.lab.engine import Host
from stella.lab.errors import (
    BlobNotStored,
    CommandFailed,
    LabRootInUse,
    LabUnavailable,
    LeftBehind,
    NoFreeSubnet,
    PackagesNotFetched,
    PartDidNotStart,
)
from stella.lab.lab import Lab
from stella.lab.probe import Missing, probe
from stella.lab.registry import Notification, Registry, registry_program
from stella.lab.unpacked_base import unpacked_base
from stella.lab.users_engine import UsersEngine

__all__ = [
    "BlobNotStored",
    "CommandFailed",
    "Host",
    "Lab",
    "LabRootInUse",
    "LabUnavailable",
    "LeftBehind",
    "Missing",
    "NoFreeSubnet",
    "Notification",
    "PackagesNotFetched",
    "PartDidNotStart",
    "Registry",
    "ShopVersion",
    "UsersEngine",
    "build_components",
    "build_shop",
    "cleanup",
    "compose_file",
    "debian_base",
    "probe",
    "registry_program",
    "unpacked_base",
]
