"""Who says how an image was built."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.images import (
    OCI_CONFIG,
    OCI_MANIFEST,
    BuiltImage,
    Layer,
    MemoryRegistry,
    build,
    push,
    wire,
)
from stella.image import BUNDLE_MEDIA_TYPE, parse_reference
from stella.kernel import Digest, Remedy
from stella.plugin.contract.registry import Descriptor
from stella.plugin.refusals import ImageNotFound
from stella.sbom import MemoryCache, parse_cyclonedx, scan_image
from stella.sbom.provenance import provenance_in
from stella.sbom.traits import Traits

V1 = {
    "_type": "https://in-toto.io/Statement/v1",
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "buildDefinition": {
            "resolvedDependencies": [
                {"uri": "pkg:docker/debian@12", "digest": {"sha256": "0" * 64}},
                {"uri": "git+https://bot:pw@git.host/shop@main", "digest": {"gitCommit": "abc1"}},
            ]
        },
        "runDetails": {"builder": {"id": "https://builder.host/v1"}},
    },
}
V02 = {
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {
        "builder": {"id": "https://builder.host/v02"},
        "invocation": {"configSource": {"uri": "https://git.host/old", "digest": {"sha1": "abc2"}}},
        "metadata": {},
    },
}
BUILDKIT = {
    "predicateType": "https://slsa.dev/provenance/v0.2",
    "predicate": {
        "builder": {"id": ""},
        "metadata": {
            "https://mobyproject.org/buildkit@v1#metadata": {
                "vcs": {"source": "https://git.host/shop", "revision": "abc3"}
            }
        },
    },
}
BUILDKIT_V1 = {
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {
        "runDetails": {
            "builder": {"id": "b"},
            "metadata": {"buildkit_metadata": {"vcs": {"source": "s", "revision": "abc4"}}},
        }
    },
}


def text(statement: object) -> bytes:
    return json.dumps(statement).encode()


def bundle(statement: object) -> bytes:
    return text({"dsseEnvelope": {"payload": base64.b64encode(text(statement)).decode()}})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (text(V1), ("https://builder.host/v1", "git+https://git.host/shop@main", "abc1")),
        (bundle(V1), ("https://builder.host/v1", "git+https://git.host/shop@main", "abc1")),
        (text(V02), ("https://builder.host/v02", "https://git.host/old", "abc2")),
        (text(BUILDKIT), ("", "https://git.host/shop", "abc3")),
        (text(BUILDKIT_V1), ("b", "s", "abc4")),
    ],
)
def test_builder_source_and_revision_are_read_in_every_form(content, said):
    found = provenance_in(content)
    assert found is not None
    assert (found.builder, found.source, found.revision) == said


def test_no_login_and_no_token_of_an_address_is_kept():
    long = "https://bot:" + "a" * 600
    run = {"builder": {"id": "https://bot:pw@ci.host/run?key=1#x"}}
    for uri, kept in (
        ("git+https://git.host/shop.git?private_token=abc#main", "git+https://git.host/shop.git"),
        (f"{long}@git.host/shop", "https://git.host/shop"),
    ):
        build = {"resolvedDependencies": [{"uri": uri, "digest": {"sha1": "abc"}}]}
        found = provenance_in(
            text({**V1, "predicate": {"buildDefinition": build, "runDetails": run}})
        )
        assert found is not None
        assert (found.builder, found.source) == ("https://ci.host/run", kept)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        text({"predicateType": "https://spdx.dev/Document", "predicate": {}}),
        text({**V1, "predicate": []}),
        text({"payload": "no base64!"}),
    ],
)
def test_anything_else_is_no_provenance(content):
    assert provenance_in(content) is None


values = st.recursive(
    st.none() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["builder", "id", "runDetails", "metadata", "vcs", "digest", "invocation"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@pytest.mark.long
@given(values, st.sampled_from(["v0.2", "v1"]))
def test_a_predicate_of_any_shape_is_read(predicate, version):
    kind = f"https://slsa.dev/provenance/{version}"
    found = provenance_in(text({"predicateType": kind, "predicate": predicate}))
    assert (found is not None) is isinstance(predicate, dict)


class Attaching(MemoryRegistry):
    """A registry that tells what is attached; ``refuses`` to, if asked to."""

    refuses = False

    def referrers(
        self, repository: str, subject: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        del artifact_type
        if self.refuses:
            raise ImageNotFound("no referrers here", remedy=Remedy("Ask another one."))
        found = []
        for (where, name), raw in self.manifests.items():
            manifest = json.loads(raw.content)
            about = manifest.get("subject", {}).get("digest")
            if where == repository and about == subject.text and name == raw.digest.text:
                kind, annotations = manifest["artifactType"], manifest.get("annotations", {})
                size = len(raw.content)
                found.append(
                    Descriptor(OCI_MANIFEST, raw.digest, size, kind, annotations=annotations)
                )
        return tuple(found)


def attestation(registry: MemoryRegistry, statement: bytes, **more: object) -> dict[str, object]:
    kind = str(more.pop("kind", "application/vnd.in-toto+json"))
    annotations = {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"}
    manifest = text(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": wire(OCI_CONFIG, b"{}"),
            "layers": [{**wire(kind, statement), "annotations": annotations}],
            **more,
        }
    )
    registry.put_blob("shop/web", statement)
    registry.put_manifest("shop/web", manifest, media_type=OCI_MANIFEST)
    return wire(OCI_MANIFEST, manifest)


def traits_of(registry: MemoryRegistry, reference: object) -> Traits:
    (result,) = scan_image(registry, parse_reference(str(reference)), MemoryCache())
    assert parse_cyclonedx(result.sbom_bytes) == result.inventory
    assert result.inventory.traits is not None
    return result.inventory.traits


IMAGE: BuiltImage = build(Layer.of({"a": b"b"}))


def test_what_buildkit_puts_into_the_index_is_found():
    registry = Attaching()
    entry = {
        **attestation(registry, text(V1)),
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": IMAGE.digest.text,
        },
    }
    traits = traits_of(registry, push(registry, (IMAGE,), extra=(entry,)))
    (found,) = traits.provenance
    assert (found.how, found.revision, found.digest) == (
        "in the image's index",
        "abc1",
        entry["digest"],
    )
    assert traits.provenance_unknown == ""


def test_a_bundle_and_a_statement_that_are_attached_are_found():
    registry = Attaching()
    reference = push(registry, IMAGE)
    subject = wire(OCI_MANIFEST, IMAGE.manifest)
    attestation(registry, text(V02), subject=subject, artifactType="application/vnd.in-toto+json")
    attestation(
        registry,
        bundle(V1),
        kind=BUNDLE_MEDIA_TYPE,
        subject=subject,
        artifactType=BUNDLE_MEDIA_TYPE,
        annotations={"dev.sigstore.bundle.predicateType": "https://slsa.dev/provenance/v1"},
    )
    attestation(registry, b"{}", subject=subject, artifactType=BUNDLE_MEDIA_TYPE)
    traits = traits_of(registry, reference)
    assert sorted(one.revision for one in traits.provenance) == ["abc1", "abc2"]
    assert {one.how for one in traits.provenance} == {"attached to the image"}


def test_what_cannot_be_listed_or_read_is_unknown_and_the_image_is_scanned():
    registry = Attaching()
    reference = push(registry, IMAGE)
    subject = wire(OCI_MANIFEST, IMAGE.manifest)
    attestation(registry, text(V1), subject=subject, artifactType="application/vnd.in-toto+json")
    del registry.blobs[Digest.of(text(V1))]
    assert "cannot be read" in traits_of(registry, reference).provenance_unknown
    registry.refuses = True
    assert "no referrers here" in traits_of(registry, reference).provenance_unknown
    without = MemoryRegistry()
    assert "only a registry" in traits_of(without, push(without, IMAGE)).provenance_unknown


def test_the_base_is_what_the_builder_says():
    registry = MemoryRegistry()
    key = "org.opencontainers.image.base."
    labels = {f"{key}name": "docker.io/library/debian:12", f"{key}digest": "sha256:" + "1" * 64}
    base = traits_of(registry, push(registry, build(Layer.of({"a": b"b"}), Labels=labels))).base
    assert base is not None
    assert (base.name, base.digest, base.how) == (*labels.values(), "label")
    assert traits_of(registry, push(registry, IMAGE)).base is None
