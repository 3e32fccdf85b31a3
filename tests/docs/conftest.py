"""A folder to type documented commands in: tiny data sets, and what the documentation takes as there already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
import torch
from django.contrib.auth.models import User

from mlcore.data.datasets import omniglot
from mlcore.evaluation import calibration
from tests.checkpoints.candidates import candidate, make_benchmark, measured
from tests.docs import drawn_data
from tests.training import small_runs
from webapp.jobs.models import JobStatus
from webapp.training.models import TrainingRun

ROOT = Path(__file__).resolve().parents[2]


def documented_config() -> str:
    """Return the run's config that docs/methods.md shows."""
    page = (ROOT / "docs" / "methods.md").read_text()
    return page[page.index("    {\n") : page.index("    }\n") + len("    }\n")]


@pytest.fixture(scope="session")
def drawn_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with every data set."""
    folder = tmp_path_factory.mktemp("documented")
    drawn_data.write_all(folder)
    (folder / "run.json").write_text(documented_config())
    (folder / "mlcore" / "faces").mkdir(parents=True)
    (folder / "signs.zip").write_bytes(small_runs.pictures_zip(small_runs.sign, 2))
    return folder


@pytest.fixture
def working_folder(drawn_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in that folder, where Omniglot has as few characters as were drawn, and temperatures need few episodes."""
    monkeypatch.setattr(omniglot, "N_CHARACTERS", drawn_data.N_CHARACTERS)
    monkeypatch.setattr(calibration, "N_EPISODES", 2)
    threads = torch.get_num_threads()
    with chdir(drawn_folder):
        yield drawn_folder
    torch.set_num_threads(threads)


@pytest.fixture
def run_id(db: None) -> str:
    """Return the id of a run that is over, of a site that has what its documented commands name.

    `ada` is staff, `signs` a data set; `new` is measured against `old`, which is live.
    """
    User.objects.create_superuser("ada")
    benchmark, old = make_benchmark(), candidate("old", live=True, config={"backbone": {"image_size": 56}})
    measured(candidate("new"), old, benchmark)
    run = small_runs.start(small_runs.small_version())
    TrainingRun.objects.update(status=JobStatus.READY)
    return str(run.pk)
