"""What documents are checked against is what the tools make of the official schemas."""

from pathlib import Path

import pytest

from stella.sbom.format.schemas import schema_table

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.mark.long
def test_the_schemas_are_what_the_tool_writes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(TOOLS))
    import sbom_schemas

    made = sbom_schemas.cyclonedx()
    assert len(made) == 14
    assert [name for name, value in made.items() if schema_table(name) != value] == []


def test_the_correspondence_of_json_and_xml_is_what_the_tool_writes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.syspath_prepend(str(TOOLS))
    import sbom_mapping

    assert schema_table("cyclonedx-mapping") == sbom_mapping.table()
    said = capsys.readouterr().out.splitlines()
    # Whoever adds a version sees here what has got no counterpart.
    assert all(line.startswith("bom") for line in said)
    assert len([line for line in said if line.endswith("in XML alone")]) == 3
