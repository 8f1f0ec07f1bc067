"""``stella release``: sealed sets of digests."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.cli.scan_server import scan_line
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="Sealed sets of image digests.")

Release = Annotated[str, typer.Argument(help="Its id, or NAME@VERSION.")]

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "version": "version",
    "state": "state",
    "runs in": lambda row: [one["environment"] for one in row["environments"] if one["current"]],
    "created": "createdAt",
    "by": lambda row: row["createdBy"]["name"],
    "id": "id",
}


_TEMPLATE_COLUMNS: dict[str, Column] = {
    "name": "name",
    "version": "version",
    "components": lambda row: [
        f"{one['component']} {one['channel'] or one['range']}".rstrip() for one in row["components"]
    ],
}
_REVISION_COLUMNS: dict[str, Column] = {
    "revision": "number",
    "variables": "variables",
    "at": "at",
    "by": lambda row: row["by"]["name"],
    "why": "reason",
}


@app.command("list")
def list_(
    *,
    name: Annotated[str | None, typer.Option(help="Of this name only.")] = None,
    component: Annotated[
        str | None, typer.Option(help="Only those that hold a component of this name.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List releases, the newest first."""
    with open_client() as client:
        found = list(client.items("/releases", name=name, component=component))
    show_list(found, _COLUMNS, output=output, to=to)


@app.command()
def get(release: Release, *, output: Output = "table", to: To = None) -> None:
    """Show a release: components by digest, scans, moved tags, where it runs."""
    with open_client() as client:
        found = client.get(_path(release))
    show_lines(found, release_lines(found), output=output, to=to)


@app.command()
def create(
    name: str,
    *,
    version: Annotated[str, typer.Option(help="Any text without blanks, such as 1.4.0.")],
    component: Annotated[
        list[str],
        typer.Option("--component", "-c", help="NAME=IMAGE, by tag or digest. Repeat."),
    ],
    channel: Annotated[
        str, typer.Option(help="Which lifecycle it takes, and which variables count for it.")
    ] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Resolve each image to its digest, once, and seal the set."""
    components = _pairs(component, "--component", "NAME=IMAGE")
    body = {"name": name, "version": version, "components": components, "channel": channel}
    with open_client() as client:
        made = client.post("/releases", body)
    show_lines(made, release_lines(made), output=output, to=to)


@app.command()
def templates(*, output: Output = "table", to: To = None) -> None:
    """List templates by which releases are made."""
    with open_client() as client:
        found = list(client.items("/release-templates"))
    show_list(found, _TEMPLATE_COLUMNS, output=output, to=to, name="name")


@app.command()
def make(
    template: Annotated[str, typer.Argument(help="Its name, and the release's.")],
    *,
    pick: Annotated[
        list[str] | None,
        typer.Option("--pick", "-p", help="COMPONENT=VERSION in place of the newest. Repeat."),
    ] = None,
    channel: Annotated[str, typer.Option(help="Of the release, in place of the template's.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sealed.")
    ] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Seal the newest that a template allows, under its next version."""
    picked = _pairs(pick or [], "--pick", "COMPONENT=VERSION")
    body = {"template": template, "versions": picked, "channel": channel}
    with open_client() as client:
        if dry_run:
            would = client.post("/releases/from-template/preview", body)
            show_lines(would, _preview_lines(would), output=output, to=to)
            return
        made = client.post("/releases/from-template", body)
    show_lines(made, release_lines(made), output=output, to=to)


@app.command()
def withdraw(
    release: Release,
    *,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")],
    output: Output = "table",
    to: To = None,
) -> None:
    """Let a release be promoted no more; what runs of it goes on running."""
    with open_client() as client:
        after = client.post(f"{_path(release)}/withdraw", {"reason": message})
    show_lines(after, release_lines(after), output=output, to=to)


@app.command()
def revise(
    release: Release,
    *,
    message: Annotated[str, typer.Option("-m", "--message", help="Why.")],
    like: Annotated[
        int | None, typer.Option(help="Take the variables of this revision, not those of now.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Give a release the variables of now: a new revision of the same digests.

    Approvals of its old plans count no more.
    """
    with open_client() as client:
        made = client.post(f"{_path(release)}/revisions", {"reason": message, "like": like})
    show_lines(made, release_lines(made), output=output, to=to)


@app.command()
def revisions(release: Release, *, output: Output = "table", to: To = None) -> None:
    """List with which variables a release was to be deployed, the last first."""
    with open_client() as client:
        found = list(client.items(f"{_path(release)}/revisions"))
    show_list(found, _REVISION_COLUMNS, output=output, to=to, name="number")


@app.command()
def diff(
    before: Release,
    after: Annotated[str, typer.Argument(help="The release to compare with.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show what changes from one release to another: digests, packages, findings, variables."""
    with open_client() as client:
        found = client.get(f"{_path(before)}/diff/{quote(after, safe='')}")
    if output == "name":
        found = {**found, "id": found["to"]["id"]}
    show_lines(found, diff_lines(found), output=output, to=to)


@app.command()
def changes(
    release: Release,
    *,
    since: Annotated[
        str | None, typer.Option(help="Another release; left out: the one of its name before it.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show what was committed since another release, as far as images tell their source."""
    with open_client() as client:
        found = client.get(f"{_path(release)}/changes", since=since)
    if output == "name":
        found = {**found, "id": found["release"]["id"]}
    show_lines(found, changes_lines(found), output=output, to=to)


def release_lines(release: Mapping[str, Any]) -> Iterator[str]:
    """A release for people."""
    yield f"{release['id']}  {release['name']} {release['version']}  {release['state']}"
    yield f"release digest {release['releaseDigest']}"
    yield f"sealed by {release['createdBy']['name']} at {release['createdAt']}"
    if release["channel"]:
        yield f"channel {release['channel']}"
    if release["lifecycle"]:
        yield f"lifecycle {release['lifecycle']}"
    if release["variables"]:
        yield f"revision {release['revision']}  {release['variables']} variables"
    for one in release["components"]:
        yield ""
        yield f"{one['name']}  {one['reference']}"
        yield f"  digest  {one['digest']}"
        drift = one["tagDrift"]
        if drift:
            yield f"  drift   the tag {drift['tag']} names {drift['digest']} since {drift['seenAt']}"
        scanned = {scan["platformDigest"]: scan for scan in one["scans"]}
        for platform in one["platforms"]:
            scan = scanned.get(platform["digest"])
            said = scan_line(scan) if scan else "not scanned yet"
            yield f"  {platform['platform']}  {said}"
    for ran in release["environments"]:
        word = "runs in" if ran["current"] else "ran in"
        yield f"{word} {ran['environment']} since {ran['at']} ({ran['deployment']})"


def diff_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What changes, for people."""
    before, after = found["from"], found["to"]
    yield (
        f"{before['name']} {before['version']} -> {after['name']} {after['version']}"
        f"{'' if before['releaseDigest'] != after['releaseDigest'] else ': the same digests'}"
    )
    for one in found["components"]:
        yield ""
        is_same = one["from"] == one["to"]
        yield f"{one['name']}  {one['from'] or 'new'}{'' if is_same else ' -> '}" + (
            ", unchanged" if is_same else one["to"] or "gone"
        )
        for package in one["packages"]:
            versions = f"{', '.join(package['before'])} -> {', '.join(package['after'])}"
            yield f"  {package['change']}  {package['name']} ({package['type']})  {versions}"
        for kind, findings in one["findings"].items():
            for finding in findings:
                yield (
                    f"  {kind}  {finding['severity']} {finding['id']}"
                    f" in {finding['component']} {finding['version']}"
                )
    if found["variables"]:
        yield ""
        yield "variables"
    for one in found["variables"]:
        before, after = (
            "none" if text is None else repr(text) for text in (one["before"], one["after"])
        )
        yield f"  {one['name']} ({one['group']}, {one['scope']})  {before} -> {after}"


def changes_lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What was committed, for people."""
    release, since = found["release"], found["since"]
    if since is None:
        yield f"{release['name']} {release['version']}: no release of that name was sealed before it"
        return
    yield f"{since['name']} {since['version']} -> {release['name']} {release['version']}"
    for one in found["components"]:
        yield ""
        yield f"{one['name']}  {one['source'] or 'unknown source'}"
        if one["commits"] is None:
            yield f"  unknown: {one['unknown']}"
            continue
        commits = one["commits"]["commits"]
        if not commits and not one["commits"]["dropped"]:
            yield "  nothing: both were built from the same commit"
        for commit in commits:
            signature = commit["signature"]
            said = signature["signer"] or signature["why"]
            yield f"  {commit['id'][:12]}  {commit['committedAt']}  {commit['authorName']}"
            yield f"    {commit['title']}"
            yield f"    signature {signature['state']}{f': {said}' if said else ''}"
        if not one["commits"]["isComplete"]:
            yield "  and more before these"
        if one["commits"]["dropped"]:
            yield f"  {one['commits']['dropped']} commits of the release before are in it no more"


def _preview_lines(would: Mapping[str, Any]) -> Iterator[str]:
    """What would be sealed, and what is new beside the release before."""
    before = would["before"]
    yield f"{would['name']} {would['version']} would be sealed"
    yield f"channel  {would['channel'] or 'none'}"
    yield f"before   {before['version'] if before else 'none'}"
    for one in would["components"]:
        is_same = one["before"] == one["digest"]
        word = "as before" if is_same else "new" if one["before"] is None else "changes"
        yield f"{one['component']} {one['version']}  {word}  {one['image']}  {one['digest']}"
    for name in would["gone"]:
        yield f"{name}  is in it no more"


def _pairs(texts: list[str], option: str, form: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        key, sign, value = text.partition("=")
        if not (key and sign and value):
            raise typer.BadParameter(f"{option} takes {form}, not {text!r}")
        if key in found:
            raise typer.BadParameter(f"{option} names {key!r} twice")
        found[key] = value
    return found


def _path(release: str) -> str:
    return f"/releases/{quote(release, safe='')}"
