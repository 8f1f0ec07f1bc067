"""The guide of sources and builds: its document is taken, and it names every connector and key."""

import json
import re
from pathlib import Path

import yaml

from stella.hub.document import parse_integration
from stella.plugin.contract.core import Kind
from stella.plugin.manifest import manifest_beside
from stella_connectors.git.signatures import AllowedSigners

PAGE = (Path(__file__).parents[2] / "docs/how-to/sources-and-builds.md").read_text()
MANIFESTS = [
    manifest_beside(f"stella_connectors.{one}") for one in ("git", "forges", "buildbot", "jenkins")
]
BROUGHT = {(one.kind, one.name): one for made in MANIFESTS for one in made.contributes}


def test_the_document_is_taken() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    document = yaml.safe_load(text)
    made = parse_integration(document["name"], document["spec"], BROUGHT)
    assert (made.kind, made.connector) == (Kind.SCM, "git")
    assert len(AllowedSigners.parse(made.config["allowed_signers"])) == 1


def test_every_connector_its_keys_and_its_credentials_are_named() -> None:
    assert {kind for kind, _ in BROUGHT} == {Kind.SCM, Kind.CI}
    for (_, name), one in BROUGHT.items():
        assert f"`{name}`" in PAGE
        properties = json.loads(json.dumps(one.config_schema["properties"]))
        for key in [*properties, *(each.name for each in one.credentials)]:
            assert f"`{key}`" in PAGE or f"{key}:" in PAGE, (name, key)
