"""What every test may ask for: the real lab, a PostgreSQL server, a browser, the shared data."""

import gc
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Nothing is a timed test: a busy machine is no bug. A clean checkout is judged by the same examples each
# time; whoever works on the code gets others at each run.
settings.register_profile(
    "stella",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("stella")

pytest_plugins = [
    "fixtures.skips",
    "fixtures.outcomes",
    "fixtures.real_parts",
    "fixtures.secret_stores",
    "fixtures.databases",
    "fixtures.fleets",
    "fixtures.outside",
    "fixtures.plain_users",
    "fixtures.servers",
    "fixtures.road",
    "fixtures.steps",
    "fixtures.runs",
    "fixtures.measured",
    "fixtures.commands",
    "fixtures.consoles",
    "fixtures.shops",
    "fixtures.control_planes",
    "fixtures.control",
    "fixtures.hosts",
    "fixtures.git_servers",
    "fixtures.ssh_hosts",
    "fixtures.winrm_hosts",
    "fixtures.buildbots",
    "fixtures.webhooks",
    "fixtures.issuers",
    "fixtures.machine_logins",
    "fixtures.sign_ins",
    "fixtures.identity_providers",
    "fixtures.directories",
    "fixtures.aws_models",
]

_LISTENING = frozenset({"plane", "server_url", "shop"})
"""Fixtures behind which a whole server listens."""

_WALKED = frozenset({"road", "control", "standing"})
"""Fixtures that are a whole control plane in the test's own process."""


def pytest_collection_finish() -> None:
    """What was loaded stays: to look through it for cycles again and again takes a tenth of a run."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what a whole server listens for, or is walked through: it is no unit that is tested there."""
    for item in items:
        if isinstance(item, pytest.Function):
            for mark, fixtures in (("server", _LISTENING), ("path", _WALKED)):
                if not fixtures.isdisjoint(item.fixturenames):
                    item.add_marker(mark)


_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4 * 1024**3


def _keep_in_memory() -> None:
    """Let temporary directories lie in memory where there is room: each commit waits for a disk."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _ROOM_BYTES:
        return
    if not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:  # some tests run what they have written
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


_keep_in_memory()
