"""What is sent to a host by SSH: one shell script a command, read from standard input.

The command line that the host sees is always the same few words. Everything else goes by standard
input, which no ``ps`` shows: the words of the command, quoted so that none can become shell, and the
values of its environment. What is left of standard input afterwards is the line by which the command
is held (``lifeline``).
"""

import re
import shlex
from collections.abc import Iterable, Mapping

from stella.agent.lifeline import HELD
from stella.agent.machine import Command
from stella.sdk.files import checked_name

BEGUN = b"stella begins\n"
MISSING = b"stella misses it\n"
SMALL_BYTES_MAX = 32 * 1024
"""What is more is sent by a session of its own, whose end is the end of it."""
UNREADABLE = b"stella cannot use its directory\n"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# The directory of a project: the account's own, or the system's where that is root (also by sudo);
# or where the host's own administrator says, in the settings of sshd.
_PLACE = """
if [ -n "$STELLA_REACHED_DIRECTORY" ]; then place=$STELLA_REACHED_DIRECTORY
elif [ "$(id -u)" = 0 ]; then place=/var/lib/stella/reached
else place="${{XDG_STATE_HOME:-$HOME/.local/state}}/stella/reached"; fi
place="$place"/{project}
mask=$(umask)
{{ umask 077 && mkdir -p "$place" && cd "$place"; }} || {{ echo {unreadable}; exit 1; }}
"""


def shell_line(*, sudo: bool) -> str:
    """The command line of a session that reads a script from its input (``sent``), and does it."""
    rights = "sudo -n -- " if sudo else ""
    # Neither takes a byte more than it is told: the rest is for the command. POSIX has nothing quicker.
    return f'exec {rights}sh -c \'read -r size && eval "$(dd bs=1 count="$size" 2>/dev/null)"\''


def sent(script: bytes) -> bytes:
    """A script as a session reads it: its size, then itself."""
    return b"%d\n%s" % (len(script), script)


def command_script(project: str, command: Command) -> bytes:
    """Run it in the project's directory, held. Raises ValueError for words that no system takes."""
    size = len(command.stdin or b"")
    given = "exec 4</dev/null"
    if size:
        # Its own input ends where it ends; a file that has no name once it is open. A part of it, as on
        # a full disk, is none: what is taken from it in the middle may mean something else.
        given = (
            f"( umask 077; dd bs=1 count={size} 2>/dev/null >.stdin.$$ )\n"
            f'[ "$(wc -c <.stdin.$$)" -eq {size} ] ||'
            " { rm -f .stdin.$$; echo its input cannot be kept there >&2; exit 1; }\n"
            "exec 4<.stdin.$$; rm .stdin.$$"
        )
    return _whole(
        _place(project),
        'umask "$mask"',
        *_exported(command.environment),
        f"set -- {_words(command.argv)}",
        f'command -v "$1" >/dev/null 2>&1 || {{ echo {_quoted(MISSING)}; exit 127; }}',
        given,
        f"echo {_quoted(BEGUN)}",
        HELD,
    )


def write_script(project: str, name: str, size: int) -> bytes:
    """Place what follows as a file, whole or not at all; its path is told."""
    name, draft = checked_name(name), f".{checked_name(name)}.$$.new"
    return _whole(
        _place(project),
        f"trap 'rm -f {draft}' EXIT",
        f"{_taken(size)} >{draft} || exit 1",
        # A line that broke ends it too, in the middle.
        f'[ "$(wc -c <{draft})" -eq {size} ] || exit 1',
        f"sync {draft} 2>/dev/null || sync",
        f"[ ! -d {name} ] && mv -f {draft} {name} || {{ echo it is a directory >&2; exit 1; }}",
        "sync . 2>/dev/null || sync",
        f"echo {_quoted(BEGUN)}",
        f'printf %s "$place"/{name}',
    )


def read_script(project: str, name: str) -> bytes:
    """A file's content, after whether it is there."""
    name = checked_name(name)
    return _whole(
        _place(project),
        f"[ -e {name} ] || {{ echo {_quoted(MISSING)}; exit 0; }}",
        f"[ -r {name} ] || exit 1",
        f"echo {_quoted(BEGUN)}",
        f"exec cat {name}",
    )


def login_script(mark: str) -> bytes:
    """The account's own Docker configuration, after a new directory with all else of it."""
    return _whole(
        "umask 077",
        'own="${DOCKER_CONFIG:-$HOME/.docker}"',
        "base=/dev/shm; [ -d $base ] && [ -w $base ] || base=${TMPDIR:-/tmp}",
        # What an agent that was killed left is old by now: a login lives as long as one command.
        f'find "$base" -maxdepth 1 -name "stella-login-{mark}-*" -mmin +120 -exec rm -rf {{}} + 2>/dev/null',
        f'made=$(mktemp -d "$base/stella-login-{mark}-XXXXXXXX") || exit 1',
        'for one in "$own"/* "$own"/.[!.]*; do',
        '  [ -e "$one" ] && [ "${one##*/}" != config.json ] && ln -s "$one" "$made/"',
        "done",
        f"echo {_quoted(BEGUN)}",
        'echo "$made"',
        'cat "$own/config.json" 2>/dev/null; true',
    )


def login_file_script(directory: str, size: int) -> bytes:
    """What follows as the configuration in that directory."""
    file = shlex.quote(f"{directory}/config.json")
    return _whole(
        "umask 077",
        f"{_taken(size)} >{file} || exit 1",
        f'[ "$(wc -c <{file})" -eq {size} ] || exit 1',
        f"echo {_quoted(BEGUN)}",
    )


def forget_script(directory: str) -> bytes:
    """Remove a directory of ``login_script``."""
    return _whole(f"rm -rf -- {shlex.quote(directory)}", f"echo {_quoted(BEGUN)}")


def clerk_script(mark: str) -> bytes:
    """One small script after the other, each with all that it says and how it ended, and then ``mark``.

    A host takes a tenth of a second to begin a session; this one is begun once. It ends with the first
    that fails: that may have left some of a file's content unread, and what is content here must never
    be taken for a script. One that succeeds has counted all of it.
    """
    return _whole(
        f"echo {_quoted(BEGUN)}",
        "while read -r size; do",
        "  case $size in ''|*[!0-9]*) exit 1;; esac",
        '  ( eval "$(dd bs=1 count="$size" 2>/dev/null)" ) 2>&1',
        "  status=$?",
        f"  printf '\\n{mark} %s\\n' \"$status\"",
        '  [ "$status" = 0 ] || exit "$status"',
        "done",
    )


def _taken(size: int) -> str:
    """What reads so much of its input, and no more where that is little."""
    return "cat" if size > SMALL_BYTES_MAX else f"dd bs=1 count={size} 2>/dev/null"


def _place(project: str) -> str:
    return _PLACE.format(project=checked_name(project), unreadable=_quoted(UNREADABLE))


def _quoted(said: bytes) -> str:
    return shlex.quote(said.decode().rstrip("\n"))


def _words(words: Iterable[str]) -> str:
    return " ".join(map(_word, words))


def _word(word: str) -> str:
    if "\0" in word:
        raise ValueError("embedded null byte")
    return shlex.quote(word)


def _exported(environment: Mapping[str, str]) -> list[str]:
    for name in environment:
        if not _NAME.match(name):
            raise ValueError(f"{name[:40]!r} is no name of a variable")
    return [f"export {name}={_word(value)}" for name, value in sorted(environment.items())]


def _whole(*lines: str) -> bytes:
    """One that came in part is none: the shell reads it to its last brace before it does anything."""
    return "\n".join(("{", *lines, "}")).encode(errors="surrogateescape")
