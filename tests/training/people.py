"""People at the pages of staff."""

from __future__ import annotations

from uuid import uuid4

from django.contrib.auth.models import Permission, User
from django.test import Client


def signed_in(*permissions: str, is_staff: bool = True, name: str = "") -> Client:
    """Open a browser for somebody, a member of staff by default, who may do this much."""
    user = User.objects.create_user(name or f"user {uuid4()}", is_staff=is_staff)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client
