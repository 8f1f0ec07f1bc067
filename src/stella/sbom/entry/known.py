"""Programs that only start another one, and interpreters: how each is told what to run."""

import msgspec

SHELLS = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})


class Wrapper(msgspec.Struct, frozen=True):
    """valued: options that take the next word. skipped: words before the command. user: which of them
    names whom it becomes, by place or by option; "" for none. word: what has to come first (``run``).
    sets: whether ``NAME=value`` may come before the command.
    """

    valued: frozenset[str] = frozenset()
    skipped: int = 0
    user: str = ""
    word: str = ""
    sets: bool = False


_PLAIN = Wrapper()
_USER_FIRST = Wrapper(skipped=1, user="0")
WRAPPERS: dict[str, Wrapper] = {
    **dict.fromkeys(("tini", "tini-static", "docker-init"), Wrapper(frozenset({"-e", "-p"}))),
    "dumb-init": Wrapper(frozenset({"-r", "--rewrite"})),
    **dict.fromkeys(("catatonit", "nohup", "setsid", "catchsegv", "chronic"), _PLAIN),
    **dict.fromkeys(("gosu", "su-exec", "s6-setuidgid", "setuser"), _USER_FIRST),
    "setpriv": Wrapper(
        frozenset(
            {
                *("--reuid", "--regid", "--groups", "--inh-caps", "--ambient-caps"),
                *("--bounding-set", "--securebits", "--pdeathsig", "--selinux-label"),
                *("--apparmor-profile", "--ruid", "--euid", "--rgid", "--egid"),
            }
        ),
        user="--reuid",
    ),
    "sudo": Wrapper(frozenset({"-u", "-g", "-h", "-p", "-C", "-r", "-t"}), user="-u", sets=True),
    "runuser": Wrapper(frozenset({"-u", "-g", "-G", "-s"}), user="-u"),
    "chpst": Wrapper(frozenset({"-u", "-U", "-b", "-e", "-n", "-l", "-L", "-m"}), user="-u"),
    "env": Wrapper(frozenset({"-u", "--unset", "-C", "--chdir"}), sets=True),
    "nice": Wrapper(frozenset({"-n", "--adjustment"})),
    "ionice": Wrapper(frozenset({"-c", "-n", "--class", "--classdata"})),
    "stdbuf": Wrapper(frozenset({"-i", "-o", "-e", "--input", "--output", "--error"})),
    "timeout": Wrapper(frozenset({"-k", "-s", "--kill-after", "--signal"}), skipped=1),
    "taskset": Wrapper(skipped=1),
    "xvfb-run": Wrapper(frozenset({"-s", "-n", "-e", "-f", "-w", "-p"})),
    **dict.fromkeys(("ddtrace-run", "opentelemetry-instrument"), _PLAIN),
    "newrelic-admin": Wrapper(word="run-program"),
    "bundle": Wrapper(word="exec"),
    **dict.fromkeys(("poetry", "pipenv", "uv", "pdm"), Wrapper(word="run")),
}

SUPERVISORS = frozenset(
    {"supervisord", "s6-svscan", "runsvdir", "init", "systemd", "my_init", "pm2-runtime", "circusd"}
)
"""They start programs of their own, which their settings name."""
RUNNERS = frozenset({"npm", "npx", "yarn", "pnpm", "bunx", "foreman", "honcho", "make"})
"""They start what a file of the application names."""


class Interpreter(msgspec.Struct, frozen=True):
    """valued: options that take the next word. code: those whose word is the program itself.

    module: options that name a module, file: those that name a file. words: what may come before the file.
    classes: whether the first word is a class, no file.
    """

    valued: frozenset[str] = frozenset()
    code: frozenset[str] = frozenset()
    module: frozenset[str] = frozenset()
    file: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    classes: bool = False


_PYTHON = Interpreter(
    valued=frozenset({"-W", "-X", "--check-hash-based-pycs"}),
    code=frozenset({"-c"}),
    module=frozenset({"-m"}),
)
_NODE = Interpreter(
    valued=frozenset(
        {
            *("-r", "--require", "--import", "--loader", "--experimental-loader", "-C"),
            *("--conditions", "--title", "--env-file", "--icu-data-dir"),
        }
    ),
    code=frozenset({"-e", "--eval", "-p", "--print"}),
    words=frozenset({"run"}),
)
_JAVA = Interpreter(
    valued=frozenset(
        {
            *("-cp", "-classpath", "--class-path", "-p", "--module-path", "--add-modules"),
            *("--add-opens", "--add-exports", "--add-reads", "--limit-modules", "--source"),
        }
    ),
    module=frozenset({"-m", "--module"}),
    file=frozenset({"-jar"}),
    classes=True,
)
_DOTNET = Interpreter(
    valued=frozenset(
        {
            *("--additionalprobingpath", "--fx-version", "--roll-forward", "--depsfile"),
            *("--runtimeconfig", "--additional-deps"),
        }
    ),
    words=frozenset({"exec"}),
)
_RUBY = Interpreter(valued=frozenset({"-I", "-r", "-C", "-E"}), code=frozenset({"-e"}))
_PERL = Interpreter(valued=frozenset({"-I"}), code=frozenset({"-e", "-E"}))
_PHP = Interpreter(
    valued=frozenset({"-c", "-d", "-z", "-S", "-t"}),
    code=frozenset({"-r", "-B", "-R"}),
    file=frozenset({"-f", "-F"}),
)
SHELL = Interpreter(
    valued=frozenset({"-o", "+o", "-O", "+O", "--rcfile", "--init-file"}), code=frozenset({"-c"})
)
# By their names without the version that may follow.
_INTERPRETERS = {
    **dict.fromkeys(("python", "pypy"), _PYTHON),
    **dict.fromkeys(("node", "nodejs", "bun", "deno"), _NODE),
    **dict.fromkeys(("ruby", "jruby"), _RUBY),
    **dict.fromkeys(SHELLS, SHELL),
    "java": _JAVA,
    "dotnet": _DOTNET,
    "perl": _PERL,
    "php": _PHP,
}


def interpreter_of(name: str) -> Interpreter | None:
    """How the interpreter of that name is told what to run; None for what is none."""
    return _INTERPRETERS.get(name.rstrip("0123456789."))


class Wrapped(msgspec.Struct, frozen=True):
    """What a wrapper starts. user: whom it becomes, empty for nobody else."""

    words: tuple[str, ...]
    user: str = ""
    variables: tuple[tuple[str, str], ...] = ()


def unwrapped(wrapper: Wrapper, words: tuple[str, ...]) -> Wrapped:
    """What is left of the words after a wrapper's name when all that is the wrapper's is taken."""
    left, user, seen = list(words), "", 0
    variables: list[tuple[str, str]] = []
    if wrapper.word:
        if left[:1] != [wrapper.word]:
            return Wrapped(())
        left.pop(0)
    is_option = True
    while left:
        word = left[0]
        if is_option and word.startswith("-") and len(word) > 1:
            left.pop(0)
            is_option = word != "--"
            name, equals, value = word.partition("=")
            if name in wrapper.valued and not equals:
                value = left.pop(0) if left else ""
            user = value if name == wrapper.user else user
        elif wrapper.sets and "=" in word and not word.startswith("="):
            name, _, value = left.pop(0).partition("=")
            variables.append((name, value))
        elif seen < wrapper.skipped:
            user = word if wrapper.user == str(seen) else user
            seen += 1
            left.pop(0)
        else:
            break
    return Wrapped(tuple(left), user, tuple(variables))


class Given(msgspec.Struct, frozen=True):
    """What an interpreter is given: one of the three, or nothing. rest: the words after it."""

    file: str = ""
    module: str = ""
    code: str = ""
    rest: tuple[str, ...] = ()


def given_to(interpreter: Interpreter, words: tuple[str, ...]) -> Given:
    """What the interpreter runs, by the words after its name."""
    at = 0
    while at < len(words):
        word = words[at]
        following, rest = words[at + 1 : at + 2], words[at + 2 :]
        if word in interpreter.file:
            return Given(file="".join(following), rest=rest)
        if _is_option(interpreter.module, word):
            return Given(module="".join(following), rest=rest)
        if _is_option(interpreter.code, word):
            return Given(code="".join(following) or " ", rest=rest)
        is_valued = interpreter is SHELL and _is_option(frozenset({"-o"}), word)
        if word in interpreter.valued or is_valued:
            at += 2
        elif (
            word == "--"
            or word in interpreter.words
            or (word.startswith(("-", "+")) and len(word) > 1)
        ):
            at += 1
        elif interpreter.classes:
            return Given(module=word, rest=words[at + 1 :])
        else:
            return Given(file=word, rest=words[at + 1 :])
    return Given()


def _is_option(options: frozenset[str], word: str) -> bool:
    """``-c``, and ``-ec``: short options may stand together, the one that takes a word at the end."""
    if word in options:
        return True
    letters = word[1:]
    is_cluster = word[:1] == "-" and 1 < len(letters) <= 8 and letters.isalpha()
    return is_cluster and letters[0].islower() and f"-{letters[-1]}" in options
