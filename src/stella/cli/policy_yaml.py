"""Policies as documents of kind Policy, read from a file; rules in plain YAML become Rego."""

from pathlib import Path
from typing import Any

from stella.kernel import Remedy
from stella.policy import MalformedPolicyInput
from stella.policy.plain import plain_files, read_plain
from stella.policy.plain_testing import run_plain_tests
from stella.policy.testing import PolicyTest

YAML = frozenset({".yaml", ".yml"})


def policy_files(path: Path) -> dict[str, str]:
    """File name -> Rego of the one policy in ``path``.

    Raises UnreadableFile, MalformedYaml, MalformedPolicyInput, MalformedPlainPolicy.
    """
    spec = _spec(path)
    if "rules" in spec:
        return plain_files(read_plain(spec))
    files = spec.get("files", {"policy.rego": spec.get("rego")})
    if not isinstance(files, dict) or not all(isinstance(one, str) for one in files.values()):
        raise _no_policy(path, "its spec needs rules, rego (a text) or files (name: text)")
    return {str(name): text for name, text in files.items()}


def plain_tests(path: Path) -> tuple[PolicyTest, ...]:
    """What the tests of the policy in ``path`` say; none where it is Rego."""
    spec = _spec(path)
    return run_plain_tests(read_plain(spec), path.name) if "rules" in spec else ()


def _spec(path: Path) -> dict[str, Any]:
    # Late: a policy in Rego owes no time to YAML.
    from stella.cli.documents import read_documents

    found = [one for one in read_documents([path]) if one.get("kind") == "Policy"]
    if len(found) != 1 or not isinstance(found[0].get("spec"), dict):
        raise _no_policy(
            path, f"it holds {len(found)} documents of kind Policy with a spec, not one"
        )
    spec: dict[str, Any] = found[0]["spec"]
    return spec


def _no_policy(path: Path, why: str) -> MalformedPolicyInput:
    return MalformedPolicyInput(
        f"{path}: {why}",
        remedy=Remedy("See docs/how-to/policy-in-yaml.md.", command="stella policy test FILE..."),
        path=str(path),
    )
