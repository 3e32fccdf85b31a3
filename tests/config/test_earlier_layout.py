"""A data folder of an earlier layout is met by one sentence that says what to do, whatever process meets it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.running import free_port
from tests.stack import SECRET_KEY
from webapp.config.earlier_layout import own_migrations

ROOT = Path(__file__).resolve().parents[2]
OLD = [("contenttypes", "0001_initial"), ("training", "0001_initial"), ("training", "0002_retraining")]
CELERY = ["-m", "celery", "--app", "webapp.config.celery", "worker", "--concurrency", "1"]
PROCESSES = {
    "make run": ["-m", "launch"],
    "its preparation": ["-m", "launch.preparation"],
    "migrate": ["manage.py", "migrate"],
    "the clock": ["manage.py", "clock"],
    "the web server": ["-m", "webapp.front"],
    "a worker": CELERY,
}


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Make a data folder whose database holds migrations that there are no more."""
    folder = tmp_path / "earlier"
    folder.mkdir()
    record(folder, OLD)
    return folder


def record(folder: Path, migrations: Sequence[tuple[str, str]]) -> None:
    """Write a database that holds a note of some migrations and nothing else."""
    connection = sqlite3.connect(folder / "glimpse.sqlite3")
    with connection:
        connection.execute("CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT, applied TEXT)")
        note = "INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, '2026-01-01 00:00:00')"
        connection.executemany(note, migrations)
    connection.close()


def tables(folder: Path) -> list[str]:
    """Return the names of the tables in a data folder's database."""
    connection = sqlite3.connect(folder / "glimpse.sqlite3")
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return [name for (name,) in rows]


def started(arguments: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a process of the site over a data folder to its end."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GLIMPSE_", "DJANGO_"))}
    variables = {
        **kept,
        "GLIMPSE_SECRET_KEY": SECRET_KEY,
        "GLIMPSE_DATA_DIR": str(folder),
        "GLIMPSE_PORT": str(free_port()),
        "DATABASE_URL": "",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        **environment,
    }
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("arguments", PROCESSES.values(), ids=PROCESSES)
def test_every_process_ends_with_one_sentence(arguments: Sequence[str], earlier: Path) -> None:
    run = started(arguments, earlier)
    output = run.stdout + run.stderr
    assert run.returncode != 0
    assert "Traceback" not in output
    [sentence] = [line for line in output.splitlines() if "earlier layout" in line]
    assert sentence.startswith(f"The data folder {earlier} was made by an earlier layout of Glimpse")
    assert "move it away, or set GLIMPSE_DATA_DIR to a new folder" in sentence
    assert tables(earlier) == ["django_migrations"]


def test_a_database_of_ones_own_is_called_by_its_name(earlier: Path) -> None:
    run = started(["manage.py", "migrate"], earlier, DATABASE_URL=f"sqlite:///{earlier}/glimpse.sqlite3")
    assert run.returncode != 0
    assert run.stderr.startswith("The database that DATABASE_URL names")
    assert "name an empty database there" in run.stderr


def test_commands_that_read_no_table_go_on(earlier: Path) -> None:
    run = started(["manage.py", "makemigrations", "--check", "--dry-run"], earlier)
    assert "earlier layout" not in run.stdout + run.stderr


def test_a_data_folder_of_this_layout_is_migrated(tmp_path: Path) -> None:
    record(tmp_path, [(app, name) for app, names in own_migrations().items() for name in names - {"__init__"}])
    run = started(["manage.py", "showmigrations", "--plan"], tmp_path)
    assert run.returncode == 0


def test_every_app_with_tables_is_looked_at() -> None:
    migrations = own_migrations()
    apps = {path.parents[1].name for path in (ROOT / "webapp").glob("*/migrations/0001_initial.py")}
    assert {app for app, names in migrations.items() if "0001_initial" in names} == apps
