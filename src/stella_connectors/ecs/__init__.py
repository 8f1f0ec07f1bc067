"""Services of Amazon ECS."""

from stella.sdk import Plugin
from stella_connectors.ecs.connector import EcsTarget

PLUGIN = Plugin(targets={"ecs": EcsTarget})

__all__ = ["PLUGIN", "EcsTarget"]
