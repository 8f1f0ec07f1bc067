"""The guides of notifications and object stores name what there is, and their documents are taken."""

import re
from pathlib import Path

from connectors.stores import our_plugins
from stella.cli.documents import read_documents
from stella.environment.document import checked_document
from stella.hub.document import parse_integration
from stella.notify.deliver import WAITS_S
from stella.notify.document import parse_notification
from stella.notify.events import EVENTS
from stella.plugin.contract.core import Kind

FOLDER = Path(__file__).parents[2] / "docs" / "how-to"
GUIDE = (FOLDER / "notifications.md").read_text()
INTEGRATIONS = (FOLDER / "integrations.md").read_text()


def documents(text: str, folder: Path) -> list[tuple[str, str, object]]:
    """Read as ``stella apply`` reads them."""
    file = folder / "documents.yaml"
    file.write_text(
        "---\n".join(re.findall(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    )
    return [checked_document(one) for one in read_documents([file])]


def test_their_documents_are_taken(tmp_path: Path) -> None:
    brought = our_plugins().brought()
    kinds = []
    for kind, name, spec in [*documents(GUIDE, tmp_path), *documents(INTEGRATIONS, tmp_path)]:
        kinds.append(kind)
        if kind == "Notification":
            assert parse_notification(name, spec).name in {"releases", "commits"}
        else:
            parse_integration(name, spec, brought)
    assert sorted(kinds) == [*["Integration"] * 3, *["Notification"] * 2]


def test_every_event_is_named_and_every_wait() -> None:
    assert [one for one in EVENTS if f"`{one}`" not in GUIDE] == []
    assert WAITS_S == (10, 60, 300, 900, 3600, 10_800)
    assert "10 s, 1 min, 5 min, 15 min, 1 h and 3 h" in GUIDE


def test_every_channel_and_every_object_store_has_its_line() -> None:
    plugins = our_plugins()
    for kind, guide in ((Kind.NOTIFIER, GUIDE), (Kind.OBJECT_STORE, INTEGRATIONS)):
        table = guide.partition("| connector | endpoint |")[2].partition("\n\n")[0]
        names = re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE)
        assert set(names) == {one.name for one in plugins.contributions(kind)}
