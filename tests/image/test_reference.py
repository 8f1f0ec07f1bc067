import pytest

from stella.image import MalformedReference, parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "host", "repository", "tag", "has_digest"),
    [
        ("127.0.0.1:5000/shop/web", "127.0.0.1:5000", "shop/web", "latest", False),
        ("docker.io/library/debian:12", "docker.io", "library/debian", "12", False),
        ("localhost/web", "localhost", "web", "latest", False),
        ("[::1]:5000/a/b.c_d__e-f:V1.0-x", "[::1]:5000", "a/b.c_d__e-f", "V1.0-x", False),
        (f"r.example/web@{DIGEST}", "r.example", "web", None, True),
        (f"r.example:443/web:1@{DIGEST}", "r.example:443", "web", "1", True),
    ],
)
def test_a_full_reference_is_taken_apart(text, host, repository, tag, has_digest):
    reference = parse_reference(text)
    assert (reference.host, reference.repository, reference.tag) == (host, repository, tag)
    assert (reference.digest is not None) is has_digest
    assert parse_reference(str(reference)) == reference


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty", ""),
        ("no host", "debian:12"),
        ("first part is no host", "library/debian"),
        ("upper case repository", "r.example/Web"),
        ("path that climbs", "r.example/../etc/passwd"),
        ("query smuggled in", "r.example/web?x=1"),
        ("user in the host", "user@r.example/web"),
        ("empty tag", "r.example/web:"),
        ("tag with slash", "r.example/web:a/b"),
        ("short digest", "r.example/web@sha256:abc"),
        ("other algorithm", "r.example/web@md5:" + "a" * 32),
        ("line break", "r.example/web\n"),
        ("space", "r.example/we b"),
        ("too long", "r.example/" + "a" * 2000),
    ],
)
def test_anything_else_is_refused(name, text):
    with pytest.raises(MalformedReference) as refusal:
        parse_reference(text)
    assert refusal.value.remedy.advice, name


def test_a_reference_without_host_says_how_to_write_it():
    with pytest.raises(MalformedReference, match="does not name its registry") as refusal:
        parse_reference("nginx/web:1")
    assert "docker.io/library/nginx/web:1" in refusal.value.remedy.advice
