"""Policies are asked in a process of their own, which a policy without end takes down alone."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock, Timer

import msgspec

from stella.kernel import Digest
from stella.policy import EngineError, PolicyCostsTooMuch
from stella.policy.worker import COMPUTING_S, Answer, Question, read_message, write_message

# Nothing secret of ours is in its environment.
_VARIABLES = ("PATH", "PYTHONPATH", "LANG", "LC_ALL")
# A worker that neither computes nor answers is no policy's doing; it must not hold us either.
_SILENT_S = 60.0
_ENDING_S = 2.0


class PolicyProcess:
    """One worker, begun with the first question and again after it ended. Safe for threads.

    ``ask`` stands for ``policy.engine.ask``, and is bounded: COMPUTING_S of a processor's time.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def ask(
        self, digest: Digest, files: Mapping[str, str], rules: Sequence[str], given: bytes
    ) -> list[bytes | None]:
        """Raises EngineError where the policy breaks, or costs too much."""
        question = Question(digest.text, dict(files), list(rules), given)
        with self._lock:
            content = self._asked(question)
        answer = msgspec.msgpack.decode(content, type=Answer)
        if answer.values is None:
            raise EngineError(answer.what, answer.place)
        return answer.values

    def close(self) -> None:
        """End the worker; another question would begin a new one."""
        with self._lock:
            self._end()

    def _asked(self, question: Question) -> bytes:
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        silence = Timer(_SILENT_S, process.kill)
        silence.start()
        try:
            write_message(process.stdin, question)
            content = read_message(process.stdout)
        except OSError:
            content = None
        finally:
            silence.cancel()
        if content is not None:
            return content
        raise PolicyCostsTooMuch(self._end())

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "stella.policy.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _VARIABLES if name in os.environ},
        )
        return self._process

    def _end(self) -> str:
        """Why it has ended, or ends now."""
        process, self._process = self._process, None
        if process is None:
            return ""
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # a question that nobody read
                    pipe.close()
        try:
            # It ends with its questions, or is about to have ended by itself: the code says why.
            code = process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if code == -signal.SIGPROF:
            return f"it was not done after {COMPUTING_S} s of computing"
        return "it needed more memory or stack than it is given"
