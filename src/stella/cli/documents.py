"""YAML files -> the documents that ``stella apply`` sends, or one refusal naming file and line."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stella.cli.errors import MalformedYaml
from stella.cli.written import read
from stella.environment.yaml_documents import NoDocuments, documents_in
from stella.kernel import Remedy

STANDARD_INPUT = Path("-")


def read_documents(files: list[Path]) -> list[dict[str, Any]]:
    """Every document of every file, in order; ``-`` is standard input.

    Raises UnreadableFile, MalformedYaml.
    """
    return [document for file in files for document in _documents(file)]


def _documents(file: Path) -> Iterator[dict[str, Any]]:
    is_standard = file == STANDARD_INPUT
    name = "standard input" if is_standard else str(file)
    try:
        yield from documents_in(sys.stdin.read() if is_standard else read(file))
    except NoDocuments as error:
        raise MalformedYaml(
            f"{name}, line {error.line}: {error.problem}",
            remedy=Remedy("Correct the file; nothing of it was applied."),
            file=name,
            line=error.line,
        ) from None
