from dataclasses import replace

import pytest
import yaml

from fixtures.benches import intent_maker
from stella.kernel import Digest, Json
from stella.lab import compose_file
from stella.plugin.contract.target import TargetIntent
from stella.plugin.refusals import BadTargetConfig, ComposeFileRefused, UnknownService
from stella_connectors.compose import LOCK_FILE, ComposeTarget
from stella_connectors.compose.document import read_document
from stella_connectors.compose.interpolate import Variables, resolve

WEB = Digest("sha256:" + "a" * 64)
WORKER = Digest("sha256:" + "b" * 64)


def intend(
    compose: Json, components: dict[str, Digest] | None = None, **config: Json
) -> TargetIntent:
    make = intent_maker("compose", "r.example", "shop")
    intent = make("dep_1", {"web": WEB} if components is None else components)
    return replace(intent, config={"compose": compose, **config})


def locked(compose: Json, components: dict[str, Digest] | None = None, **config: Json) -> dict:
    plan = ComposeTarget().plan(intend(compose, components, **config))
    return yaml.safe_load(plan.files[LOCK_FILE])


def test_the_lab_project_is_pinned_and_resolved() -> None:
    lock = locked(compose_file(), {"web": WEB, "worker": WORKER}, env={"SHOP_PORT": "8123"})
    web, worker = lock["services"]["web"], lock["services"]["worker"]
    assert web["image"] == f"r.example/test/web@{WEB}"
    assert worker["image"] == f"r.example/test/worker@{WORKER}"
    assert web["ports"] == ["127.0.0.1:8123:8080"]
    assert web["labels"] == {
        "stella.component": "web",
        "stella.digest": WEB.text,
        "stella.project": "shop",
    }
    assert web["pull_policy"] == "never"
    assert lock["name"] == "shop"
    assert lock["x-stella"]["components"]["worker"] == {
        "component": "worker",
        "digest": WORKER.text,
    }
    assert lock["x-stella"]["release"] == "rel_1"


def test_the_same_file_as_text_and_as_data_gives_the_same_bytes() -> None:
    text = "services:\n  web: {image: x, ports: ['80:80'], labels: [a=b]}\n"
    data: Json = {"services": {"web": {"image": "x", "ports": ["80:80"], "labels": ["a=b"]}}}
    one, two = (ComposeTarget().plan(intend(compose)) for compose in (text, data))
    assert one == two


def test_ports_and_words_are_read_as_compose_reads_them() -> None:
    lock = locked("services:\n  web:\n    ports: [22:22]\n    environment: {A: yes, B: 1.50}\n")
    assert lock["services"]["web"]["ports"] == ["22:22"]
    assert lock["services"]["web"]["environment"] == {"A": "yes", "B": "1.50"}


def test_services_are_mapped_to_components_where_the_names_differ() -> None:
    lock = locked("services: {front: {image: x}}", services={"front": "web"})
    assert lock["services"]["front"]["labels"]["stella.component"] == "web"


def test_a_service_beside_the_release_is_deployed_if_it_is_pinned() -> None:
    pinned = f"docker.io/library/redis@{WORKER}"
    lock = locked(f"services: {{web: {{image: x}}, redis: {{image: '{pinned}'}}}}")
    assert lock["services"]["redis"]["image"] == pinned
    assert "stella.component" not in lock["services"]["redis"]["labels"]
    with pytest.raises(ComposeFileRefused, match="not given by digest"):
        locked("services: {web: {image: x}, redis: {image: 'redis:7'}}")


@pytest.mark.parametrize(
    ("compose", "components", "config", "told"),
    [
        ("services: {web: {image: x}}", {"web": WEB, "api": WORKER}, {}, "component api belongs"),
        ("services: {web: {image: x}}", None, {"services": {"wbe": "web"}}, "the service wbe"),
        ("services: {web: {image: x}}", None, {"services": {"web": "ui"}}, "no component ui"),
    ],
)
def test_what_does_not_match_is_refused(
    compose: str, components: dict[str, Digest] | None, config: dict[str, Json], told: str
) -> None:
    with pytest.raises(UnknownService, match=told):
        locked(compose, components, **config)


@pytest.mark.parametrize(
    ("compose", "told"),
    [
        ("services: {web: {imgae: x}}", r"unknown key 'imgae' \(did you mean image\?\)"),
        ("services: {web: {image: x}}\nservice: {}", "unknown key 'service'"),
        ("services: {web: {build: .}}", "is built"),
        ("services: {web: {image: x, env_file: .env}}", "env_file"),
        ("services: {web: {image: x, extends: {service: y}}}", "extends"),
        ("include: [a.yml]\nservices: {web: {image: x}}", "include"),
        ("services: {web: {image: x, volumes: ['./data:/data']}}", "begin with /"),
        ("services: {web: {image: x}}\nsecrets: {key: {file: ./key}}", "begin"),
        ("services: {web: x}", "is no mapping"),
        ("services: []", "no services"),
        ("[]", "no mapping"),
        ("a: [", "no YAML"),
        ("services: {web: {image: x}, web: {image: y}}", "stands twice"),
        ("services: {web: {image: x, command: !!python/name:os.system }}", "no YAML"),
        (
            "services: {web: {image: x, environment: {A: 2020-01-01T00:00:00Z, B: !!float 1.0}}}",
            "float",
        ),
        ("services: {web: {image: x, command: '${NOPE}'}}", "variable NOPE is missing"),
        ("services: {web: {image: x, command: '${NOPE:?say it}'}}", "say it"),
        ("services: {web: {image: x, command: '${}'}}", "names no variable"),
        ("services: {web: {image: x, command: '${A'}}", "not closed"),
        ("services: {web: {image: x, command: '${A!B}'}}", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_deployed_is_refused_with_its_reason(compose: str, told: str) -> None:
    with pytest.raises(ComposeFileRefused, match=told):
        locked(compose)


def test_every_reason_is_told_at_once() -> None:
    with pytest.raises(ComposeFileRefused) as refusal:
        locked("services: {web: {imgae: x, env_file: y}, api: {build: .}}")
    assert len(refusal.value.facts["reasons"]) == 3


def test_a_file_of_aliases_upon_aliases_is_refused() -> None:
    lines = ["x-a: &a [x, x, x, x, x, x, x, x, x, x]"]
    for before, after in zip("abcdef", "bcdefg", strict=True):
        lines.append(f"x-{after}: &{after} [{', '.join(['*' + before] * 10)}]")
    with pytest.raises(ComposeFileRefused, match="too large"):
        locked("\n".join([*lines, "services: {web: {image: x}}"]))


@pytest.mark.long
def test_a_huge_or_deep_file_is_refused() -> None:
    with pytest.raises(ComposeFileRefused):
        read_document("services: {web: {image: " + "x" * 1_000_001 + "}}")
    with pytest.raises(ComposeFileRefused):
        read_document("services: {web: {command: " + "[" * 2000 + "]" * 2000 + "}}")


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(BadTargetConfig, match="composee"):
        ComposeTarget().plan(replace(intend(""), config={"composee": ""}))


@pytest.mark.parametrize(
    ("text", "resolved"),
    [
        ("plain", "plain"),
        ("$A ${A}", "1 1"),
        ("$$A", "$$A"),
        ("${A}$", "1$$"),
        ("${B-x}${B:-y}${C-x}${C:-y}", "xyy"),
        ("${A:+set}${B:+set}", "set"),
        ("${B:-${A}}", "1"),
        ("${B:-${C:-${A}}}", "1"),
        ("${S}", "${S}"),
        ("${S:-x}", "${S}"),
        ("${D}", "a$$b"),
        ("${B:-a$$b}", "a$$b"),
    ],
)
def test_variables_are_resolved_by_the_rules_of_compose(text: str, resolved: str) -> None:
    variables = Variables({"A": "1", "C": "", "D": "a$b"}, frozenset({"S"}))
    assert resolve(text, variables) == resolved


def test_a_secret_stays_a_reference_of_the_host() -> None:
    plan = ComposeTarget().plan(
        intend(
            "services: {web: {image: x, environment: {KEY: '${KEY}'}}}",
            env={"KEY": "env://SHOP_KEY"},
        )
    )
    lock = yaml.safe_load(plan.files[LOCK_FILE])
    assert lock["services"]["web"]["environment"] == {"KEY": "${KEY}"}
    assert "SHOP_KEY" not in plan.files[LOCK_FILE]
