"""Crops that lay beside the numbers of faces move into rows of their own, and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from webapp.accounts.models import Owner
from webapp.faces.models import EnrolledFace

pytestmark = pytest.mark.django_db(transaction=True)

TOGETHER, APART = "0001_initial", "0002_crops_of_their_own"


def moved_to(name: str) -> Any:
    """Bring the tables of faces to how they are after a migration, and return the models as they are then."""
    executor = MigrationExecutor(connection)
    executor.migrate([("faces", name)])
    return executor.loader.project_state([("faces", name)]).apps


@pytest.fixture
def together() -> Iterator[Any]:
    """Return the models of a site whose crops lie beside the numbers."""
    yield moved_to(TOGETHER)
    moved_to(APART)


def test_crops_that_are_kept_move_with_their_faces_and_back(owner: Owner, together: Any) -> None:
    later = timezone.now() + timedelta(hours=1)
    person = together.get_model("faces", "Person").objects.create(owner_id=owner.pk, name="Ada", expires=later)
    crops = [bytes([place]) * 5000 for place in range(3)]
    for crop in crops:
        person.faces.create(embedding=crop[:512], crop=crop)
    moved_to(APART)
    kept = EnrolledFace.objects.owned_by(owner).select_related("crop")
    assert [bytes(face.crop.jpeg) for face in kept] == crops
    assert [bytes(face.embedding) for face in kept] == [crop[:512] for crop in crops]
    before = moved_to(TOGETHER).get_model("faces", "EnrolledFace")
    assert [bytes(face.crop) for face in before.objects.all()] == crops
