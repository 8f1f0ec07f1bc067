"""A step of deployments: a change is opened in a service, and has to be approved there.

It works as it stands. Replace the service (``_SERVICE``, the paths) and what is judged by what you want
done; keep the key, and how it fails.
"""

from dataclasses import replace

from stella.sdk import (
    Connection,
    Json,
    NotThere,
    Remedy,
    StepCall,
    StepFailed,
    StepResult,
)
from stella.sdk.service_client import ServiceClient

# Its host stands in the manifest under needs.hosts: the host of the plugin opens no other.
_SERVICE = "https://changes.example.com"


class OpenedChange:
    """``stella.sdk.Step``.

    A connection of a step has no endpoint, configuration or credentials: only ``connect``.
    """

    def __init__(self, connection: Connection, service: str = _SERVICE) -> None:
        self._client = ServiceClient(replace(connection, endpoint=service), "Your title")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def run(self, call: StepCall) -> StepResult:
        """Open the change, or find it open: its key is its name there, so that twice is once."""
        body: Json = {
            "title": call.inputs["title"],
            "release": f"{call.subject.get('release')} {call.subject.get('version')}",
        }
        change = self._client.json("PUT", _path(call), {}, body, what="the change")
        state = change.get("state") if isinstance(change, dict) else None
        if state == "refused":
            raise StepFailed(
                f"the change {call.key} was refused", remedy=Remedy("Ask who refused it.")
            )
        if state != "approved":
            # No verdict yet: it is asked again, as often as attemptsMax in the manifest says.
            raise self._client.unreachable(
                "the change is not decided", "Let it be decided, then deploy again."
            )
        return StepResult(f"the change {call.key} is approved", {"change": call.key})

    def undo(self, call: StepCall) -> None:
        """Withdraw the change; one that was never opened is no refusal."""
        try:
            self._client.json("DELETE", _path(call), {}, what="the change")
        except NotThere:
            return


def _path(call: StepCall) -> str:
    # A key holds letters, digits and _ - : alone.
    return f"changes/{call.key}"
