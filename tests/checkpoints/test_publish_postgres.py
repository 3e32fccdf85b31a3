"""On PostgreSQL too, where transactions run side by side, one publication wins and the other is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from pytest_django import DjangoDbBlocker

from tests.checkpoints.candidates import candidate, staff
from tests.running import Postgres, made, valkey
from tests.stack import Stack
from webapp.checkpoints import services as checkpoints
from webapp.checkpoints.models import Checkpoint, Publication
from webapp.core.errors import UserError

pytestmark = pytest.mark.requires_postgres
ROUNDS = 5


@pytest.fixture
def sue(
    server_folder: Path,
    postgres_server: Postgres,
    django_db_blocker: DjangoDbBlocker,
    settings: Any,
    tmp_path: Path,
) -> Iterator[User]:
    """Return a member of staff of a site on PostgreSQL, whose database is this process's own."""
    settings.DATA_DIR = tmp_path
    folder, database = made(server_folder / "publishing"), postgres_server.create_database("publishing")
    site = Stack(folder, valkey(folder), database_url=database)
    try:
        site.manage("migrate", "--verbosity", "0")
        with site.orm(django_db_blocker):
            yield staff()
            connection.close()
    finally:
        site.broker.stop()


def attempt(checkpoint: Checkpoint, by: User, together: threading.Barrier, instead_of: str) -> str:
    """Publish at the same moment as somebody else, and return what came of it."""
    together.wait(10)
    try:
        checkpoints.publish(checkpoint=checkpoint, by=by, reason="we looked at it", instead_of=instead_of)
    except UserError as error:
        return error.code
    finally:
        connection.close()
    return "published"


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told(sue: User) -> None:
    live = candidate("old", live=True)
    for number in range(ROUNDS):
        both, together = [candidate(f"{name} {number}") for name in ("one", "two")], threading.Barrier(2)
        with ThreadPoolExecutor(2) as threads:
            tries = [threads.submit(attempt, checkpoint, sue, together, live.name) for checkpoint in both]
            assert sorted(future.result() for future in tries) == ["changed_meanwhile", "published"]
        live = Checkpoint.objects.live().get()
        assert live in both
    assert Publication.objects.count() == ROUNDS
