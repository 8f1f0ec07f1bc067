"""A policy pack: the documents beside this module, as they stand. Replace those."""

from pathlib import Path

from stella.sdk import Connection, PackDocument

_DOCUMENTS = Path(__file__).with_name("documents")


class Pack:
    """``stella.sdk.PolicyPack``. Nothing of it is applied before somebody does."""

    def __init__(self, connection: Connection) -> None:
        """A pack reaches nothing: rules come along with the plugin."""

    def documents(self) -> tuple[PackDocument, ...]:
        """All of them, by the name of the file."""
        files = sorted(_DOCUMENTS.glob("*.yaml"))
        return tuple(PackDocument(file.name, file.read_text()) for file in files)
