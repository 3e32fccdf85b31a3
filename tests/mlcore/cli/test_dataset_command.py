"""The command `dataset` says what a data set holds, and shows samples of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mlcore.cli.main import main
from mlcore.data.contact_sheet import SAMPLES, SIDE, contact_sheet, spread
from tests.recognition.pictures import drawing, encoded
from tests.zips import raw_zip


def test_every_split_is_counted_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sheet = tmp_path / "sheet.jpg"
    options = ["--splits", "train", "val", "--n-classes", "3", "--image-size", "16", "--contact-sheet", str(sheet)]
    assert main(["dataset", "--dataset", "strokes", *options]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert [(each["split"], each["pictures"], each["strip"]) for each in seen["classes"]] == [
        (split, 20, 3 * number + place) for number, split in enumerate(("train", "val")) for place in range(3)
    ]
    assert set(seen["fingerprints"]) == {"train", "val"}
    assert Image.open(sheet).size == (SAMPLES * SIDE, 6 * SIDE)


def test_a_picture_of_two_classes_is_named_with_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, seeds in (("kite", (1, 2)), ("wave", (2, 3))):
        (tmp_path / name).mkdir()
        for seed in seeds:
            drawing(seed, side=64).save(tmp_path / name / f"{seed}.png")
    main(["dataset", "--dataset", "image_folder", "--data-root", str(tmp_path), "--split", "all"])
    seen = json.loads(capsys.readouterr().out)
    assert (seen["duplicates"], seen["n_duplicates"]) == ([["kite", "wave"]], 1)


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "Müller"), ("ascii", "M\\u00fcller")])
def test_names_of_a_zip_are_printed_as_they_were_written(encoding: str, shown: str, tmp_path: Path) -> None:
    picture = encoded(drawing(1, side=64))
    names = ("vögel\\Mu\u0308ller\\1.png", "vögel\\鳥\\1.png", "__MACOSX/vögel/._1.png")
    (tmp_path / "x.zip").write_bytes(raw_zip({name.encode(): picture for name in names}))
    command = [sys.executable, "-m", "mlcore", "dataset", "--dataset", "image_folder", "--split", "all"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*command, "--data-root", str(tmp_path / "x.zip")], env=environment, capture_output=True, check=True
    )
    assert shown in done.stdout.decode(encoding)
    assert [row["name"] for row in json.loads(done.stdout)["classes"]] == ["Müller", "鳥"]


def test_what_is_missing_is_an_error_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "--dataset", "omniglot", "--data-root", str(tmp_path), "--split", "evaluation"]) == 1
    assert "Omniglot was not found" in capsys.readouterr().err


def test_it_ends_with_the_parent_that_started_it() -> None:
    command = [sys.executable, "-m", "mlcore", "dataset", "--dataset", "strokes", "--end-with-parent", "3"]
    assert subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60).returncode == 143


def test_samples_are_spread_evenly() -> None:
    assert spread(3, 5) == [0, 1, 2]
    assert spread(10, 5) == [0, 2, 4, 6, 8]


def test_nothing_makes_no_sheet() -> None:
    assert contact_sheet([]) is None
