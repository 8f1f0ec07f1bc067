"""A bill of materials that readers would read differently is refused."""

import pytest

from stella.sbom import MalformedSbom
from stella.sbom.format import read_document


def test_a_key_that_stands_twice_is_refused() -> None:
    good = b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}'
    read_document(good)
    for twice in (
        good.replace(b'"components"', b'"components": [{"name": "x"}], "components"'),
        good.replace(b"[]", b'[{"type": "library", "name": "a", "name": "b"}]'),
    ):
        with pytest.raises(MalformedSbom, match="twice"):
            read_document(twice)
