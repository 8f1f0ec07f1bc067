"""``stella replay``: decide again from a packet alone."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stella.cli.evidence import SIMULATED, Root, To, Verdict
from stella.cli.written import checked_output, write
from stella.kernel import Remedy

# Late, within the command: who asks for its help owes no time to the proof.
if TYPE_CHECKING:
    from stella.cli.scan_target import RegistryAccess
    from stella.replay import Replay
    from stella.sbom import Inventory


def replay(
    file: Annotated[Path, typer.Argument(help="An evidence packet, NAME.stella.tar.")],
    *,
    image: Annotated[
        list[str] | None,
        typer.Option(
            help="Scan again: registry reference, oci-layout:DIR, tar:FILE or docker:IMAGE. Repeatable."
        ),
    ] = None,
    trusted_root: Root = None,
    output: Verdict = "table",
    to: To = None,
    plain_http: Annotated[bool, typer.Option(help="Talk HTTP, not HTTPS.")] = False,
    ca_file: Annotated[str | None, typer.Option(help="PEM of the registry's authority.")] = None,
    username: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_USERNAME")] = None,
    password: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_PASSWORD")] = None,
) -> None:
    """Repeat match, gate and plan from the packet, and compare byte for byte; exit code 1 if unlike.

    The scan is repeated for each image that is given, and reads "not replayed" for the others.
    """
    from stella.app.policy_process import PolicyProcess
    from stella.cli.scan_target import RegistryAccess
    from stella.cli.trusted import read_root
    from stella.evidence import packet_bytes, read_packet, verify_packet
    from stella.replay import UnverifiedPacket, replay_packet
    from stella.replay import Verdict as ReplayVerdict

    is_json = checked_output(output, ("table", "json")) == "json"
    content = packet_bytes(file)
    verified = verify_packet(content, read_root(trusted_root))
    if not verified.good:
        bad = next(check for check in verified.checks if not check.good)
        raise UnverifiedPacket(
            f"{file} does not hold: {bad.name}: {bad.detail}",
            remedy=Remedy("See every check.", command=f"stella evidence verify {file}"),
            place=bad.place,
        )
    access = RegistryAccess(plain_http, ca_file, username, password)
    policies = PolicyProcess()
    try:
        found = replay_packet(
            read_packet(content), _rescanned(image or [], access), ask=policies.ask
        )
    finally:
        policies.close()
    if is_json:
        said = {"simulated": verified.simulated, **replay_json(found)}
        write(json.dumps(said, indent=2) + "\n", to)
    else:
        *steps, verdict = replay_lines(found)
        told = [*steps, SIMULATED, verdict] if verified.simulated else [*steps, verdict]
        write("\n".join(told) + "\n", to)
    if found.verdict is not ReplayVerdict.IDENTICAL:
        raise typer.Exit(1)


def _rescanned(images: list[str], access: "RegistryAccess") -> dict[str, "Inventory"]:
    """Platform digest -> inventory, read afresh: no remembered layer stands in for the image's."""
    from stella.cli.scan_target import ImageTarget, open_target
    from stella.sbom import MemoryCache, UnknownScanOption, scan_image

    found = {}
    for text in images:
        target = open_target(text, access)
        if not isinstance(target, ImageTarget):
            raise UnknownScanOption(
                f"{text} is no image", remedy=Remedy("Give an image, a layout or a tar file.")
            )
        for one in scan_image(target.source, target.reference, MemoryCache()):
            found[one.platform.digest.text] = one.inventory
    return found


def replay_json(found: "Replay") -> dict[str, object]:
    """The whole answer."""
    steps = [
        {"name": step.name, "verdict": step.verdict.value, "detail": step.detail}
        for step in found.steps
    ]
    return {"verdict": found.verdict.value, "steps": steps}


def replay_lines(found: "Replay") -> list[str]:
    """One line a step, the verdict last."""
    width = max(len(step.name) for step in found.steps)
    lines = [f"{step.verdict:<12}  {step.name:<{width}}  {step.detail}" for step in found.steps]
    return [*lines, found.verdict.value]
