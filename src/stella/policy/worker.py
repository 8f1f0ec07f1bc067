"""A process that asks policies, for whoever cannot wait for one without end.

The engine knows no limit of time, holds Python's lock while it works, and ends its whole process
where a policy needs too much memory or stack. Here all of that ends this process alone, and also
where nobody is left to end it: the kernel counts.
"""

import os
import resource
import signal
from typing import IO

import msgspec

from stella.kernel import Digest
from stella.policy.engine import EngineError, ask

COMPUTING_S = 5
MEMORY_BYTES = 2 << 30
_LENGTH_BYTES = 8


class Question(msgspec.Struct, frozen=True):
    """What ``ask`` takes."""

    digest: str
    files: dict[str, str]
    rules: list[str]
    given: bytes


class Answer(msgspec.Struct, frozen=True):
    """What ``ask`` gives; values is None where it raised, and what and place say why."""

    values: list[bytes | None] | None
    what: str = ""
    place: str = ""


def write_message(file: IO[bytes], message: Question | Answer) -> None:
    """One message, after its length."""
    content = msgspec.msgpack.encode(message)
    file.write(len(content).to_bytes(_LENGTH_BYTES) + content)
    file.flush()


def read_message(file: IO[bytes]) -> bytes | None:
    """The next message's bytes; None where the other side has ended."""
    length = file.read(_LENGTH_BYTES)
    if len(length) < _LENGTH_BYTES:
        return None
    content = file.read(int.from_bytes(length))
    return content if len(content) == int.from_bytes(length) else None


def main() -> None:
    """Answer questions from standard input until it ends."""
    # What else is printed must not come between the answers.
    with os.fdopen(os.dup(0), "rb") as questions, os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # The signal's own effect, which needs no turn of the interpreter: the process ends.
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for who asks; their end is ours
        while (content := read_message(questions)) is not None:
            write_message(answers, _answer(msgspec.msgpack.decode(content, type=Question)))


def _answer(question: Question) -> Answer:
    signal.setitimer(signal.ITIMER_PROF, COMPUTING_S)
    try:
        digest = Digest(question.digest)
        return Answer(ask(digest, question.files, question.rules, question.given))
    except EngineError as error:
        return Answer(None, error.what, error.place)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


if __name__ == "__main__":
    main()
