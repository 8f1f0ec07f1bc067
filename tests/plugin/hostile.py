"""A plugin that does harm: the repository's name says which. Runs in its process only."""

import ctypes
import os
import signal
import socket
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from stella.sdk import Descriptor, Digest, ImageNotFound, Plugin, RawManifest, Remedy, StellaError

LEAK: list[bytes] = []


class Text(str):
    __slots__ = ()


class Angry(Exception):
    def __str__(self) -> str:
        raise SystemExit("no text")


def block():
    signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
    while True:
        time.sleep(1000)


def fork_and_stay():
    """A daemon that nothing of its parent's ends: another session, no signal at its parent's end."""
    ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            block()
        os._exit(0)
    return ("stayed",)


def bomb():
    """Bounded, in case nothing else bounds it."""
    made = 0
    try:
        for made in range(400):  # noqa: B007
            if os.fork() == 0:
                block()
    except OSError:
        pass
    return (str(made),)


def allocate():
    while True:
        LEAK.append(bytes(32 << 20))


def nested():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    return deep


def write_everywhere():
    for descriptor in range(3, 4096):
        try:
            os.write(descriptor, b"\xff garbage " * 100)
        except OSError:
            continue
    return ()


def claim_a_large_frame():
    for descriptor in range(3, 4096):
        try:
            os.write(descriptor, b"m\xff\xff\xff\xff")
        except OSError:
            continue
    block()


def say_many_values():
    content = b'["Result", {"value": {"value": [' + b"[]," * 2_000_000 + b"[]]}}]"
    for descriptor in range(3, 4096):
        try:
            os.write(descriptor, b"m" + len(content).to_bytes(4))
            os.write(descriptor, content)
        except OSError:
            continue
    block()


def send_descriptors():
    """Fill the host's table of descriptors."""
    for descriptor in range(3, 4096):
        try:
            line = socket.socket(fileno=descriptor)
        except OSError:
            continue
        for _ in range(10):
            socket.send_fds(line, [b"m"], [0] * 100)
    block()


def look_around():
    """What of the server can be seen."""
    seen = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            seen += [one for one in path.read_bytes().decode().split("\0") if "HIDDEN" in one]
        except OSError:
            continue
    seen += [name for name in os.environ if "HIDDEN" in name]
    seen += [str(path) for path in Path("/").glob("*") if path.name in {"home", "var", "run"}]
    return tuple(seen)


def write_files():
    """Wherever files can be made: in every directory that is there, two levels deep."""
    made = []
    for folder in {*Path("/").glob("*/"), *Path("/").glob("*/*/"), *map(Path, ["/", *sys.path])}:
        try:
            (folder / "was-here").touch()
            made.append(str(folder))
        except OSError:
            continue
    try:
        Path("/proc/sys/kernel/core_pattern").write_text("core")
        made.append("core_pattern")
    except OSError:
        pass
    return tuple(made)


def burn_in_a_thread():
    """Without end, whoever still needs it."""

    def burn():
        while True:
            pass

    threading.Thread(target=burn).start()
    return ("burning",)


def speak_in_a_thread():
    """After the answer, unasked."""

    def speak():
        time.sleep(0.05)
        write_everywhere()

    threading.Thread(target=speak).start()
    return ("soon",)


def open_sockets():
    told = []
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_VSOCK):
        try:
            socket.socket(family, socket.SOCK_STREAM if family != socket.AF_NETLINK else 3)
            told.append(family.name)
        except OSError:
            continue
    return tuple(told)


def harm(*actions):
    return {action.__name__.replace("_", "-"): action for action in actions}


def exit_at_once():
    os._exit(3)


def raise_exit():
    raise SystemExit(4)


def raise_interrupt():
    raise KeyboardInterrupt


def raise_angry():
    raise Angry


def raise_unknown():
    class Own(StellaError):
        code = "ST-OWN-001"

    raise Own("mine", remedy=Remedy("Nothing."))


def raise_hosts_own():
    class Lie(StellaError):
        code = "ST-PLG-005"

    raise Lie("mine", remedy=Remedy("Nothing."))


def refuse():
    error = ImageNotFound("not \x1b[31mthere", remedy=Remedy("Push it.", "push"))
    error.facts = {"message": "m", "self": "s", "digest": Digest.of(b"")}
    raise error


def refuse_in_depth():
    error = ImageNotFound("deep", remedy=Remedy("Dig."))
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    error.facts = {"deep": deep}
    raise error


def hide_memory():
    """Where no limit of a process counts it."""
    libc = ctypes.CDLL(None, use_errno=True)
    told = []
    for name, *arguments in (("memfd_create", b"x", 0), ("shmget", 0, 1 << 20, 0o1600)):
        if getattr(libc, name)(*arguments) >= 0:
            told.append(name)
    return tuple(told)


def refuse_at_length():
    raise ImageNotFound("x" * 100_000, remedy=Remedy("y" * 100_000), z="z" * 100_000)


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def kill_everybody():
    assert os.getpid() == 2, "everybody would be everybody"
    for pid in (-1, 1, os.getppid()):
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue
    return ("alive",)


def kill_its_group():
    os.kill(0, signal.SIGKILL)


def overflow():
    return overflow()


def leak_descriptors():
    while True:
        os.dup(1)


def print_much():
    for _ in range(2000):
        sys.stdout.write("noise " * 300)
        sys.stderr.write("noise " * 300)
    return ("printed",)


HARM = harm(
    *(block, fork_and_stay, bomb, allocate, nested, write_everywhere, claim_a_large_frame),
    *(
        say_many_values,
        send_descriptors,
        look_around,
        speak_in_a_thread,
        open_sockets,
        burn_in_a_thread,
        write_files,
    ),
    *(exit_at_once, raise_exit, raise_interrupt, raise_angry, raise_unknown, raise_hosts_own),
    *(refuse, refuse_at_length, refuse_in_depth, hide_memory, overflow, leak_descriptors),
    *(kill_itself, kill_its_group, kill_everybody, print_much),
) | {
    "wrong-type": lambda: 7,
    "wrong-item": lambda: ("a", 2),
    "float": lambda: (1.5,),
    "half-a-pair": lambda: ("\ud800",),
    "too-large": lambda: ("x" * (9 << 20),),
    "subclass": lambda: (Text("a"),),
    "nothing": lambda: None,
}


class Hostile:
    def __init__(self, config):
        self.host = config.host
        self._config = config

    def tags(self, repository):
        action = HARM.get(repository)
        return (repository,) if action is None else action()

    def manifest(self, repository, reference):
        content = b"other" if repository == "lie" else b"{}"
        return RawManifest("text/plain", Digest.of(b"{}"), content)

    def put_blob(self, repository, content):
        return Descriptor("text/plain", Digest.of(content), len(content))

    def referrers(self, repository, subject, artifact_type=None):
        """What the doors of the host gave."""
        while repository == "login-without-end":
            self._config.login()
        if repository == "login":
            user, password = self._config.login()
            os.write(2, f"the password is {password}".encode())
            raise ImageNotFound(f"{user} {password}", remedy=Remedy(password), at=[password])
        host, port = repository.split("/")
        with self._config.connect(host, int(port), 2.0) as connected:
            connected.sendall(b"hello")
            heard = connected.recv(100)
            os.write(1, heard)
            try:
                # Elsewhere, in the network of the host: disconnected first, then connected again.
                ctypes.CDLL(None).connect(connected.fileno(), b"\0" * 16, 16)
                connected.connect((host, int(artifact_type)))
            except OSError as error:
                raise ImageNotFound(
                    f"{heard.decode()} {error.strerror}", remedy=Remedy("")
                ) from None
        return ()

    @contextmanager
    def blob(self, repository, descriptor):
        def pieces():
            yield b"ok"
            if repository == "kill":
                kill_itself()
            elif repository == "hang":
                block()
            elif repository == "text":
                yield "text"
            elif repository == "refuse":
                refuse()
            while repository == "endless":
                yield b"x" * 100_000
            while repository == "empty":
                yield b""

        yield pieces()
        if repository == "hang-at-the-end":
            block()


PLUGIN = Plugin(registries={"hostile": Hostile})
