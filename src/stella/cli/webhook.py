"""``stella webhook``: what services sent and what came of it; and a job's own word, signed."""

import json
import os
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote

import typer

from stella.cli.errors import UnreadableFile
from stella.cli.output import Column, Output, To, say, show_list, show_one
from stella.client import Client, open_client
from stella.kernel import Remedy, StellaError
from stella.sdk.webhooks import standard_headers

app = typer.Typer(no_args_is_help=True, help="What services sent, and what came of it.")

Delivery = Annotated[str, typer.Argument(help="The delivery's id.")]
_ENDED = ("succeeded", "failed", "errored", "cancelled")
_WAITS_S = (1, 3, 9)
_VARIABLE = "STELLA_WEBHOOK_SECRET"
_COLUMNS: dict[str, Column] = {
    "received": "receivedAt",
    "integration": "integration",
    "event": "event",
    "state": "state",
    "outcome": "outcome",
    "id": "id",
}


@app.command("list")
def list_(
    *,
    integration: Annotated[str | None, typer.Option(help="Of this integration.")] = None,
    state: Annotated[
        str | None, typer.Option(help="queued, handled, ignored, failed; comma between several.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many, the newest.")] = 50,
    output: Output = "table",
    to: To = None,
) -> None:
    """List deliveries, the newest first."""
    with open_client() as client:
        page = client.get("/webhook-deliveries", integration=integration, state=state, limit=limit)
    show_list(page["items"], _COLUMNS, output=output, to=to, name="id")


@app.command()
def show(delivery: Delivery, *, output: Output = "table", to: To = None) -> None:
    """Show one delivery: what was read of it, and what came of it."""
    with open_client() as client:
        found = client.get(_path(delivery))
    columns: dict[str, Column] = {
        **_COLUMNS,
        "service's id": "delivery",
        "attempts": "attempts",
        "came again": "replays",
        "tried at": lambda row: row["nextAt"] or "not any more",
        "ended": "endedAt",
        "said": lambda row: [
            f"{what}: {json.dumps(one, ensure_ascii=False)}"
            for what, found in row["content"].items()
            for one in found
        ],
    }
    show_one(found, columns, output=output, to=to, name="id")


@app.command()
def address(
    integration: Annotated[str, typer.Argument(help="Its name.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show where a service sends to, how many deliveries are kept, and what was refused."""
    with open_client() as client:
        found = client.get(f"/webhooks/{quote(integration, safe='')}")
    columns: dict[str, Column] = {
        "address": "address",
        "deliveries": lambda row: [f"{state}: {n}" for state, n in row["deliveries"].items()],
        "refused": lambda row: [
            f"{one['code']}: {one['count']}, last {one['lastAt']}" for one in row["refusals"]
        ],
    }
    show_one(found, columns, output=output, to=to, name="address")


@app.command()
def retry(delivery: Delivery) -> None:
    """Handle a delivery anew that has failed."""
    with open_client() as client:
        client.post(f"{_path(delivery)}/retry")
    say(f"{delivery} is queued: stella webhook show {delivery}")


@app.command()
def send(
    webhook: Annotated[str, typer.Argument(metavar="ADDRESS", help="The webhook's address.")],
    *,
    image: Annotated[
        list[str] | None, typer.Option(help="HOST/REPOSITORY:TAG@sha256:...; repeat.")
    ] = None,
    build: Annotated[str, typer.Option(help="Number or id of the build that has ended.")] = "",
    pipeline: Annotated[str, typer.Option(help="Of which pipeline.")] = "",
    state: Annotated[str, typer.Option(help=", ".join(_ENDED))] = "succeeded",
    repository: Annotated[str, typer.Option(help="Of which repository.")] = "",
    commit: Annotated[str, typer.Option(help="Of which commit.")] = "",
    url: Annotated[str, typer.Option(help="Where the build is shown.")] = "",
    file: Annotated[Path | None, typer.Option(help="A body of your own, as JSON.")] = None,
    secret_env: Annotated[
        str, typer.Option(help="The variable that holds the signing secret.")
    ] = _VARIABLE,
    secret_file: Annotated[Path | None, typer.Option(help="Or the file that does.")] = None,
    delivery: Annotated[
        str, typer.Option("--id", help="The same id again is taken once; random by default.")
    ] = "",
    ca_file: Annotated[Path | None, typer.Option(help="Authority of the server, PEM.")] = None,
) -> None:
    """Say from any job that a build has ended or an image was pushed, signed (Standard Webhooks)."""
    base, name = _split(webhook)
    secret = _secret(secret_env, secret_file)
    images = image or []
    if file is not None:
        bodies = [_read(file)]
    elif build:
        if state not in _ENDED:
            raise typer.BadParameter(f"one of {', '.join(_ENDED)}", param_hint="--state")
        said = {"pipeline": pipeline or repository or name, "build": build, "state": state}
        more = {"repository": repository, "commit": commit, "url": url, "images": images}
        bodies = [_said("build.ended", {**said, **more})]
    else:
        bodies = [_said("image.pushed", {"image": one}) for one in images]
    if not bodies:
        raise typer.BadParameter("what is to be said? Give --build, --image or --file")
    with Client(base, ca_file=ca_file) as client:
        for number, body in enumerate(bodies):
            named = f"{delivery}-{number}" if delivery and number else delivery
            answer = _deliver(client, name, secret, named or f"msg_{uuid.uuid4().hex}", body)
            again = ", as it was before" if answer["replay"] else ""
            say(f"{answer['delivery']} is {answer['state']}{again}")


def _deliver(client: Client, name: str, secret: str, delivery: str, body: bytes) -> Any:
    """The same delivery, signed anew for each try."""
    for wait_s in (*_WAITS_S, None):
        try:
            headers = standard_headers(secret, delivery, datetime.now(UTC), body)
            return client.deliver(name, body, headers)
        except StellaError as refusal:
            if wait_s is None or not refusal.retry_may_help:
                raise
        time.sleep(wait_s)
    raise AssertionError("the last try returns or raises")


def _said(event: str, data: dict[str, object]) -> bytes:
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"type": event, "timestamp": at, "data": data}).encode()


def _split(webhook: str) -> tuple[str, str]:
    base, mark, name = webhook.rpartition("/api/v1/webhooks/")
    if not mark or not name or "/" in name or not base.startswith(("http://", "https://")):
        raise typer.BadParameter(
            "https://HOST/api/v1/webhooks/NAME, as the console shows it", param_hint="ADDRESS"
        )
    return base, unquote(name)


def _secret(variable: str, file: Path | None) -> str:
    if file is not None:
        secret = _read(file).decode(errors="replace").strip()
    else:
        secret = os.environ.get(variable, "").strip()
    if not secret:
        raise typer.BadParameter(
            f"no secret to sign with: set {variable}, or name its file", param_hint="--secret-file"
        )
    return secret


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{file} cannot be read: {error.strerror or error}",
            remedy=Remedy("Name a file that can."),
        ) from error


def _path(delivery: str) -> str:
    return f"/webhook-deliveries/{quote(delivery, safe='')}"
