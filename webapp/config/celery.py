"""The Celery application that every worker and every sender shares."""

import os
from logging import getLogger
from logging.config import dictConfig
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging

from webapp.config.earlier_layout import refuse_earlier_layout

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.config.settings")

app = Celery("glimpse")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def log_as_the_site_does(*, loglevel: int, **_options: Any) -> None:
    """Let a worker log as the rest of the site; its `--loglevel` is that of Celery's own lines alone."""
    from django.conf import settings

    dictConfig(settings.LOGGING)
    getLogger("celery").setLevel(loglevel)


def look_at_the_database(**_options: Any) -> None:
    """End a worker, before it forks, whose database is of an earlier layout."""
    import django

    django.setup()
    refuse_earlier_layout()


setup_logging.connect(log_as_the_site_does)
celeryd_init.connect(look_at_the_database)
