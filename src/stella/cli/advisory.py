"""``stella advisory``: feeds and the snapshots made of them. No server needed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from stella.advisory import Rating, Record, SnapshotInfo, import_advisories, open_snapshot
from stella.cli.advisories import opened_advisories
from stella.cli.advisory_bundle import app as bundle
from stella.cli.advisory_sync import feeds_, freeze, list_, prune, sync
from stella.cli.output import say
from stella.cli.written import checked_output, write
from stella.finding import outlook

app = typer.Typer(no_args_is_help=True, help="Sync and import advisory feeds, look into snapshots.")

Output = Annotated[str, typer.Option("-o", "--output", help="table|json|name")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
_FORMATS = ("table", "json", "name")


app.command()(sync)
app.command("list")(list_)
app.command("feeds")(feeds_)
app.command()(freeze)
app.command()(prune)


@app.command()
def status(*, output: Output = "table", to: To = None) -> None:
    """Say by which snapshot the server matches, and how new each feed in it is."""
    from stella.cli.advisory_status import status as shown  # late: the others need no server

    shown(output=output, to=to)


@app.command()
def ask(
    question: Annotated[
        list[str], typer.Argument(help="An id, such as CVE-2023-43804, or a question.")
    ],
    *,
    written_by: Annotated[
        str | None,
        typer.Option(help="Integration of a language model that writes it from the same texts."),
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Ask the server what an advisory is, whether it touches us, and what to do; each sentence cited."""
    from stella.cli.advisory_ask import ask as answered  # late: the others need no server

    answered(question, written_by=written_by, output=output, to=to)


app.add_typer(bundle, name="bundle")


@app.command("import")
def import_(
    feeds: Annotated[
        list[Path],
        typer.Argument(help="Feeds of any format that is read; or folders of them."),
    ],
    *,
    into: Annotated[Path, typer.Option(help="Directory that the snapshot is put into.")],
    output: Output = "table",
    to: To = None,
) -> None:
    """Make one frozen snapshot of feeds; the same feeds make the same snapshot."""
    checked_output(output, _FORMATS)
    made = import_advisories(feeds, into)
    for example in made.examples:
        say(f"skipped {example.where}: {example.reason}")
    if output == "name":
        write(f"{made.path}\n", to)
    elif output == "json":
        write(json.dumps(_info_json(made), indent=2) + "\n", to)
    else:
        skipped = [f"{count} {reason}" for reason, count in sorted(made.skipped.items())]
        lines = [
            f"snapshot  {made.digest}",
            f"file      {made.path}",
            f"records   {sum(made.records.values())} in {len(made.records)} ecosystems",
            *(f"            {count:>7} {name}" for name, count in sorted(made.records.items())),
            f"exploited {made.kev} CVEs",
            f"skipped   {', '.join(skipped) or 'nothing'}",
        ]
        write("\n".join(lines) + "\n", to)


@app.command()
def snapshot(
    path: Annotated[Path, typer.Argument(help="The snapshot, or the directory that holds it.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Verify a snapshot and say what it holds."""
    checked_output(output, _FORMATS)
    with open_snapshot(path) as opened:
        records, exploited = dict(sorted(opened.records.items())), len(opened.kev())
        feeds = opened.feeds()
        if output == "name":
            write(f"{opened.digest}\n", to)
        elif output == "json":
            found = {
                "snapshot": opened.digest.text,
                "file": str(opened.path),
                "records": records,
                "exploited": exploited,
                "feeds": [msgspec.to_builtins(one) for one in feeds],
            }
            write(json.dumps(found, indent=2) + "\n", to)
        else:
            lines = [
                f"snapshot  {opened.digest}",
                f"records   {sum(records.values())} in {len(records)} ecosystems",
                *(f"            {count:>7} {name}" for name, count in records.items()),
                f"exploited {exploited} CVEs",
                *(f"feed      {one.name}, of {one.at}" for one in feeds),
            ]
            write("\n".join(lines) + "\n", to)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Id or alias, such as CVE-2023-43804.")],
    *,
    advisories: Annotated[Path, typer.Option(help="Advisory snapshot, or its directory.")],
    output: Annotated[str, typer.Option("-o", "--output", help="table|json")] = "table",
    to: To = None,
) -> None:
    """Say what a snapshot knows of one vulnerability."""
    checked_output(output, ("table", "json"))
    with opened_advisories(advisories) as opened:
        found = list(opened.named(name))
        assessed = opened.assessments(name)
    if output == "json":
        listed = [
            {
                "ecosystem": package.ecosystem,
                "package": package.name,
                **msgspec.to_builtins(record),
            }
            for package, record in found
        ]
        listed += [{**msgspec.to_builtins(rating), "summary": text} for rating, text in assessed]
        write(json.dumps(listed, indent=2) + "\n", to)
        return
    lines = [_rating_line(name, rating, text) for rating, text in assessed]
    for package, record in found:
        exploited = ", known exploited" if record.kev else ""
        lines += [
            f"{record.id}  {package.ecosystem} {package.name}  {record.severity}{exploited}",
            f"  aliases   {', '.join(record.aliases) or '-'}",
            *(f"  affected  {span}" for span in record.spans),
            *([f"  affected  {', '.join(record.versions)}"] if record.versions else []),
            *_more(record),
            f"  {record.summary or 'no summary'}",
        ]
    write("\n".join(lines) + "\n", to)


def _rating_line(name: str, rating: Rating, text: str) -> str:
    vector = f" ({rating.cvss})" if rating.cvss else ""
    return f"{name}  {rating.source} says {rating.severity}{vector}: {text or 'no summary'}"


def _more(record: Record) -> Iterator[str]:
    """What sources say side by side, whether it will be mended, how likely it is exploited."""
    if record.cvss:
        yield f"  cvss      {record.cvss}"
    for rating in record.ratings:
        yield f"  {rating.source} says {rating.severity} {rating.cvss}".rstrip()
    for other in record.dissent:
        yield f"  disagrees {other}"
    if record.epss_ppm is not None:
        yield f"  EPSS      {record.epss_ppm / 10_000:.2f} % in 30 days"
    if outlook(record):
        yield f"  outlook   {outlook(record)}"


def _info_json(made: SnapshotInfo) -> dict[str, object]:
    return {
        "snapshot": made.digest.text,
        "file": str(made.path),
        "records": dict(sorted(made.records.items())),
        "exploited": made.kev,
        "skipped": dict(sorted(made.skipped.items())),
        "examples": [{"where": one.where, "reason": one.reason} for one in made.examples],
    }
