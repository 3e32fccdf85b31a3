"""Plant forbidden imports in a copy of the project, one after the other, and print which contracts each breaks.

Run in the copy's root, so that the graph is of the copy; one process for all, since starting takes longer than linting.
"""

import json
import sys
from pathlib import Path
from typing import NamedTuple

from importlinter.application.use_cases import _register_contract_types, create_report, read_user_options
from importlinter.configuration import configure


class Plant(NamedTuple):
    """A line that breaks a contract, and the file to write it into."""

    contract: str
    file: str
    line: str


PLANTS = (
    Plant("packages-import-downwards", "webapp/jobs/services.py", "import launch.address"),
    Plant("packages-import-downwards", "webapp/core/audit.py", "import tools.drawing"),
    Plant("packages-import-downwards", "mlcore/data/images.py", "import webapp.core"),
    Plant("packages-import-downwards", "tools/drawing/signs.py", "import launch.address"),
    Plant("library-stands-alone", "mlcore/training/loop.py", "import django"),
    Plant("library-stands-alone", "mlcore/cli/main.py", "    from celery import shared_task"),
    Plant("library-imports-downwards", "mlcore/data/episode.py", "import mlcore.evaluation.episodes"),
    Plant("library-imports-downwards", "mlcore/errors.py", "import mlcore.config"),
    Plant("library-imports-downwards", "mlcore/a_new_room/__init__.py", ""),
    Plant("no-circles", "mlcore/faces/embedding/embedder.py", "import mlcore.faces.detection.detector"),
    Plant("no-circles", "webapp/training/runs/words.py", "import webapp.training.sweeps.form"),
    Plant("plain-modules", "mlcore/checkpoints/card.py", "import safetensors"),
    Plant("site-imports-downwards", "webapp/recognition/selectors.py", "import webapp.faces.rates"),
    Plant("site-imports-downwards", "webapp/faces/rates.py", "import webapp.recognition.selectors"),
    Plant("site-imports-downwards", "webapp/storage/files.py", "import webapp.jobs.models"),
    Plant("site-imports-downwards", "webapp/api/site.py", "import webapp.config.urls"),
    Plant("site-imports-downwards", "webapp/a_new_app/__init__.py", ""),
    Plant("layers-of-an-app", "webapp/recognition/services/images.py", "from webapp.recognition.views import media"),
    Plant("layers-of-an-app", "webapp/training/sweeps/services.py", "import webapp.training.sweeps.admin"),
    Plant("layers-of-an-app", "webapp/jobs/models.py", "import webapp.jobs.services"),
    Plant("only-tasks-load-workers", "webapp/faces/views/admission.py", "    from webapp.faces.worker import loaded"),
    Plant("only-tasks-load-workers", "webapp/recognition/views/media.py", "import webapp.recognition.tasks"),
    Plant("optuna-in-trials", "webapp/training/runs/comparison/comparison.py", "import optuna"),
    Plant("only-the-chore-loads-trials", "webapp/training/sweeps/form.py", "import webapp.training.sweeps.trials"),
    Plant("only-the-chore-loads-trials", "webapp/training/sweeps/admin.py", "import webapp.training.sweeps.chore"),
    Plant("web-without-torch", "webapp/site/views.py", "import torch"),
    Plant("web-without-torch", "webapp/faces/rates.py", "from mlcore.faces.chain import load_chain"),
    Plant("web-without-torch", "webapp/datasets/a_new_module.py", "import mlcore.methods"),
    Plant("web-without-torch", "launch/address.py", "import numpy"),
    Plant("launch-knows-two-rooms", "launch/preparation.py", "import webapp.jobs.models"),
    Plant("tools-know-the-examples", "tools/drawing/signs.py", "import webapp.core.limits"),
)


def broken() -> list[str]:
    """Return the contracts that the copy breaks as it stands."""
    report = create_report(read_user_options(), cache_dir="graph")
    return [contract.contract_options["id"] for contract, check in report.get_contracts_and_checks() if not check.kept]


def broken_by(plant: Plant) -> list[str]:
    """Return the contracts that the copy breaks while the line stands in it."""
    file = Path(plant.file)
    before = file.read_text() if file.exists() else None
    file.parent.mkdir(exist_ok=True)
    guard = "\n\ndef planted() -> None:\n" if plant.line.startswith(" ") else "\n"
    file.write_text(f"{before or ''}{guard}{plant.line}\n")
    try:
        return broken()
    finally:
        file.unlink() if before is None else file.write_text(before)
        if before is None and file.name == "__init__.py":
            file.parent.rmdir()


if __name__ == "__main__":
    configure()
    _register_contract_types(read_user_options())
    sys.stdout.write(json.dumps([broken(), *(broken_by(plant) for plant in PLANTS)]))
