"""A policy as files: Rego as it is, rules in plain YAML said in Rego."""

from pathlib import Path

from stella.cli.errors import UnreadableFile
from stella.cli.policy_yaml import YAML, policy_files
from stella.cli.written import read
from stella.kernel import Remedy
from stella.policy.testing import TEST_SUFFIX


def read_policy(paths: list[Path]) -> dict[str, str]:
    """File name -> Rego of the files, and of every ``.rego`` below the folders. Raises UnreadableFile.

    A YAML file is a document of kind Policy; its rules in plain YAML are said in Rego.
    """
    files: dict[str, str] = {}
    for path in paths:
        if path.suffix in YAML:
            files |= policy_files(path)
            continue
        found = sorted(path.rglob("*.rego")) if path.is_dir() else [path]
        for one in found:
            name = one.relative_to(path).as_posix() if path.is_dir() else one.name
            try:
                files[name] = read(one).decode()
            except UnicodeDecodeError:
                raise UnreadableFile(
                    f"{one} is not UTF-8 text", remedy=Remedy("Save it as UTF-8."), path=str(one)
                ) from None
    return files


def read_draft(paths: list[Path]) -> dict[str, str]:
    """The same without tests: what a gate would be asked with."""
    return {
        name: text for name, text in read_policy(paths).items() if not name.endswith(TEST_SUFFIX)
    }
