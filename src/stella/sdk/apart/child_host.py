"""What the host has, in the plugin's process: a target's host, and integrations that a step uses."""

from collections.abc import Callable
from functools import partial
from typing import Any

from stella.plugin.calls import Method, host_methods, methods_of
from stella.plugin.contract.core import Kind
from stella.plugin.wire import from_wire
from stella.sdk.apart.child_line import Line


class RemoteHost:
    """As ``stella.sdk.Host``: run, write, read and log where the agent is."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = host_methods().get(name)
        if method is None:
            raise AttributeError(f"a host has no {name}")
        return partial(self._ask, method)

    def wait(self, seconds: float) -> None:
        """Let time pass on the host."""
        self._line.host("wait", {}, timeout_ms=max(0, int(seconds * 1000)))

    def _ask(self, method: Method, *args: Any, **named: Any) -> Any:
        result = self._line.host(method.name, method.flat(args, named))
        return from_wire(method.returns, result.get("value"))


class RemoteUsed:
    """The connector of an integration, as its kind's contract says; streams of bytes aside."""

    def __init__(self, line: Line, name: str, kind: Kind) -> None:
        self._line = line
        self._name = name
        self._kind = kind

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = methods_of(self._kind).get(name)
        if method is None or method.is_stream:
            raise AttributeError(f"a {self._kind.value} has no {name} for a step out of process")
        return partial(self._ask, method)

    def _ask(self, method: Method, *args: Any, **named: Any) -> Any:
        result = self._line.used(self._name, method.name, method.flat(args, named))
        return from_wire(method.returns, result.get("value"))
