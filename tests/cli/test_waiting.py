"""Waiting for an end: what is said on the way, and who may come back."""

import pytest

from stella.cli.following import wait_for_promotion
from stella.cli.waiting import follow
from stella.client import ServerUnreachable
from stella.kernel import Remedy


def gone() -> ServerUnreachable:
    return ServerUnreachable("the server does not answer", remedy=Remedy("Start it."))


class Answers:
    """Gives one answer after the other, the last one for ever; a refusal is raised."""

    def __init__(self, *answers: object) -> None:
        self.answers = list(answers)

    def __call__(self) -> object:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def get(self, path: str) -> object:
        del path
        return self()


def seen(look: Answers, timeout_s: float = 5) -> object:
    return follow(
        look,
        is_over=lambda value: value == "end",
        tell=lambda value: [f"it is {value}"],
        timeout_s=timeout_s,
    )


def test_each_line_is_said_once(capsys: pytest.CaptureFixture[str]):
    assert seen(Answers("begun", "begun", "begun", "end")) == "end"
    assert capsys.readouterr().err.splitlines() == ["it is begun", "it is end"]


def test_a_server_that_comes_back_is_waited_for(capsys: pytest.CaptureFixture[str]):
    assert seen(Answers("begun", gone(), gone(), "end")) == "end"
    assert capsys.readouterr().err.count("trying again") == 1


def test_a_server_that_was_never_there_is_not_waited_for():
    with pytest.raises(ServerUnreachable):
        seen(Answers(gone()))


def test_when_the_time_is_up_the_last_is_given_back():
    assert seen(Answers("begun"), timeout_s=0) == "begun"
    assert seen(Answers("begun", gone()), timeout_s=0.2) == "begun"


def test_who_interrupts_the_waiting_is_told_that_it_goes_on(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(KeyboardInterrupt):
        wait_for_promotion(
            Answers(KeyboardInterrupt()), "prm_1", timeout_s=1, output="table", to=None
        )
    assert "prm_1 goes on without you: stella why prm_1" in capsys.readouterr().err
