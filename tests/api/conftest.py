"""Owners, and clients that speak for them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from webapp.accounts.models import Owner
from webapp.accounts.services import owner_of_user
from webapp.checkpoints.models import Checkpoint

from .belongings import Belongings, belongings_of, checkpoint
from .client import ApiClient


@pytest.fixture
def owner(db: None) -> Owner:
    """Return someone who uses the API."""
    return owner_of_user(user=User.objects.create_user("ada"))


@pytest.fixture
def someone_else(db: None) -> Owner:
    """Return another user."""
    return owner_of_user(user=User.objects.create_user("ben"))


@pytest.fixture
def api(owner: Owner) -> ApiClient:
    """Return the owner's client."""
    return ApiClient(owner)


@pytest.fixture
def stranger(someone_else: Owner) -> ApiClient:
    """Return the other user's client."""
    return ApiClient(someone_else)


@pytest.fixture
def characters(db: None) -> Checkpoint:
    """Return the live checkpoint for drawings."""
    return Checkpoint.objects.filter(name="characters").first() or checkpoint()


@pytest.fixture
def birds(owner: Owner, characters: Checkpoint) -> Belongings:
    """Return what the owner has: one thing of each kind."""
    return belongings_of(owner)
