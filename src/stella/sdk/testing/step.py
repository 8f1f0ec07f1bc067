"""A step that is played: what it did is kept by key, and its next answers are chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stella.kernel import Json
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.step import StepCall, StepResult


@dataclass
class SimulatedStep:
    """``stella.sdk.Step``. done: key -> the inputs with which it was done. calls: all, in order.

    outputs: what it leaves. troubles: what the next calls of ``run`` raise instead, one each; with
    ``is_done_before`` they have done their work by then. undo_troubles: the same of ``undo``.
    """

    outputs: Mapping[str, Json] = field(default_factory=dict)
    troubles: list[BaseException] = field(default_factory=list)
    is_done_before: bool = False
    undo_troubles: list[BaseException] = field(default_factory=list)
    done: dict[str, Mapping[str, Json]] = field(default_factory=dict)
    calls: list[StepCall] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)

    def run(self, call: StepCall) -> StepResult:
        """Do it, by its key once; or raise the next of the troubles."""
        self.calls.append(call)
        if self.troubles:
            trouble = self.troubles.pop(0)
            if self.is_done_before:
                self.done.setdefault(call.key, call.inputs)
            raise trouble
        self.done.setdefault(call.key, call.inputs)
        return StepResult(f"{call.node} is done", dict(self.outputs))

    def undo(self, call: StepCall) -> None:
        """Take it back, where it was done."""
        if self.undo_troubles:
            raise self.undo_troubles.pop(0)
        if self.done.pop(call.key, None) is not None:
            self.undone.append(call.key)

    def opened(self, connection: Connection) -> "SimulatedStep":
        """As a factory of a plugin."""
        del connection
        return self
