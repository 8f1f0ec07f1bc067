"""The filter of system calls, run as the kernel would: for both machines, whichever this is."""

import errno

import pytest

from stella.sdk.apart.syscalls import filter_steps

X86, ARM = (0, 0xC000003E), (1, 0xC00000B7)
ALLOWED, KILLED = 0x7FFF0000, 0x80000000


def refused(number: int) -> int:
    return 0x00050000 | number


def decide(
    machine: tuple[int, int], number: int, *arguments: int, commands: bool = False, at: int = 0
) -> int:
    """What the filter says to one call. at: the machine that the call is of, if another."""
    words = {0: number, 4: at or machine[1]}
    words |= {16 + 8 * place: value for place, value in enumerate(arguments)}
    steps = list(filter_steps(*machine, may_run_commands=commands))
    place, held = 0, 0
    while True:
        code, then, otherwise, value = steps[place]
        place += 1
        match code:
            case 0x20:
                held = words.get(value, 0)
            case 0x15:
                place += then if held == value else otherwise
            case 0x35:
                place += then if held >= value else otherwise
            case 0x45:
                place += then if held & value else otherwise
            case 0x06:
                return value


@pytest.mark.parametrize(
    ("machine", "connect", "bind", "read", "fork", "execve", "mount"),
    [(X86, 42, 49, 0, 57, 59, 165), (ARM, 203, 200, 63, None, 221, 40)],
)
def test_what_is_never_and_what_is_sometimes_allowed(
    machine: tuple[int, int],
    connect: int,
    bind: int,
    read: int,
    fork: int | None,
    execve: int,
    mount: int,
) -> None:
    for number in (connect, bind, mount):
        for commands in (False, True):
            assert decide(machine, number, commands=commands) == refused(errno.EPERM)
    assert decide(machine, read) == ALLOWED
    for number in (execve, *([fork] if fork is not None else [])):
        assert decide(machine, number) == refused(errno.EPERM)
        assert decide(machine, number, commands=True) == ALLOWED


@pytest.mark.parametrize(
    ("machine", "clone", "socket", "sendto", "sendmsg"),
    [(X86, 56, 41, 44, 46), (ARM, 220, 198, 206, 211)],
)
def test_what_depends_on_its_arguments(
    machine: tuple[int, int], clone: int, socket: int, sendto: int, sendmsg: int
) -> None:
    thread, new_users, fast_open = 0x10000, 0x10000000, 0x20000000
    assert decide(machine, clone, thread) == ALLOWED
    assert decide(machine, clone, 17) == refused(errno.EPERM)
    assert decide(machine, clone, 17, commands=True) == ALLOWED
    assert decide(machine, clone, 17 | new_users, commands=True) == refused(errno.EPERM)
    assert decide(machine, socket, 1) == ALLOWED
    for family in (2, 10, 16, 17, 40):
        assert decide(machine, socket, family) == refused(errno.EACCES)
    assert decide(machine, sendto, 3, 0, 0, 0) == ALLOWED
    assert decide(machine, sendto, 3, 0, 0, fast_open) == refused(errno.EPERM)
    assert decide(machine, sendmsg, 3, 0, 0) == ALLOWED
    assert decide(machine, sendmsg, 3, 0, fast_open) == refused(errno.EPERM)


def test_calls_by_another_name_are_no_way_round() -> None:
    assert decide(X86, 42, at=0x40000003) == KILLED, "the 32-bit calls of the same processor"
    assert decide(X86, 42 | 0x40000000) == refused(errno.ENOSYS), "x32"
    assert decide(X86, 463) == decide(ARM, 500) == refused(errno.ENOSYS), "of a later kernel"
    assert decide(X86, 435) == decide(ARM, 435, commands=True) == refused(errno.ENOSYS), "clone3"
