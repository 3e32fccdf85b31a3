"""A question to mlcore is answered by a process of its own, and whatever else may become of it is said in words."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.checkpoints.candidates import candidate, make_benchmark
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Evaluation
from webapp.jobs import services as jobs
from webapp.jobs.claims import Claim
from webapp.jobs.errors import Cancelled, JobFailed, LeaseLost
from webapp.jobs.models import JobStatus
from webapp.processes import questions
from webapp.processes.child import Child

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("long_lease")]
BROKE_OFF = JobFailed(code="broke_off", message="It broke off.")
FOREVER = "import time; time.sleep(60)"


@pytest.fixture
def claim(settings: Any, tmp_path: Path, long_lease: None) -> Claim[Evaluation]:
    settings.DATA_DIR = tmp_path
    candidate("old", live=True)
    make_benchmark()
    held = jobs.claim(Evaluation, checkpoints.measure(checkpoint=candidate("new"), by=None).pk, "worker")
    assert held is not None
    return held


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """Note every process that is started."""
    started: list[Child] = []

    class Noted(Child):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(questions, "Child", Noted)
    return started


def ask(claim: Claim[Evaluation], program: str, **options: float) -> dict[str, Any]:
    command = [sys.executable, "-c", program]
    return questions.ask(claim, command, refused="refused", broke_off=BROKE_OFF, **options)


def failure(claim: Claim[Evaluation], program: str, **options: float) -> tuple[str, str]:
    with pytest.raises(JobFailed) as caught:
        ask(claim, program, **options)
    return caught.value.code, caught.value.message


def test_the_last_line_is_the_answer(claim: Claim[Evaluation]) -> None:
    assert ask(claim, "print('warming up'); print('{\"steps\": 3}')") == {"steps": 3}


def test_the_process_is_told_to_end_with_its_worker(claim: Claim[Evaluation]) -> None:
    options = ask(claim, "import json, sys; print(json.dumps({'options': sys.argv[1:]}))")["options"]
    assert options == ["--end-with-parent", "300.0"]


def test_a_refusal_is_told_in_mlcores_own_words(claim: Claim[Evaluation]) -> None:
    assert failure(claim, "exit('mlcore: omniglot is not here')") == ("refused", "Omniglot is not here")


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.kill(os.getpid(), 9)",
        "raise ValueError",
        "exit(2)",
        "pass",
        "print('no answer')",
        "print('[1]')",
    ],
)
def test_what_breaks_off_or_answers_nonsense_is_said_in_the_given_sentence(
    claim: Claim[Evaluation], program: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert failure(claim, program) == ("broke_off", "It broke off.")
    assert str(claim.job.pk) in caplog.text


def test_what_takes_too_long_is_ended(claim: Claim[Evaluation], begun: list[Child]) -> None:
    assert failure(claim, FOREVER, within=0.3) == ("broke_off", "It broke off.")
    assert begun[0].returncode == -signal.SIGKILL


def test_cancelling_ends_the_process(claim: Claim[Evaluation], begun: list[Child]) -> None:
    jobs.cancel(claim.job)
    with pytest.raises(Cancelled) as caught:
        claim.renew()
    claim._stopped = caught.value
    with pytest.raises(Cancelled):
        ask(claim, FOREVER)
    assert begun[0].returncode == -signal.SIGKILL


def test_a_lease_that_runs_short_ends_the_process_and_leaves_the_job_to_another_attempt(
    claim: Claim[Evaluation], begun: list[Child]
) -> None:
    claim._renewed = time.monotonic() - 400
    with pytest.raises(LeaseLost):
        ask(claim, FOREVER)
    assert begun[0].returncode == -signal.SIGKILL
    claim.job.refresh_from_db()
    assert claim.job.status == JobStatus.RUNNING


def test_a_process_that_heard_nothing_of_its_worker_leaves_the_job_to_another_attempt(claim: Claim[Evaluation]) -> None:
    with pytest.raises(LeaseLost):
        ask(claim, "exit(143)")
