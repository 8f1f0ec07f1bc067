"""ENTRYPOINT and CMD -> the program that is really run, over the merged layers. Nothing is executed.

Each step looks one program up and asks what it starts in turn, until there is one that starts none. Where
that cannot be told the answer is unknown, with the reason; where it rests on a guess, likely.
"""

from collections.abc import Mapping, Sequence

import msgspec

from stella.sbom.entry.known import (
    RUNNERS,
    SHELL,
    SUPERVISORS,
    WRAPPERS,
    Given,
    Interpreter,
    given_to,
    interpreter_of,
    unwrapped,
)
from stella.sbom.entry.words import (
    LINE_LETTERS_MAX,
    WORDS_LETTERS_MAX,
    WORDS_MAX,
    Unclear,
    arguments_set,
    last_command,
)
from stella.sbom.facts import Script
from stella.sbom.stack import Lies, Stack
from stella.sbom.traits import Confidence, EntryPoint, Step

_STEPS_MAX = 20
_VARIABLES_MAX = 1000
_WORD_LETTERS_MAX = 500
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UNKNOWN = EntryPoint("", "", "", "", "", Confidence.UNKNOWN, "", ())


def resolve_entry(
    stack: Stack,
    *,
    entrypoint: Sequence[str],
    command: Sequence[str],
    environment: Sequence[str],
    directory: str,
) -> EntryPoint:
    """What the image runs unless told otherwise. environment: ``NAME=value``; packages stay empty.

    Source: image-spec, "Conversion to OCI Runtime Configuration": CMD follows ENTRYPOINT.
    """
    words = (*entrypoint, *command)
    if not words:
        return msgspec.structs.replace(_UNKNOWN, reason="the image names no program")
    if len(words) > WORDS_MAX or sum(map(len, words)) > WORDS_LETTERS_MAX:
        return msgspec.structs.replace(_UNKNOWN, reason="it has more words than a program is given")
    # A longer variable is no program and no option of one.
    variables = dict(
        _assignment(text)
        for text in environment[:_VARIABLES_MAX]
        if "=" in text and len(text) <= LINE_LETTERS_MAX
    )
    way = _Way(stack, variables, directory or "/")
    how = "ENTRYPOINT" if entrypoint else "CMD"
    return way.follow(tuple(words), how)


def _assignment(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


class _Next(msgspec.Struct):
    """What is started next, and why."""

    words: tuple[str, ...]
    how: str


class _Way(msgspec.Struct):
    """From one program to the next. doubts: why the end may be another one."""

    stack: Stack
    variables: dict[str, str]
    directory: str
    user: str = ""
    steps: list[Step] = msgspec.field(default_factory=list)
    doubts: list[str] = msgspec.field(default_factory=list)
    done: set[tuple[str, ...]] = msgspec.field(default_factory=set)

    def follow(self, words: tuple[str, ...], how: str) -> EntryPoint:
        following: _Next | EntryPoint = _Next(words, how)
        while isinstance(following, _Next):
            if len(self.steps) >= _STEPS_MAX or following.words in self.done:
                return self._unknown("it starts itself again, or more programs than are followed")
            self.done.add(following.words)
            following = self._step(following)
        return following

    def _step(self, given: _Next) -> _Next | EntryPoint:
        name, *arguments = given.words
        rest = tuple(arguments)
        found = self._located(name)
        if isinstance(found, Unclear):
            return self._unknown(found.reason)
        self._passed(name, found, given.how)
        called = name.rpartition("/")[2]
        is_script = found.script is not None
        if not is_script and called in WRAPPERS:
            return self._wrapped(called, rest)
        if found.script is not None:
            return self._script(found, found.script, given.words)
        own = found.path.rpartition("/")[2]
        if called in RUNNERS:
            self.doubts.append("what it starts is named by a file of the application")
        for known in (interpreter_of(called), interpreter_of(own)):
            if known is not None:
                return self._interpreted(found, known, rest)
        if called in SUPERVISORS:
            self.doubts.append(f"{called} starts programs of its own")
        return self._end(program=f"/{found.path}")

    def _wrapped(self, name: str, words: tuple[str, ...]) -> _Next | EntryPoint:
        if name == "env" and words[:1] and words[0] in {"-S", "--split-string"}:
            words = (*" ".join(words[1:2]).split(), *words[2:])
        inner = unwrapped(WRAPPERS[name], words)
        self.variables |= dict(inner.variables)
        self.user = inner.user or self.user
        if not inner.words:
            return self._unknown(f"{name} is not told what to start")
        return _Next(inner.words, f"started by {name}")

    def _script(self, found: Lies, script: Script, words: tuple[str, ...]) -> _Next | EntryPoint:
        """A file with ``#!``: its interpreter runs it, and of a shell's script we know the end."""
        shebang = script.interpreter
        names = [word.rpartition("/")[2] for word in shebang if not word.startswith("-")]
        if names[:1] == ["env"]:
            names = names[1:]
        named = next(
            (word for word in shebang if word.rpartition("/")[2] == (names or [""])[0]), ""
        )
        interpreter = self._located(named) if named else Unclear("its #! line names no program")
        if isinstance(interpreter, Unclear):
            return self._unknown(f"/{found.path}: {interpreter.reason}")
        self._passed(names[0], interpreter, f"#! of /{found.path}")
        called = words[0].rpartition("/")[2]
        if called in WRAPPERS:
            return self._wrapped(called, words[1:])
        if interpreter_of(names[0]) is SHELL:
            return self._commands(found.path, script, words)
        if called in RUNNERS:
            self.doubts.append("what it starts is named by a file of the application")
        if called in SUPERVISORS:
            self.doubts.append(f"{called} starts programs of its own")
        return self._end(program=f"/{found.path}", interpreter=f"/{interpreter.path}")

    def _commands(self, path: str, script: Script, words: tuple[str, ...]) -> _Next | EntryPoint:
        """The command at the end of a shell's script. words: the script's name and its arguments."""
        if script.unread:
            return self._unknown(f"/{path}: {script.unread}")
        arguments = words
        if words[1:2] and words[1].startswith("-"):
            changed = arguments_set(script.sets, words)
            if changed is not None:
                self.doubts.append(f"/{path} puts a program before what are only options")
                arguments = changed
        line, number = script.last, script.line
        if not line.lstrip().startswith("exec") and script.exec:
            line, number = script.exec, script.exec_line
            self.doubts.append(f"/{path} does not end with its last exec")
        elif script.execs == 0:
            self.doubts.append(f"/{path} starts it and stays")
        if script.execs > 1:
            self.doubts.append(f"{script.execs} commands of /{path} begin with exec")
        if script.sets and "$@" in line and arguments is words:
            self.doubts.append(f"/{path} may change its arguments")
        return self._line(line, arguments, f"line {number} of /{path}", f"/{path}")

    def _line(
        self, line: str, arguments: Sequence[str], how: str, where: str
    ) -> _Next | EntryPoint:
        command = last_command(line, self.variables, arguments)
        if isinstance(command, Unclear):
            return self._unknown(f"{where}: {command.reason}")
        self.variables = dict(command.variables)
        if command.directory:
            self.directory = self._joined(command.directory)
        self.doubts += command.doubts
        return _Next(command.words, how)

    def _interpreted(
        self, found: Lies, known: Interpreter, words: tuple[str, ...]
    ) -> _Next | EntryPoint:
        given = given_to(known, words)
        own = f"/{found.path}"
        if known is SHELL:
            return self._shell(given, own)
        if given.code:
            return self._end(program=own, reason="its program is in its arguments")
        if given.module:
            if given.module.startswith("@"):
                self.doubts.append("its arguments are in a file")
            return self._end(module=given.module, interpreter=own)
        if not given.file:
            return self._end(program=own)
        path = self._joined(given.file)
        lies = self.stack.find(path.strip("/"))
        if lies is None:
            self.doubts.append(f"{path} was not noted in any layer")
        else:
            self._passed(given.file, lies, f"given to {found.path.rpartition('/')[2]}")
        real = f"/{lies.path}" if lies else path
        return self._end(program=real, interpreter=own)

    def _shell(self, given: Given, own: str) -> _Next | EntryPoint:
        if given.code:
            arguments = given.rest or (own,)
            return self._line(given.code, arguments, "the shell's -c", "the shell's -c")
        if not given.file:
            return self._end(program=own)
        path = self._joined(given.file)
        lies = self.stack.find(path.strip("/"))
        if lies is None:
            return self._unknown(f"{path} was not noted in any layer")
        self._passed(given.file, lies, "given to the shell")
        if lies.script is None:
            return self._unknown(f"{path} is no script that was read")
        return self._commands(lies.path, lies.script, (given.file, *given.rest))

    def _located(self, name: str) -> Lies | Unclear:
        """The file that is run where ``name`` is asked for: by its path, or along PATH."""
        if "/" in name:
            path = self._joined(name)
            found = self.stack.find(path.strip("/"))
            if found is None or not found.is_program:
                return Unclear(f"no layer has a program {path[:_WORD_LETTERS_MAX]}")
            return found
        for place in (self.variables.get("PATH") or _PATH).split(":")[:100]:
            found = self.stack.find(f"{self._joined(place or '.')}/{name}".strip("/"))
            if found is not None and found.is_program:
                return found
        return Unclear(f"no program {name[:_WORD_LETTERS_MAX]!r} lies along PATH")

    def _joined(self, path: str) -> str:
        """Absolute, without ``.`` and ``..``."""
        parts: list[str] = []
        whole = path if path.startswith("/") else f"{self.directory}/{path}"
        for part in whole.split("/"):
            if part == "..":
                del parts[-1:]
            elif part not in {"", "."}:
                parts.append(part)
        return "/" + "/".join(parts)

    def _passed(self, what: str, found: Lies, how: str) -> None:
        self.steps.append(Step(what[:_WORD_LETTERS_MAX], f"/{found.path}", how, "", found.layer))

    def _end(
        self,
        *,
        program: str = "",
        interpreter: str = "",
        module: str = "",
        reason: str = "",
    ) -> EntryPoint:
        reasons = list(dict.fromkeys([*self.doubts, *([reason] if reason else [])]))
        return EntryPoint(
            program=program,
            interpreter=interpreter,
            module=module[:_WORD_LETTERS_MAX],
            user=self.user,
            package="",
            confidence=Confidence.LIKELY if reasons else Confidence.CERTAIN,
            reason="; ".join(reasons),
            steps=tuple(self.steps),
        )

    def _unknown(self, reason: str) -> EntryPoint:
        return msgspec.structs.replace(
            _UNKNOWN, reason=reason, user=self.user, steps=tuple(self.steps)
        )


def paths_of(entry: EntryPoint) -> set[str]:
    """Every path of the way, as layers name them: without first slash."""
    ways = (entry.program, entry.interpreter, *(step.path for step in entry.steps))
    return {path.strip("/") for path in ways if path}


def with_packages(entry: EntryPoint, packages: Mapping[str, str], own: str) -> EntryPoint:
    """The same way, each step with who brought it. packages: path -> purl; own: of the program."""
    steps = tuple(
        msgspec.structs.replace(step, package=packages.get(step.path.strip("/"), ""))
        for step in entry.steps
    )
    package = packages.get(entry.program.strip("/"), "") or own
    return msgspec.structs.replace(entry, steps=steps, package=package)
