"""Why a training process ended is said in words that a person can act on; else, the run goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from webapp.processes.endings import KILLED, kernel_kills, reason


@pytest.fixture
def errors(tmp_path: Path) -> Path:
    path = tmp_path / "stderr.txt"
    path.write_text("step 1\nmlcore: the loss became nan at step 7; try a smaller outer_lr\n")
    return path


def test_what_mlcore_says_last_is_the_reason(errors: Path) -> None:
    assert reason(1, errors, kills=0, last=False) == "The loss became nan at step 7; try a smaller outer_lr"


def test_a_crash_has_no_reason_that_a_person_could_mend(errors: Path) -> None:
    errors.write_text("Traceback (most recent call last):\nValueError: no\n")
    assert reason(1, errors, kills=0, last=False) == ""


def test_a_kill_by_the_kernel_for_want_of_memory_says_so(errors: Path) -> None:
    assert "ran out of memory" in reason(KILLED, errors, kills=1, last=False)


def test_a_kill_by_somebody_else_is_no_reason_unless_it_happens_every_time(errors: Path) -> None:
    assert reason(KILLED, errors, kills=0, last=False) == ""
    assert "smaller batch" in reason(KILLED, errors, kills=0, last=True)


def test_the_kernel_counts_its_kills(tmp_path: Path) -> None:
    vmstat = tmp_path / "vmstat"
    vmstat.write_text("nr_free_pages 5\noom_kill 3\n")
    assert kernel_kills(vmstat) == 3
    assert kernel_kills(tmp_path / "nothing") == 0
