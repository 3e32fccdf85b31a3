"""Nobody else on the machine reads what Glimpse keeps, or lays anything there, however the folder came to be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.architecture.sources import ROOT
from webapp.config import private_folders

NOBODY = 65534
READ_SETTINGS = "from webapp.config import settings; (settings.DATA_DIR / 'kept').write_text('private')"


def start(data: Path, code: str = READ_SETTINGS, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run code over the settings with a data folder, as every program of the site does, under a umask of 022."""
    ours = ("GLIMPSE_", "DJANGO_", "REDIS_URL", "DATABASE_URL")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    variables = {"GLIMPSE_SECRET_KEY": "tests", "GLIMPSE_DATA_DIR": str(data), **variables}
    command = ["sh", "-c", 'umask 022; exec "$@"', "sh", sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env={**inherited, **variables}, capture_output=True, text=True)


def folder(path: Path, mode: int, *holds: str) -> Path:
    """Make a folder of some mode that holds folders of these names."""
    path.mkdir()
    for name in holds:
        (path / name).mkdir()
    path.chmod(mode)
    return path


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def open_path(tmp_path: Path) -> Path:
    """Return a folder that every user of the machine may enter, with all those above it where these are ours."""
    for above in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        above.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("mode", "holds"), [(0o755, ["run"]), (0o750, ["run"]), (0o755, []), (0o777, []), (0o755, ["cache"])]
)
def test_a_folder_of_ours_that_others_may_read_is_closed_and_that_is_said(
    open_path: Path, mode: int, holds: list[str]
) -> None:
    data = folder(open_path / "data", mode, *holds)
    done = start(data)
    assert done.returncode == 0
    assert done.stderr == f"Others on this machine could read the data folder {data} until now: it is closed.\n"
    assert mode_of(data) == 0o700
    assert mode_of(data / "kept") == 0o600
    if os.geteuid() == 0:
        read = subprocess.run(["cat", data / "kept"], user=NOBODY, group=NOBODY, extra_groups=[], capture_output=True)
        assert (read.returncode, read.stdout) == (1, b"")
    assert start(data).stderr == ""


def test_a_new_folder_is_closed_and_so_is_what_lies_in_it(tmp_path: Path) -> None:
    done = start(tmp_path / "data", "from launch.__main__ import *; take_data_folder(settings.DATA_DIR / 'run')")
    assert (done.returncode, done.stderr) == (0, "")
    assert [mode_of(path) for path in (tmp_path / "data", tmp_path / "data/run", tmp_path / "data/run/lock")] == [
        0o700,
        0o700,
        0o600,
    ]


def test_what_an_earlier_start_left_open_is_closed(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", 0o700, "run")
    for name in ("secret-key", "glimpse.sqlite3"):
        (data / name).write_text("private")
        (data / name).chmod(0o644)
    assert start(data).returncode == 0
    assert [mode_of(data / name) for name in ("run", "secret-key", "glimpse.sqlite3")] == [0o700, 0o600, 0o600]


@pytest.mark.parametrize(
    ("mode", "holds", "sentence"),
    [
        (0o777, "run", "Others on this machine may write to the data folder {data}, so what lies in it may not be"),
        (0o775, "run", "Others on this machine may write to the data folder {data}, so what lies in it may not be"),
        (0o755, "Documents", "Others on this machine may read {data}, which holds other things than Glimpse's"),
    ],
)
def test_a_folder_that_is_not_ours_to_close_is_refused_with_what_to_type(
    tmp_path: Path, mode: int, holds: str, sentence: str
) -> None:
    data = folder(tmp_path / "data", mode, holds)
    done = start(data)
    assert done.returncode == 1
    assert done.stderr.startswith(sentence.format(data=data))
    assert f"type `chmod 700 {data}`" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert mode_of(data) == mode
    data.chmod(0o700)
    assert start(data).returncode == 0


def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    data = Path("/usr")  # root's, unless we are root ourselves
    if os.geteuid() == 0:
        data = folder(tmp_path / "data", 0o700)
        os.chown(data, NOBODY, NOBODY)
    done = start(data)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{data} belongs to another user of this machine")
    assert "set GLIMPSE_DATA_DIR to a folder of your own" in done.stderr


@pytest.mark.parametrize("name", private_folders.KEPT)
def test_what_somebody_else_laid_into_the_folder_is_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).touch()
    theirs, ours = iter([os.geteuid()]), os.geteuid() + 1  # the folder is ours, what it holds is another's
    monkeypatch.setattr(private_folders.os, "geteuid", lambda: next(theirs, ours))
    with pytest.raises(SystemExit, match=f"{tmp_path / name} belongs to another user"):
        private_folders.close_data_folder(tmp_path, usual=False)


@pytest.mark.parametrize("name", private_folders.SIGNS)
def test_a_folder_in_which_any_program_of_the_site_left_something_is_ours(tmp_path: Path, name: str) -> None:
    data = folder(tmp_path / "data", 0o755, name, "something else")
    private_folders.close_data_folder(data, usual=False)
    assert mode_of(data) == 0o700


@pytest.mark.parametrize("complaint", [None, PermissionError("not here")])
@pytest.mark.parametrize(("mode", "open_one"), [(0o755, ""), (0o700, "secret-key")])
def test_a_file_system_without_modes_is_refused_with_what_to_do(
    tmp_path: Path, mode: int, open_one: str, complaint: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = folder(tmp_path / "data", mode, "cache")
    (data / "secret-key").touch()
    (data / "secret-key").chmod(0o644)
    monkeypatch.setattr(Path, "chmod", Mock(side_effect=complaint))
    with pytest.raises(SystemExit, match=f"may read {data / open_one}, and this file system keeps no modes: choose"):
        private_folders.close_data_folder(data, usual=False)


def test_what_a_database_takes_away_while_it_is_looked_at_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wal = tmp_path / "glimpse.sqlite3-wal"
    wal.touch()
    tmp_path.chmod(0o700)
    about = Path.lstat

    def taken(path: Path) -> os.stat_result:
        status = about(path)
        wal.unlink()
        return status

    monkeypatch.setattr(Path, "lstat", lambda path: taken(path) if path == wal else about(path))
    private_folders.close_data_folder(tmp_path, usual=False)
    assert not wal.exists()


@pytest.fixture
def distant_data(tmp_path: Path) -> Path:
    """Return a data folder whose path is too long for a socket, which then lies in the system's temporary folder."""
    return tmp_path / ("a" * 120)


def socket_folder(data: Path, temporary: Path) -> Path:
    shown = start(data, "from webapp.config import settings; print(settings.VALKEY_SOCKET)", TMPDIR=str(temporary))
    return Path(shown.stdout.strip()).parent


MAKE_RUN = "import runpy; runpy.run_module('launch', run_name='__main__')"


@pytest.mark.parametrize("code", [READ_SETTINGS, MAKE_RUN], ids=["settings", "make run"])
def test_a_prepared_folder_for_the_socket_is_refused(tmp_path: Path, distant_data: Path, code: str) -> None:
    prepared = socket_folder(distant_data, tmp_path)
    assert prepared.parent == tmp_path
    prepared.symlink_to(folder(tmp_path / "elsewhere", 0o700))
    assert f"{prepared} is a link" in start(distant_data, code, TMPDIR=str(tmp_path)).stderr
    prepared.unlink()
    folder(prepared, 0o755)
    assert f"type `chmod 700 {prepared}`" in start(distant_data, code, TMPDIR=str(tmp_path)).stderr
    prepared.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(prepared, NOBODY, NOBODY)
        refused = start(distant_data, code, TMPDIR=str(tmp_path))
        assert f"{prepared} belongs to another user" in refused.stderr
        assert refused.returncode == 1


def test_the_folder_for_the_socket_is_made_for_us_alone(tmp_path: Path) -> None:
    private_folders.make_private(tmp_path / "glimpse-0")
    assert mode_of(tmp_path / "glimpse-0") == 0o700
