"""How does it go on? Durable runs of the handlers of facts."""

from stella.workflow.dispatch import dispatch
from stella.workflow.durable import DurableRuns, Runs, Step

__all__ = ["DurableRuns", "Runs", "Step", "dispatch"]
