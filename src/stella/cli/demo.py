"""``stella demo``: a release from a pushed image to verified evidence, on this machine."""

from pathlib import Path
from typing import Annotated

import typer


def demo(
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running and print a first login.")
    ] = False,
    stop: Annotated[bool, typer.Option("--stop", help="End what --keep or a crash left.")] = False,
    simulated: Annotated[
        bool, typer.Option("--simulated", help="Pretend the hosts, also where real ones could run.")
    ] = False,
    docker: Annotated[
        bool, typer.Option("--docker", help="On your own Docker Engine; no root is needed.")
    ] = False,
    summary: Annotated[Path | None, typer.Option(help="Write what was shown as JSON.")] = None,
    packets: Annotated[
        Path | None, typer.Option(help="Put the evidence packets here; else beside the summary.")
    ] = None,
) -> None:
    """Walk a release from a pushed image to verified, replayed evidence. Asks no question."""
    # Late: it brings the lab and the client, which no other command needs.
    from stella.cli.server_part import need_server_part

    need_server_part()
    from stella.demo.run import Wishes, run_demo, stop_kept

    if stop:
        stop_kept()
        typer.echo("ended; nothing of it is left", err=True)
        return
    run_demo(
        Wishes(keep=keep, simulated=simulated, docker=docker, summary=summary, packets=packets)
    )
