"""What commands that hear VEX from files are asked with."""

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

VexFiles: TypeAlias = Annotated[
    list[Path] | None, typer.Option(help="VEX document, or directory of a VEX repository. Repeat.")
]
VexKeys: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(help="Only VEX signed with this public key decides. Repeat."),
]
