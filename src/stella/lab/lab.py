"""The lab: a registry and two Docker hosts, started for one purpose and gone afterwards."""

import secrets
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from stella.kernel import Remedy
from stella.lab.cleanup import cleanup, remove_traces
from stella.lab.engine import EngineSettings, Host, docker_config
from stella.lab.errors import LabRootInUse, LabUnavailable
from stella.lab.network import add_bridge, choosing_alone, free_subnets
from stella.lab.probe import compose_program, probe, storage_driver
from stella.lab.registry import Notification, Registry
from stella.lab.state import STATE_FILE, LabState, owner_of_this_process

# A Unix socket's path has at most 107 bytes, and containerd adds 40 of its own.
_ROOT_LENGTH_MAX = 60

# Made by containerd and dockerd whatever they are told; removed again if they were absent.
_SHARED_DIRECTORIES = (
    "/run/containerd/s",
    "/run/containerd",
    "/run/docker/plugins",
    "/run/docker",
)


class Lab:
    """One OCI registry and the Docker hosts ``a`` and ``b``, all real, all below ``root``.

    ``root`` defaults to a new temporary directory; a given one is made, and must be empty or
    what a killed lab left (which is removed first). ``started_in_s`` is what the start took.
    """

    def __init__(self, root: Path | None = None) -> None:
        self._given_root = root
        self._state: LabState | None = None
        self._hosts: dict[str, Host] = {}
        self._registry: Registry | None = None
        self.started_in_s = 0.0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def root(self) -> Path:
        """The directory of everything the running lab has."""
        assert self._state is not None, "the lab runs"
        return self._state.root

    @property
    def registry(self) -> Registry:
        """The running registry."""
        assert self._registry is not None, "the lab runs"
        return self._registry

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The running Docker hosts, in order of name."""
        return tuple(self._hosts.values())

    def host(self, name: str) -> Host:
        """The running Docker host ``a`` or ``b``."""
        return self._hosts[name]

    def start(self, notification: Notification | None = None) -> None:
        """Start every part; a lab that runs is left as it is.

        Raises LabUnavailable with every reason, LabRootInUse, PartDidNotStart; what was started
        until then is removed again.
        """
        if self._state is not None:
            return
        begun = time.monotonic()
        _refuse_where_unavailable()
        self._state = _new_state(self._given_root)
        try:
            self._start_parts(self._state, notification)
        except BaseException:
            self.stop()
            raise
        self.started_in_s = time.monotonic() - begun

    def _start_parts(self, state: LabState, notification: Notification | None) -> None:
        compose = compose_program()
        assert compose is not None, "probe() has found it"
        configuration = docker_config(state.root / "docker", compose)
        self._registry = Registry(state.root / "registry")
        self._registry.start(notification)
        driver = storage_driver(state.root)
        for name in ("a", "b"):
            bridge = f"stl-{state.cgroup[-6:]}-{name}"
            with choosing_alone():
                subnet, pool = free_subnets()
                state.bridges.append(bridge)
                state.subnets += [str(subnet), str(pool)]
                state.save()
                add_bridge(bridge, subnet)
            settings = EngineSettings(
                name=name,
                directory=state.root / name,
                docker_config=configuration,
                bridge=bridge,
                pool=pool,
                registry=self._registry.address,
                storage_driver=driver,
                cgroup=state.cgroup,
            )
            self._hosts[name] = Host(settings)
            self._hosts[name].start()

    def stop(self) -> None:
        """End and remove every part; a lab that does not run is no error. Raises LeftBehind."""
        if self._state is None:
            return
        for host in self._hosts.values():
            host.stop()
        if self._registry is not None:
            self._registry.stop()
        state, self._state = self._state, None
        self._hosts, self._registry = {}, None
        remove_traces(state)


def _refuse_where_unavailable() -> None:
    missing = probe()
    if missing:
        commands = [item.remedy.command for item in missing if item.remedy.command]
        raise LabUnavailable(
            "the lab cannot run here: " + "; ".join(item.what for item in missing),
            remedy=Remedy(
                " ".join(dict.fromkeys(item.remedy.advice for item in missing)),
                commands[0] if commands else None,
            ),
            missing=[item.what for item in missing],
        )


def _new_state(given: Path | None) -> LabState:
    """An empty root with its state file. What a killed lab left there is removed first."""
    if given is None:
        root = Path(tempfile.mkdtemp(prefix="stella-lab-"))
    else:
        root = given.resolve()
        if (root / STATE_FILE).exists():
            cleanup(root)
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise LabRootInUse(
                f"{root} is not empty, and a lab removes its directory when it ends",
                remedy=Remedy("Name a directory that does not exist yet."),
                root=str(root),
            )
    if len(str(root)) > _ROOT_LENGTH_MAX:
        shutil.rmtree(root)
        raise LabRootInUse(
            f"{root} is longer than {_ROOT_LENGTH_MAX} characters, too long for a socket's path",
            remedy=Remedy("Name a shorter directory."),
            root=str(root),
        )
    pid, started = owner_of_this_process()
    state = LabState(
        root=root,
        owner_pid=pid,
        owner_started=started,
        cgroup=f"stella-lab-{secrets.token_hex(3)}",
        empty_directories=[name for name in _SHARED_DIRECTORIES if not Path(name).exists()],
    )
    state.save()
    return state
