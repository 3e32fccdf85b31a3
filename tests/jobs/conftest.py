"""Fixtures for jobs: rehearsals in a real site, on either database and either broker."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings as django_settings
from pytest_django import DjangoDbBlocker

from tests.running import Postgres, made, redis, valkey
from tests.stack import Stack
from webapp.jobs import broker

logger = logging.getLogger(__name__)

REHEARSAL_SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.settings", "CELERY_SKIP_CHECKS": "1"}


@pytest.fixture(scope="session")
def embedded_site(server_folder: Path) -> Iterator[Stack]:
    """Prepare a site on SQLite and Valkey, with the tables of rehearsals; nothing of it runs yet."""
    folder = made(server_folder / "rehearsals-embedded")
    yield from rehearsal_site(Stack(folder, valkey(folder), environment=REHEARSAL_SETTINGS))


@pytest.fixture(scope="session")
def installed_site(server_folder: Path, postgres_server: Postgres) -> Iterator[Stack]:
    """Prepare a site on PostgreSQL and Redis, with the tables of rehearsals; nothing of it runs yet."""
    folder, database = made(server_folder / "rehearsals-installed"), postgres_server.create_database("rehearsals")
    yield from rehearsal_site(Stack(folder, redis(folder), database_url=database, environment=REHEARSAL_SETTINGS))


@pytest.fixture(params=["embedded_site", "installed_site"])
def site(
    request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """Return a site whose database and broker are also those of the test's own process; its processes end with it."""
    chosen: Stack = request.getfixturevalue(request.param)
    monkeypatch.setattr(broker, "current_app", sender_to(chosen.broker.url))
    chosen.broker.client.flushall()
    with chosen.orm(django_db_blocker):
        yield chosen
    chosen.kill()
    for log in sorted(chosen.folder.glob("*.log")):
        logger.warning("The end of %s:\n%s", log.name, log.read_text()[-3000:])


@pytest.fixture
def hasty(site: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the site's processes that start from now on have short leases."""
    monkeypatch.setitem(site.environment, "DJANGO_SETTINGS_MODULE", "tests.jobs.hasty_settings")


def sender_to(url: str) -> Celery:
    """Return a Celery application that sends to the broker of an address with the site's own settings."""
    sender = Celery("tests", set_as_current=False)
    sender.config_from_object(django_settings, namespace="CELERY")
    sender.conf.broker_url = url
    return sender


def rehearsal_site(site: Stack) -> Iterator[Stack]:
    """Make the tables of a site, those of rehearsals too."""
    site.manage("migrate", "--skip-checks", "--run-syncdb", "--verbosity=0")
    yield site
    site.kill()
    site.broker.stop()
