"""What the documentation tells people to type runs: every command of README and docs/, made small."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from django.core.management import call_command
from django.db import connection

from benchmarks import live_run
from mlcore.checkpoints.card import CARD_FILE, ModelCard, pretrained_cards
from mlcore.cli.main import main as mlcore
from tests.docs.documented import ROOT, Command, commands_in, documented_commands
from tests.docs.made_small import filled, made_small, unfilled
from tests.running import free_port, made, python, valkey, wait_until
from tests.stack import Stack
from webapp.training.management.commands import sweep
from webapp.training.models import Sweep
from webapp.training.sweeps import services as sweeps

COMMANDS = documented_commands()
TRAINED_ALONE = {"GLOO_SOCKET_IFNAME": "lo", "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True)
class Known:
    """A documented command that cannot end well, why, and what it ends with: once it does not, the entry must go."""

    page: str
    word: str
    why: str
    error: type[Exception]
    message: str

    def covers(self, command: Command) -> bool:
        """Say whether this is the command."""
        return self.page == command.page and self.word in command.arguments and "--help" not in command.arguments


KNOWN = [
    Known(
        "docs/faces.md",
        "--peers",
        "the detectors that it compares come in packages that are not installed with Glimpse",
        FileNotFoundError,
        "centerface.onnx",
    ),
]


def starts_a_site(command: Command) -> bool:
    """Say whether it is a benchmark of a running site."""
    return command.program.startswith("benchmarks.") and hasattr(import_module(command.program), "running_site")


def starts_runs(command: Command) -> bool:
    """Say whether it is a benchmark of runs in a site: drawing their strokes alone takes half a minute a start."""
    return starts_a_site(command) and getattr(import_module(command.program), "start", None) is live_run.start


OF_MLCORE = [command for command in COMMANDS if command.program == "mlcore"]
ON_SITES = [command for command in COMMANDS if starts_a_site(command) and not starts_runs(command)]
OF_RUNS = [command for command in COMMANDS if starts_runs(command)]
BENCHMARKS = [c for c in COMMANDS if c.program.startswith("benchmarks.") and not starts_a_site(c)]
CLOCK = [command for command in COMMANDS if (command.program, *command.arguments) == ("manage.py", "clock")]
MANAGEMENT = [c for c in COMMANDS if c.program == "manage.py" and c not in CLOCK]
TORCHRUN = [command for command in COMMANDS if command.program == "torchrun"]
CELERY = [command for command in COMMANDS if command.program == "celery"]


def cases(commands: list[Command]) -> pytest.MarkDecorator:
    """Return a parametrisation whose ids say where each command stands."""
    return pytest.mark.parametrize("command", commands, ids=[command.id for command in commands])


def expecting(command: Command) -> AbstractContextManager[object]:
    """Expect that a command ends well, or as it is known to."""
    known = next((entry for entry in KNOWN if entry.covers(command)), None)
    return nullcontext() if known is None else pytest.raises(known.error, match=known.message)


def typed(command: Command) -> tuple[str, ...]:
    """Return what is run."""
    return (command.program, *made_small(command))


def status_of(arguments: tuple[str, ...]) -> int | str | None:
    """Run a command of mlcore; return its exit status."""
    try:
        return mlcore(arguments)
    except SystemExit as ended:
        return ended.code


@pytest.fixture(scope="module")
def already_run() -> set[tuple[str, ...]]:
    """Return what was run: commands of two pages that are small in the same way run once."""
    return set()


def make_checkpoint(command: Command) -> None:
    """Make the checkpoint that a command reads as its own page says, if there is none, and without training it."""
    name = command.option("--checkpoint")
    maker = next((other for other in OF_MLCORE if name and other.option("--out") == name), None)
    if maker and not (Path(str(name)) / CARD_FILE).is_file():
        steps = ("1",) if maker.arguments[0] == "faces" else ("0",)
        assert status_of((*made_small(maker), "--steps", *steps)) == 0


@cases(OF_MLCORE)
def test_a_command_of_mlcore_runs(command: Command, working_folder: Path, already_run: set[tuple[str, ...]]) -> None:
    if typed(command) not in already_run:
        make_checkpoint(command)
        with expecting(command):
            assert not status_of(made_small(command))
        already_run.add(typed(command))


@cases(BENCHMARKS)
def test_a_benchmark_runs(command: Command, working_folder: Path, already_run: set[tuple[str, ...]]) -> None:
    if typed(command) not in already_run:
        with expecting(command):
            assert not import_module(command.program).main(made_small(command))
        already_run.add(typed(command))


@pytest.fixture(scope="module")
def outcomes_on_a_site(drawn_folder: Path) -> dict[tuple[str, ...], str]:
    """Run every benchmark of a site over one site; return the traceback of each, or nothing."""
    commands = list(dict.fromkeys(typed(command) for command in ON_SITES))
    done = subprocess.run(
        python("-m", "tests.docs.site_benchmarks"),
        input=json.dumps([[program, arguments] for program, *arguments in commands]),
        cwd=drawn_folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(commands, json.loads(done.stdout), strict=True))


@cases(ON_SITES)
def test_a_benchmark_of_a_site_runs(command: Command, outcomes_on_a_site: dict[tuple[str, ...], str]) -> None:
    assert outcomes_on_a_site[typed(command)] == ""


class SiteStarted(Exception):
    """Raised in place of a site that is started."""


@cases(OF_RUNS)
def test_a_benchmark_of_runs_reads_its_options_and_starts_a_site(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    benchmark = import_module(command.program)
    monkeypatch.setattr(benchmark, "running_site", Mock(side_effect=SiteStarted))
    with pytest.raises(SiteStarted):
        benchmark.main(made_small(command))


BEFORE = {
    "rollback_checkpoint": [("publish_checkpoint", "--reason")],
    "schedule_retraining": [("schedule_retraining", "--run")],
    "--resume": [("schedule_retraining", "--pause")],
}
"""What a command takes for granted, by a word of it: documented commands, each by two of its words."""


def preceding(command: Command) -> list[Command]:
    """Return the documented commands that must come before; none where a command makes what it is about."""
    pairs = [pair for word, pairs in BEFORE.items() if word in command.arguments for pair in pairs]
    return [next(c for c in MANAGEMENT if {*pair} <= {*c.arguments}) for pair in pairs if not command.option("--run")]


@cases(MANAGEMENT)
def test_a_management_command_runs(
    command: Command, run_id: str, working_folder: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.DATA_DIR = working_folder
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a-long-one-for-grace")
    monkeypatch.setattr(sweep, "sleep", lambda _seconds: sweeps.end_sweep(sweep=Sweep.objects.get()))
    for each in (*preceding(command), command):
        call_command(*(run_id if word == "RUN_ID" else word for word in made_small(each)))


@cases(CLOCK)
def test_the_clock_runs_until_it_is_told_to_end(command: Command, db: None, server_folder: Path) -> None:
    site = Stack(made(folder := server_folder / "documented"), valkey(folder))
    with closing(sqlite3.connect(connection.settings_dict["NAME"])) as ours:
        ours.backup(sqlite3.connect(folder / "glimpse.sqlite3"))
    try:
        clock = site.start("clock", "-u", str(ROOT / "manage.py"), *made_small(command))
        clock.wait_for(lambda: "The clock runs" in clock.log.read_text())
        clock.terminate()
        wait_until(lambda: not clock.is_running(), 30, "the end of the clock")
        assert "Traceback" not in clock.log.read_text()
    finally:
        site.stop()
        site.broker.stop()


@cases(TORCHRUN)
def test_torchrun_starts_a_run(command: Command, working_folder: Path) -> None:
    environment = {**os.environ, **TRAINED_ALONE, "PET_MASTER_PORT": str(free_port())}
    program = str(Path(sys.executable).with_name("torchrun"))
    done = subprocess.run([program, "-m", "mlcore", *made_small(command)], env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert (working_folder / "runs" / "shared" / "card.json").is_file()


@cases(CELERY)
def test_celery_finds_its_app_and_knows_its_options(command: Command) -> None:
    done = subprocess.run(python("-m", "celery", *made_small(command)), cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, "Usage: " in done.stdout) == (0, True), done.stderr


@pytest.mark.parametrize("name", sorted(pretrained_cards()))
def test_the_command_on_a_card_is_right_up_to_its_data(
    name: str, working_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card: ModelCard = pretrained_cards()[name]
    commands = commands_in(f"`{card.command}`", f"{name}/card.json")
    assert commands
    for command in commands:
        if command.program != "mlcore":
            assert typed(command) in {typed(other) for other in COMMANDS}
            continue
        arguments = [word.removeprefix("mlcore/pretrained/") for word in filled(command)]
        assert status_of((*arguments, "--data-root", "nowhere")) == 1
        assert "nowhere" in capsys.readouterr().err


def test_every_command_is_run_by_one_test_and_has_its_words_filled_in() -> None:
    run = [*OF_MLCORE, *BENCHMARKS, *ON_SITES, *OF_RUNS, *MANAGEMENT, *CLOCK, *TORCHRUN, *CELERY]
    assert sorted(run, key=COMMANDS.index) == COMMANDS
    assert {command.id: words for command in COMMANDS if (words := unfilled(command))} == {}


def test_every_known_failure_is_one_of_a_command() -> None:
    assert [entry for entry in KNOWN if not any(entry.covers(command) for command in COMMANDS)] == []
