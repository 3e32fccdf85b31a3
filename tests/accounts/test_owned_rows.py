"""What is somebody's own is reached in one way: every model with an owner has the one queryset, and code asks it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from webapp.accounts.models import Allowance, OwnedQuerySet, Owner
from webapp.faces.models import FaceCrop

ROOT = Path(__file__).resolve().parents[2]
FILTERS = re.compile(r"(?:filter|exclude|get_object_or_404|get)\([^()]*\b(?:\w+__)?owner(?:_id)?=")


def path_to_owner(model: type[models.Model]) -> str | None:
    """Return the path of foreign keys from a model to the owner of its rows, the shortest one."""
    paths = [("", model)]
    for path, place in paths:
        if place is Owner:
            return path
        fields = [field for field in place._meta.concrete_fields if isinstance(field, models.ForeignKey)]
        inside = [field for field in fields if not field.null and field.related_model.__module__.startswith("webapp.")]
        paths += [(f"{path}__{field.name}".removeprefix("__"), field.related_model) for field in inside]
    return None


OWNED = {
    model: path
    for model in apps.get_models()
    if model.__module__.startswith("webapp.")
    and (path := path_to_owner(model))
    and model not in (Owner, Allowance, FaceCrop)
}
"""An allowance is the site's own note of an owner, and a crop is a part of its face: nobody asks for either."""


def test_models_with_an_owner_are_the_ones_that_people_and_programs_ask_for() -> None:
    assert {model.__name__ for model in OWNED} >= {"SupportSet", "SupportImage", "Query", "Person", "ApiToken"}


@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_a_model_with_an_owner_has_the_one_queryset(model: type[models.Model]) -> None:
    rows = model._default_manager.all()
    assert isinstance(rows, OwnedQuerySet)
    assert rows.owner_path == OWNED[model]


@pytest.mark.django_db
@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_a_visitor_who_has_made_nothing_owns_nothing(model: type[models.Model]) -> None:
    rows = model._default_manager.all()
    assert isinstance(rows, OwnedQuerySet)
    assert not rows.owned_by(None).exists()
    assert not rows.owned_by(Owner.objects.create(guest_id="someone")).exists()


def test_no_code_filters_by_an_owner_on_its_own() -> None:
    sources = [path for path in (ROOT / "webapp").rglob("*.py") if "migrations" not in path.parts]
    own = {str(path.relative_to(ROOT)): filters for path in sources if (filters := FILTERS.findall(path.read_text()))}
    assert own == {}
