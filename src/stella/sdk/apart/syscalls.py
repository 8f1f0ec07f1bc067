"""What a plugin's process may not ask of the kernel: a seccomp filter, made without any library.

It has to hold where no namespace is to be had, and one thing that no namespace holds: a connected
socket that the host hands in belongs to the host's network, and could be connected elsewhere.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterator

# number of each on x86-64 and on 64-bit ARM (-1: has none). Source: Linux, arch/*/syscall*.tbl
_ALWAYS = {
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "ptrace": (101, 117),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "mount": (165, 40),
    "umount2": (166, 39),
    # Memory that no limit of a process counts.
    "shmget": (29, 194),
    "msgget": (68, 186),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "init_module": (175, 105),
    "kexec_load": (246, 104),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "unshare": (272, 97),
    "perf_event_open": (298, 241),
    "open_by_handle_at": (304, 265),
    "setns": (308, 268),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "finit_module": (313, 273),
    "kexec_file_load": (320, 294),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "pidfd_getfd": (438, 438),
    "mount_setattr": (442, 442),
}
# Without the capability run_command.
_COMMANDS = {
    "fork": (57, -1),
    "vfork": (58, -1),
    "execve": (59, 221),
    "execveat": (322, 281),
}
_CLONE, _CLONE3, _SOCKET = (56, 220), (435, 435), (41, 198)
# system call -> which of its arguments are flags that may not hold MSG_FASTOPEN: it connects.
_SENDING = {"sendto": ((44, 206), 3), "sendmsg": ((46, 211), 2), "sendmmsg": ((307, 269), 3)}
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}

_CLONE_THREAD, _CLONE_NEWUSER, _MSG_FASTOPEN, _AF_UNIX = 0x10000, 0x10000000, 0x20000000, 1
# The first one that was not known when the tables were written, of both machines; and all of x32.
_UNKNOWN = 463
# Classic BPF: load a word, jump if equal, if greater or equal, if a bit is set, return.
_LD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

Step = tuple[int, int, int, int]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def refuse_syscalls(libc: ctypes.CDLL, *, may_run_commands: bool) -> bool:
    """Whether the filter is in force now, for this process and all that it begins, for ever.

    Wants no_new_privs. Not to be had on other machines, and in kernels without seccomp.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return False
    steps = b"".join(
        struct.pack("=HBBI", *step)
        for step in filter_steps(*machine, may_run_commands=may_run_commands)
    )
    program = _Program(len(steps) // 8, steps)
    done = libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(program), 0, 0)
    return bool(done == 0)


def filter_steps(column: int, machine: int, *, may_run_commands: bool) -> Iterator[Step]:
    """The filter. column: of the tables above; machine: as the kernel names it (AUDIT_ARCH)."""
    yield _load(_MACHINE_AT)
    yield from _when(_JEQ, machine, [], otherwise=[_return(_KILL)])
    yield _load(_NUMBER_AT)
    yield from _when(_JGE, _UNKNOWN, [_error(errno.ENOSYS)])
    refused = dict(_ALWAYS) if may_run_commands else {**_ALWAYS, **_COMMANDS}
    for numbers in refused.values():
        if numbers[column] >= 0:
            yield from _when(_JEQ, numbers[column], [_error(errno.EPERM)])
    # Its flags lie in memory, where no filter looks; the C library then takes clone.
    yield from _when(_JEQ, _CLONE3[column], [_error(errno.ENOSYS)])
    clone = [_load(_ARGUMENTS_AT)]
    if may_run_commands:
        clone += [*_when(_JSET, _CLONE_NEWUSER, [_error(errno.EPERM)]), _return(_ALLOW)]
    else:
        clone += [*_when(_JSET, _CLONE_THREAD, [_return(_ALLOW)]), _error(errno.EPERM)]
    yield from _when(_JEQ, _CLONE[column], clone)
    # Also those kinds of socket that belong to no network namespace.
    family = [_load(_ARGUMENTS_AT), *_when(_JEQ, _AF_UNIX, [_return(_ALLOW)])]
    yield from _when(_JEQ, _SOCKET[column], [*family, _error(errno.EACCES)])
    for numbers, argument in _SENDING.values():
        flags = [_load(_ARGUMENTS_AT + 8 * argument)]
        flags += [*_when(_JSET, _MSG_FASTOPEN, [_error(errno.EPERM)]), _return(_ALLOW)]
        yield from _when(_JEQ, numbers[column], flags)
    yield _return(_ALLOW)


def _when(
    test: int, value: int, then: list[Step], otherwise: list[Step] | None = None
) -> list[Step]:
    """``then`` where the test holds, else ``otherwise``; after that, what follows."""
    if otherwise is not None:
        assert not then
        return [(test, len(otherwise), 0, value), *otherwise]
    return [(test, 0, len(then), value), *then]


def _load(offset: int) -> Step:
    return (_LD, 0, 0, offset)


def _return(what: int) -> Step:
    return (_RET, 0, 0, what)


def _error(number: int) -> Step:
    return _return(_ERRNO | number)
