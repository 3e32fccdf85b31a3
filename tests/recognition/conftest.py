"""Owners with support sets, and a tiny checkpoint that the tests save themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from mlcore.checkpoints.card import ModelCard
from tests.checkpoints.candidates import registered, tiny
from tests.recognition.pictures import drawing_upload
from webapp.accounts.models import Owner
from webapp.accounts.services import GUEST_KEY
from webapp.checkpoints.models import Checkpoint
from webapp.jobs.models import JobStatus
from webapp.recognition import services
from webapp.recognition.models import Classifier, SupportImage, SupportSet


def checkpoint_row(name: str, *, kind: str = "characters", live: bool = False, **card: Any) -> Checkpoint:
    """Register a checkpoint that has a card and no files."""
    values = {"method": "prototypical", "config": {}, "transform": kind, **card}
    whole = ModelCard(name=name, kind=kind, **values).to_dict()
    return Checkpoint.objects.create(name=name, kind=kind, folder=name, card=whole, digest="0", live=live)


@pytest.fixture
def owner(db: None) -> Owner:
    return Owner.objects.create(guest_id="someone")


@pytest.fixture
def stranger(db: None) -> Owner:
    return Owner.objects.create(guest_id="someone else")


@pytest.fixture
def support_set(owner: Owner) -> SupportSet:
    """Return an empty support set."""
    return services.create_support_set(owner=owner, name="Signs")


@pytest.fixture
def signs(support_set: SupportSet) -> SupportSet:
    """Return a support set of two classes with two drawings each."""
    for class_name, seeds in (("anchor", (1, 2)), ("snail", (3, 4))):
        files = [drawing_upload(seed) for seed in seeds]
        services.add_images(support_set=support_set, class_name=class_name, files=files)
    return support_set


@pytest.fixture
def image(signs: SupportSet) -> SupportImage:
    return SupportImage.objects.present().filter(support_class__name="anchor")[0]


@pytest.fixture
def checkpoint(db: None) -> Checkpoint:
    """Return a live checkpoint that has a row and no files."""
    return checkpoint_row("characters", live=True)


@pytest.fixture
def tiny_checkpoint(db: None, settings: Any, tmp_path: Path) -> Checkpoint:
    """Return a live checkpoint that can be loaded, on a machine that holds nothing yet."""
    settings.DATA_DIR, settings.GLIMPSE_DEVICE = tmp_path, "cpu"
    return registered(tiny(tmp_path / "made"), live=True)


@pytest.fixture
def classifier(signs: SupportSet, checkpoint: Checkpoint) -> Classifier:
    """Return a classifier whose learning is queued."""
    return services.start_classifier(owner=signs.owner, support_set=signs)


@pytest.fixture
def ready(classifier: Classifier) -> Classifier:
    """Return a classifier that can be asked, though there is nothing behind it."""
    classifier.status = JobStatus.READY
    classifier.save()
    return classifier


@pytest.fixture
def limit(settings: Any) -> Any:
    """Return a function that sets one limit for the test."""

    def set_limit(**limits: float) -> None:
        settings.GLIMPSE_LIMITS = {**settings.GLIMPSE_LIMITS, **limits}

    return set_limit


def stored_files(settings: Any) -> set[str]:
    """Return the names of all files of people in private storage."""
    root = Path(settings.MEDIA_ROOT)
    stored = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    return {name for name in stored if not name.startswith("checkpoints/")}


def visit(owner: Owner | None) -> Client:
    """Return the browser of an owner, or of somebody new."""
    client = Client()
    if owner:
        session = client.session
        session[GUEST_KEY] = owner.guest_id
        session.save()
    return client
