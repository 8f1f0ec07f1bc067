"""What is left of a lab is found again, whenever its removal was broken off."""

import shutil
from pathlib import Path

import pytest

from stella.lab import cleanup
from stella.lab.state import LabState


def test_a_removal_that_was_broken_off_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "lab"
    (root / "a" / "data").mkdir(parents=True)
    (root / "registry.log").write_text("x")
    LabState(root=root, owner_pid=1, owner_started="long ago", cgroup="stella-of-no-lab").save()

    def broken_off(path: Path, **_: object) -> None:
        """Files first, as it may be; then the program is ended."""
        for one in Path(path).iterdir():
            if one.is_file():
                one.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", broken_off)
        with pytest.raises(KeyboardInterrupt):
            cleanup(root)
    assert (root / "a").exists()
    cleanup(root)
    assert not root.exists()
