"""The command line ingests as the admin does: the same services, with exit codes and JSON."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.datasets.conftest import class_folders, done, zipped
from webapp.datasets.management.commands import ingest_dataset
from webapp.datasets.models import DatasetVersion
from webapp.jobs.models import JobStatus

pytestmark = pytest.mark.django_db


@pytest.fixture
def zip_file(tmp_path: Path) -> Path:
    User.objects.create_user("sue", is_staff=True)
    path = tmp_path / "signs.zip"
    path.write_bytes(zipped(class_folders(4)).read())
    return path


def run(*arguments: object, by: str = "sue") -> dict[str, Any]:
    """Run the command, and read what it prints."""
    out = io.StringIO()
    call_command("ingest_dataset", *map(str, arguments), "--by", by, "--json", stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def refusal(*arguments: object, by: str = "sue") -> tuple[int, str]:
    """Run the command, and return its exit code and what it says."""
    with pytest.raises(CommandError) as caught:
        call_command("ingest_dataset", *map(str, arguments), "--by", by, stdout=io.StringIO())
    return caught.value.returncode, str(caught.value)


def test_a_zip_is_ingested_and_stays_where_it_was(zip_file: Path) -> None:
    answer = run("Signs", "--zip", zip_file, "--least-pictures", 2)
    assert (answer["dataset"], answer["number"], answer["status"]) == ("Signs", 1, "queued")
    version = done(DatasetVersion.objects.get(pk=answer["version"]))
    assert (version.status, version.created_by) == (JobStatus.READY, User.objects.get())
    assert zip_file.exists()
    assert run("Signs", "--zip", zip_file, "--least-pictures", 2)["number"] == 2


def test_the_classes_of_a_zip_are_listed_and_nothing_is_asked_of_a_script(
    zip_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(zip_file, "a") as archive:
        archive.writestr("tiny/1.png", b"x")
        archive.writestr("loose.png", b"x")
    run("Signs", "--zip", zip_file, "--least-pictures", 2)
    listed = capsys.readouterr().err.splitlines()
    assert listed == [
        "Classes of the zip: 4",
        *(f"  class-{n}: 2 files" for n in range(4)),
        "Left out, for too few files: 1",
        "  tiny: 1 file",
        "Not taken: 1",
        "  loose.png: It lies in no class folder.",
    ]


@pytest.mark.parametrize(
    ("typed", "options", "ingests"),
    [("y\n", (), True), ("n\n", (), False), ("\n", (), False), ("", (), False), ("", ("--yes",), True)],
)
def test_whoever_sits_at_a_terminal_is_asked(
    zip_file: Path, monkeypatch: pytest.MonkeyPatch, typed: str, options: tuple[str, ...], ingests: bool
) -> None:
    terminal = io.StringIO(typed)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    arguments = ("Signs", "--zip", zip_file, "--least-pictures", 2, *options)
    if ingests:
        assert run(*arguments)["status"] == "queued"
    else:
        assert refusal(*arguments) == (1, "Nothing was ingested.")
    assert DatasetVersion.objects.exists() == ingests


def test_who_waits_is_told_the_end(zip_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest_dataset, "sleep", lambda _: done(DatasetVersion.objects.get(status="queued")))
    answer = run("Signs", "--zip", zip_file, "--least-pictures", 2, "--wait")
    assert (answer["status"], sum(answer["classes"].values()), answer["pictures"]) == ("ready", 4, 8)
    code, sentence = refusal("Signs", "--zip", zip_file, "--least-pictures", 5, "--wait")
    assert code == 1
    assert "At least 4 are needed" in sentence


def test_what_cannot_be_done_is_refused_with_its_code(zip_file: Path, tmp_path: Path) -> None:
    assert refusal("Signs", "--folder", tmp_path)[0] == 1
    assert refusal("Signs", "--registered", "imagenet") == (
        1,
        "Choose one of omniglot, mini_imagenet, orl_faces, strokes.",
    )
    assert refusal("Signs", "--zip", tmp_path / "none.zip")[0] == 2
    assert refusal("Signs", "--site", by="nobody")[0] == 2
    run("Signs", "--site")
    assert "comes from support sets" in refusal("Signs", "--registered", "strokes")[1]
    with pytest.raises(CommandError, match="required"):
        call_command("ingest_dataset", "Signs", "--by", "sue")
