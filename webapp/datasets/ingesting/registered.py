"""Data sets that mlcore knows by name: looked at by mlcore in a process of its own, and trained on where they lie."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from mlcore.data.datasets import DATASETS
from webapp.datasets.ingesting.class_splits import SPLITS
from webapp.datasets.models import DatasetVersion
from webapp.datasets.stored_datasets import registered_root, store
from webapp.jobs.claims import Claim
from webapp.jobs.errors import JobFailed
from webapp.processes.questions import ask
from webapp.storage.files import deleted_on_failure

PUBLISHED_SPLITS = {name: source.usual for name, source in DATASETS.items() if name != "image_folder"}
"""For each data set that may be named its class splits to train on, to validate on and to test on."""


def count(claim: Claim[DatasetVersion], folder: Path) -> None:
    """Count the classes and pictures of a registered data set, and store samples of it."""
    version = claim.job
    published = PUBLISHED_SPLITS[version.mlcore_name]
    sheet = folder / "sheet.jpg"
    claim.progress(0.0, _("Reading the pictures"))
    seen = _look(claim, ["--splits", *published, "--contact-sheet", str(sheet)])
    splits = dict(zip(published, SPLITS, strict=True))
    classes = [{**row, "split": splits[row["split"]]} for row in seen["classes"]]
    stored = store(version, ".jpg", sheet.read_bytes())
    fingerprints = json.dumps(seen["fingerprints"], sort_keys=True)
    with deleted_on_failure([stored]):
        claim.finish(
            contact_sheet=stored,
            train_split=published[0],
            validation_split=published[1],
            test_split=published[2],
            classes=classes,
            n_classes=len(classes),
            n_pictures=sum(row["pictures"] for row in classes),
            report={key: seen[key] for key in ("duplicates", "n_duplicates", "warnings")},
            fingerprint=hashlib.sha256(fingerprints.encode()).hexdigest(),
        )


def _look(claim: Claim[DatasetVersion], options: list[str]) -> dict[str, Any]:
    """Return what mlcore prints of a data set."""
    name = claim.job.mlcore_name
    command = [sys.executable, "-m", "mlcore", "dataset", "--dataset", name, *options]
    command += ["--data-root", str(registered_root(claim.job))]
    message = _("Counting broke off, maybe for want of memory. Add the data set again; the log says more.")
    broke_off = JobFailed(code="counting_broke_off", message=message)
    return ask(claim, command, refused="dataset_unreadable", broke_off=broke_off)
