"""Takes from a process what a stranger's plugin is not to have, before any of its code runs.

Everything here is what the kernel does; what it does not do on this machine is left out of the list
that ``Confinement`` gives, and of nothing else. Meant for a process of one thread.
"""

import ctypes
import os
import re
import resource
import struct
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from stella.plugin.contract.core import Capability, Manifest
from stella.sdk.apart.syscalls import refuse_syscalls

HOME = "/stella-plugin"
FILE_BYTES_MAX = 64 * 1024 * 1024
OPEN_FILES_MAX = 256
PROCESSES_MAX = 64
# The kernel takes no fewer than these for a namespace of processes.
_PIDS_MAX = 310

_NEW_MOUNTS, _NEW_IPC, _NEW_NAMES = 0x00020000, 0x08000000, 0x04000000
_NEW_USERS, _NEW_PIDS, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 0x20, 0x1000, 0x4000, 0x40000
_DETACH = 2
# Flags of mount_setattr are those of mount, as far as they are used here.
_SET_ATTRIBUTES, _AT_HERE, _AT_RECURSIVE = 442, -100, 0x8000
_SET_DEATH_SIGNAL, _SET_DUMPABLE, _DROP_BOUND, _NO_NEW_PRIVILEGES = 1, 4, 24, 38
_SUBREAPER = 36
_CAPABILITY_VERSION = 0x20080522
_CAPABILITIES_MAX = 64

_SYSTEM = (
    *("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/localtime"),
    # No private keys, which lie beside these.
    *("/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates"),
    *("/etc/pki/tls/certs", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust/extracted"),
)
# Where the new tree is put together: a directory that surely holds nothing that is shown.
_WORKBENCHES = ("/sys", "/mnt", "/media", "/srv")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)


def leave_namespaces() -> tuple[str, ...]:
    """Begin new ones, where the kernel lets us. What this process begins next is number one there.

    ``users``: no right of this process counts outside; ``network``: without any; ``processes``: sees
    and ends none but its own, and all of them end with number one.
    """
    for users in (_NEW_USERS, 0):
        # Tried in another process: there is no way back from half of it.
        attempt = os.fork()
        if attempt == 0:
            os._exit(0 if _unshare(users) else 1)
        if os.waitpid(attempt, 0)[1] == 0 and _unshare(users):
            return ("users", "network", "processes") if users else ("network", "processes")
    return ()


def _unshare(users: int) -> bool:
    user, group = os.geteuid(), os.getegid()
    if LIBC.unshare(users | _NEW_NETWORK | _NEW_PIDS | _NEW_IPC | _NEW_NAMES) != 0:
        return False
    try:
        if users:
            # The same user inside: its files are still its own.
            Path("/proc/self/setgroups").write_text("deny")
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
    except OSError:
        return False
    return True


def die_with_parent() -> None:
    """The kernel kills this process when the thread that began it ends."""
    LIBC.prctl(_SET_DEATH_SIGNAL, 9, 0, 0, 0)


def adopt_orphans() -> None:
    """Whatever is begun below this process becomes its child when its parent ends."""
    LIBC.prctl(_SUBREAPER, 1, 0, 0, 0)


def be_unreadable(*, is_so: bool = True) -> None:
    """No other process of the same user may look into the memory of this one."""
    LIBC.prctl(_SET_DUMPABLE, int(not is_so), 0, 0, 0)


def keep_few_files(visible: Iterable[str], *, is_whole: bool) -> bool:
    """A file tree of its own: the system, Python, and ``visible``, all of it read-only, and HOME,
    writable and in memory. Whether it is there now.

    is_whole: keep the tree that there is, and mend /proc alone.
    """
    if LIBC.unshare(_NEW_MOUNTS) != 0 or not _mount("none", "/", flags=_PRIVATE | _RECURSIVE):
        return False
    shown = [*_SYSTEM, *_python(), *visible]
    bench = next((one for one in _WORKBENCHES if _is_free(one, shown)), None)
    try:
        if bench is not None and not is_whole:
            _build_tree(Path(bench), shown)
            return True
    except OSError:
        pass
    with suppress(OSError):
        _mount_proc(Path("/proc"))
    return False


def _is_free(bench: str, shown: Iterable[str]) -> bool:
    inside = any(f"{one}/".startswith(f"{bench}/") for one in shown)
    return Path(bench).is_dir() and not inside


def _build_tree(root: Path, shown: Iterable[str]) -> None:
    _must_mount("tmpfs", root, "tmpfs", _NO_SUID | _NO_DEVICES, "size=1m,mode=0755")
    for name in shown:
        path = Path(name)
        if path.is_symlink():
            place = root / path.relative_to("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            if not place.exists() and not place.is_symlink():
                place.symlink_to(path.readlink())
            path = path.resolve()
        if path.exists() and path != Path("/"):
            _show(path, root, _READ_ONLY | _NO_SUID | _NO_DEVICES)
    for name in _DEVICES:
        _show(Path(name), root, _NO_SUID | _NO_EXEC)
    (root / "proc").mkdir()
    _mount_proc(root / "proc")
    home = root / HOME.removeprefix("/")
    home.mkdir()
    options = f"size={FILE_BYTES_MAX},nr_inodes=4096,mode=0700"
    _must_mount("tmpfs", home, "tmpfs", _NO_SUID | _NO_DEVICES, options)
    os.chdir(root)
    _must(LIBC.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."))
    _must(LIBC.umount2(b".", _DETACH))
    os.chdir("/")
    _must_mount("none", Path("/"), flags=_REMOUNT | _BIND | _READ_ONLY | _NO_SUID | _NO_DEVICES)


_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def _python() -> Iterable[str]:
    """Where this interpreter and its modules lie."""
    yield from (sys.prefix, sys.base_prefix, sys.exec_prefix)
    yield from (str(Path(one).absolute()) for one in sys.path if one)


def _show(path: Path, root: Path, flags: int) -> None:
    """``path`` at the same place below ``root``, unless a directory above it is shown."""
    place = root / path.relative_to("/")
    if place.exists():
        return
    if path.is_dir():
        place.mkdir(parents=True)
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    _must_mount(str(path), place, flags=_BIND | _RECURSIVE)
    # With all that is mounted below it, from Linux 5.12 on.
    attributes = struct.pack("=QQQQ", flags, 0, 0, 0)
    arguments = (_SET_ATTRIBUTES, _AT_HERE, bytes(place), _AT_RECURSIVE, attributes)
    if LIBC.syscall(*arguments, len(attributes)) == 0:
        return
    # What was mounted with less may not be mounted with more: those flags are asked for again.
    kept = os.statvfs(place).f_flag & (_READ_ONLY | _NO_SUID | _NO_DEVICES | _NO_EXEC)
    _must_mount("none", place, flags=_REMOUNT | _BIND | flags | kept)


def _mount_proc(place: Path) -> None:
    """The processes of this namespace alone; nothing where the kernel does not let us."""
    with suppress(OSError):
        flags = _NO_SUID | _NO_DEVICES | _NO_EXEC
        _must_mount("proc", place, "proc", flags)
        if _linux() >= (6, 14):  # of this namespace; before, of the whole machine
            with suppress(OSError):
                (place / "sys/kernel/pid_max").write_text(str(_PIDS_MAX))
        _must_mount("proc", place, flags=_REMOUNT | _BIND | _READ_ONLY | flags)
        return
    _must_mount("tmpfs", place, "tmpfs", _READ_ONLY)


def _linux() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", os.uname().release)[:2])


def taken_bytes() -> int:
    """How much address space this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def keep_limits(address_space_bytes: int, *, counts_processes: bool) -> None:
    """What one process may take. counts_processes: the kernel counts those of this namespace
    alone; elsewhere it counts all that the user has, the server's threads among them.
    """
    for what, most in (
        (resource.RLIMIT_AS, address_space_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES_MAX),
        (resource.RLIMIT_FSIZE, FILE_BYTES_MAX),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        *([(resource.RLIMIT_NPROC, PROCESSES_MAX)] if counts_processes else []),
    ):
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))


def drop_rights(manifest: Manifest) -> tuple[str, ...]:
    """No capability, none to be had by any program, and few system calls. ``syscalls`` if so."""
    LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    for capability in range(_CAPABILITIES_MAX):
        LIBC.prctl(_DROP_BOUND, capability, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    LIBC.capset(header, (ctypes.c_uint32 * 6)())
    asked = {need.capability for need in manifest.needs}
    may_run_commands = Capability.RUN_COMMAND in asked
    return ("syscalls",) if refuse_syscalls(LIBC, may_run_commands=may_run_commands) else ()


def _mount(what: str, place: str, kind: str = "", flags: int = 0, options: str = "") -> bool:
    done = LIBC.mount(
        what.encode(),
        place.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    return bool(done == 0)


def _must_mount(what: str, place: Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    _must(0 if _mount(what, str(place), kind, flags, options) else -1)


def _must(done: int) -> None:
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
